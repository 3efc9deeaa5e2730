"""The small CNN of GenomicBenchmarks as a baseline, trained on the same batches as the model.

Source: src/genomic_benchmarks/models/torch.py and experiments/torch_cnn_experiments of
ML-Bioinfo-CEITEC/genomic_benchmarks (Gresova et al. 2023). The network has an embedding of 100
channels. Three blocks follow, with 16, 8 and 4 channels: a convolution over 8 bases without
padding, batch normalisation, ReLU, and max pooling over 2 positions. A linear layer of 512 units
and a linear layer to the outputs follow, without an activation between them. Initialisation,
momentum and epsilon are those of PyTorch.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from hyenadna_backends.updates import updates
from hyenadna_core.evaluation.baselines import Baseline
from hyenadna_core.model.initializers import NumpyNormal, NumpyUniform, child_seed
from hyenadna_core.task import Draw, Model, Task, number_of_targets
from hyenadna_core.terminal import progress
from hyenadna_core.tokens import PAD
from hyenadna_core.training.best import BestValidation

EPOCHS, BATCH_SIZE, LEARNING_RATE = 10, 64, 1e-3
NAME = "cnn"
VOCABULARY = 16
CHANNELS = 100  # of the embedding
FILTERS = (16, 8, 4)
KERNEL = 8
POOL = 2
UNITS = 512


class Padded:
    """A model of ids of one length that also takes shorter ids, and pads them on the right."""

    def __init__(self, model: Any, length: int) -> None:
        self.model, self.max_seq_len = model, length

    def predict_on_batch(self, ids: np.ndarray, /) -> Any:
        missing = self.max_seq_len - ids.shape[1]
        return self.model.predict_on_batch(np.pad(ids, ((0, 0), (0, missing)), constant_values=PAD))


def build_cnn(max_length: int, outputs: int, seed: int = 0) -> Any:
    """Build a model of token ids of one length to logits: (B, L) int32 -> (B, K), in float32.

    Sequences shorter than 57 bases are padded with zeros after the embedding.
    """
    shared = {"dtype": "float32"}

    def initializers(name: str, fan_in: int) -> dict[str, Any]:
        limit = fan_in**-0.5
        return {
            "kernel_initializer": NumpyUniform(limit, child_seed(seed, f"{name}/kernel")),
            "bias_initializer": NumpyUniform(limit, child_seed(seed, f"{name}/bias")),
        } | shared

    ids = keras.Input((max_length,), dtype="int32", name="ids")
    normal = NumpyNormal(1.0, child_seed(seed, "embedding"))
    x = keras.layers.Embedding(VOCABULARY, CHANNELS, embeddings_initializer=normal, name="embedding", **shared)(ids)
    if max_length < shortest():
        x = keras.layers.ZeroPadding1D((0, shortest() - max_length), **shared)(x)
    for number, filters in enumerate(FILTERS, start=1):
        name = f"convolution_{number}"
        arguments = initializers(name, KERNEL * x.shape[-1])
        x = keras.layers.Conv1D(filters, KERNEL, name=name, **arguments)(x)
        x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"norm_{number}", **shared)(x)
        x = keras.layers.ReLU(**shared)(x)
        x = keras.layers.MaxPooling1D(POOL, **shared)(x)
    x = keras.layers.Flatten(**shared)(x)
    x = keras.layers.Dense(UNITS, name="linear", **initializers("linear", x.shape[-1]))(x)
    logits = keras.layers.Dense(outputs, name="logits", **initializers("logits", UNITS))(x)
    return keras.Model(ids, logits, name="cnn")


def shortest() -> int:
    """Return the length in bases that the convolutions reduce to one position."""
    length = 1
    for _ in FILTERS:
        length = length * POOL + KERNEL - 1
    return length


def cnn_baseline(
    task: Task, sequences: int, outputs: int, predict: Callable[[Model], np.ndarray], seed: int
) -> Baseline:
    """Fit the CNN on the training split, and predict with the weights that were best on valid.

    Args:
        sequences: number of training sequences.
        outputs: number K of classes, labels or quantities.
        predict: returns the predictions of a model, (n, K).
    """
    model = build_cnn(task.seq_len, outputs, seed=seed)
    model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE))
    update, best, weights = updates(model, task.loss), BestValidation(*task.monitor), model.get_weights()
    padded = Padded(model, task.seq_len)
    batch_size = min(BATCH_SIZE, sequences)
    steps = math.ceil(sequences / batch_size)
    with progress("Baseline: CNN", EPOCHS * steps) as advance:
        for step in range(EPOCHS * steps):
            batch = task.batch(Draw("train", step, task.seq_len, batch_size, seed))
            update([batch], number_of_targets(batch))
            advance(1)
            if (step + 1) % steps == 0:
                update.settle()
                if best.improves(step + 1, task.evaluate(padded, "valid")):
                    weights = model.get_weights()
    value, at = best.so_far.value, best.so_far.step
    if value is None:  # no figure was defined: take the last weights
        value, at = math.nan, EPOCHS * steps
    else:
        model.set_weights(weights)
    settings = f"{EPOCHS} epochs of Adam at {LEARNING_RATE:g}, {batch_size} sequences a step; best at step {at}"
    return Baseline(NAME, settings, predict(padded), value)
