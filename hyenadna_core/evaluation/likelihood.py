"""Likelihood measured over a whole split, never averaged over batches."""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from hyenadna_core.task import Batch


class Likelihood(NamedTuple):
    """The mean negative log-likelihood of a base, in nats, and the number of bases it was taken over."""

    nats: float
    bases: int

    @property
    def bits(self) -> float:
        return self.nats / math.log(2)

    @property
    def perplexity(self) -> float:
        return math.exp(self.nats)


def likelihood(logits_of: Callable[[np.ndarray], np.ndarray], batches: Iterable[Batch]) -> Likelihood:
    """The likelihood of all targets that bear weight; `logits_of` takes ids (B, L) to logits (B, L, V).

    In float64, position by position before anything is summed (a sum of many logs in float32 loses the small ones).
    """
    total = bases = 0.0
    for batch in batches:
        logits = np.asarray(logits_of(batch.ids), np.float64)
        top = logits.max(axis=-1)
        log_sum = top + np.log(np.exp(logits - top[..., None]).sum(axis=-1))  # (B, L)
        of_target = np.take_along_axis(logits, batch.targets[..., None], axis=-1)[..., 0]  # (B, L)
        total += float(((log_sum - of_target) * batch.weights).sum())
        bases += float(batch.weights.sum())
    return Likelihood(total / max(bases, 1), int(bases))
