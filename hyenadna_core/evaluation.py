"""Figures of a model on data that it was not trained on."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras

from hyenadna_core.intervals import Interval
from hyenadna_core.likelihood import Likelihood, likelihood
from hyenadna_core.progress import progress
from hyenadna_core.task import Batch


def held_out_likelihood(
    model: Any, task: Any, windows: Sequence[Interval], seq_len: int, batch_size: int
) -> Likelihood:
    """How well the model predicts the held-out windows, with a progress bar."""
    with progress("Held-out part", len(windows)) as advance:

        def batches() -> Iterator[Batch]:
            for batch in task.held_out_batches(windows, seq_len, batch_size):
                yield batch
                advance(batch_size)

        return likelihood(lambda ids: keras.ops.convert_to_numpy(model.predict_on_batch(ids)), batches())
