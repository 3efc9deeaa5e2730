"""Seconds of a step of a soft prompt, with its states computed once and for each sequence.

KERAS_BACKEND=jax python docs/experiments/shared_front.py [VECTORS] [SEQUENCES] [BASES]
"""

import sys
import time

import numpy as np

from hyenadna_core import CausalLM, HyenaBackbone, Recipe
from hyenadna_core.inference.announcement import peak_memory
from hyenadna_core.tokens import A, T

STEPS = 4  # the first one compiles


def main(vectors=8_192, sequences=16, bases=100):
    """Print the seconds of a step both ways, in a model of 2 layers and 128 channels."""
    for shared, name in ((vectors, "once"), (0, "for each sequence")):
        seconds, loss = measured(vectors, sequences, bases, shared)
        peak = peak_memory() / 1e9
        print(f"{name}: {seconds:.2f} s a step, last loss {loss:.6f}, at most {peak:.1f} GB so far")


def measured(vectors, sequences, bases, shared):
    """Return the least seconds of a step after the first, and the last loss."""
    from hyenadna_icl.layers import SoftPrompt, label_logits, with_sep
    from keras import ops

    from hyenadna_backends.updates import updates
    from hyenadna_core import TaskModel
    from hyenadna_core.model.trained_part import train_only
    from hyenadna_core.training.optimizer import build_optimizer

    language_model = CausalLM(HyenaBackbone(2, 128, vectors + bases + 1, embed_dropout=0.0))
    backbone = language_model.backbone
    model = TaskModel(
        backbone,
        lambda hidden, real: label_logits(language_model, (A, A + 1), hidden, real),
        embed=lambda ids, embedded: SoftPrompt(vectors)(with_sep(backbone, ids, embedded)),
        shared_front=shared,
    )
    train_only(model, [model.embed])
    model.compile(optimizer=build_optimizer(model, Recipe(1e-2, 1.0, 0.0, 0.999), STEPS))
    ids = np.random.default_rng(0).integers(A, T + 1, (sequences, bases)).astype(np.int32)
    targets, weights = np.arange(sequences, dtype=np.int32) % 2, np.ones(sequences, np.float32)
    update = updates(
        model, lambda outputs, targets, _: ops.mean(ops.sparse_categorical_crossentropy(targets, outputs, True))
    )
    seconds = []
    for _ in range(STEPS):
        start = time.perf_counter()
        loss = float(update([(ids, targets, weights)], 1.0))
        update.settle()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:]), loss


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
