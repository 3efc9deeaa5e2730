"""AdamW with warmup, cosine decay, clipping and a rate of its own for the filter network (SPEC section 6)."""

import math

import keras

CLIP_NORM = 1.0
WARMUP = 0.05  # of all steps


@keras.saving.register_keras_serializable("hyenadna")
class FilterAdamW(keras.optimizers.AdamW):
    """AdamW in which the filter network learns at `filter_rate` times the rate of all else.

    The network's sines turn a small step into a large change of every filter, so it takes a smaller one.
    """

    def __init__(self, learning_rate=1e-3, filter_rate=1.0, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.filter_rate = filter_rate

    def update_step(self, gradient, variable, learning_rate):
        """AdamW's update of one variable."""
        rate = self.filter_rate if in_filter_network(variable) else 1.0
        super().update_step(gradient, variable, learning_rate * rate)

    def get_config(self):
        return super().get_config() | {"filter_rate": self.filter_rate}


def build_optimizer(model, recipe, steps):
    """AdamW for `steps` updates: linear warmup to the recipe's learning rate, then cosine down to zero.

    Weights decay but for the filter network's, the embedding's and all vectors (biases, norms, skips).
    """
    warmup_steps = steps_of_warmup(steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warmup_steps), warmup_target=recipe.learning_rate, warmup_steps=warmup_steps
    )
    optimizer = FilterAdamW(
        schedule, recipe.filter_rate, weight_decay=recipe.weight_decay, beta_2=recipe.beta_2, global_clipnorm=CLIP_NORM
    )
    optimizer.exclude_from_weight_decay(var_list=[v for v in model.trainable_variables if not decays(v)])
    return optimizer


def learning_rate_at(recipe, steps, step):
    """The rate of one update, as the optimizer's schedule has it; that one takes a backend a long time to evaluate."""
    warmup_steps = steps_of_warmup(steps)
    if step < warmup_steps:
        return recipe.learning_rate * step / warmup_steps
    part = min(1.0, (step - warmup_steps) / max(1, steps - warmup_steps))
    return recipe.learning_rate * (1 + math.cos(math.pi * part)) / 2


def steps_of_warmup(steps):
    """How many of all steps the rate rises for."""
    return max(1, round(WARMUP * steps))


def in_filter_network(variable):
    """Whether a variable of the model belongs to the network that makes the filters; the skip does not."""
    return "filter_fn" in variable.path and not variable.path.endswith("filter_fn/bias")


def decays(variable):
    """Whether weight decay applies to a variable of the model."""
    return len(variable.shape) > 1 and not in_filter_network(variable) and "embeddings" not in variable.path
