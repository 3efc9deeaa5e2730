"""AdamW with warmup, cosine decay and clipping, as the original trains (SPEC section 6)."""

import keras

WEIGHT_DECAY, CLIP_NORM, FLOOR, WARMUP = 0.1, 1.0, 0.1, 0.05  # FLOOR and WARMUP as parts of the peak and of all steps


def build_optimizer(model, learning_rate, steps):
    """AdamW for `steps` updates: linear warmup to `learning_rate`, then cosine down to a tenth of it.

    Weights decay but for the filter network's, the embedding's and all vectors (biases, norms, skips).
    """
    warmup_steps = max(1, round(WARMUP * steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, steps - warmup_steps),
        alpha=FLOOR,
        warmup_target=learning_rate,
        warmup_steps=warmup_steps,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=WEIGHT_DECAY, global_clipnorm=CLIP_NORM)
    optimizer.exclude_from_weight_decay(var_list=[v for v in model.trainable_variables if not _decays(v)])
    return optimizer


def _decays(variable):
    return len(variable.shape) > 1 and not any(part in variable.path for part in ("filter", "embeddings"))
