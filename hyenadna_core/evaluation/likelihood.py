"""The likelihood of a whole split. Every base has the same weight, whatever its batch."""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from hyenadna_core.task import Batch


class Likelihood(NamedTuple):
    """The mean negative log-likelihood of a base in nats, and the number of bases.

    Without bases, the mean is nan.
    """

    nats: float
    bases: int

    @property
    def bits(self) -> float:
        return self.nats / math.log(2)

    @property
    def perplexity(self) -> float:
        return math.exp(self.nats)


def likelihood(logits_of: Callable[[np.ndarray], np.ndarray], batches: Iterable[Batch]) -> Likelihood:
    """Compute the likelihood of all targets that count in the loss.

    `logits_of` maps ids (B, L) to logits (B, L, V). The logarithms are computed and summed in
    float64, since a sum of many logarithms in float32 loses the small ones.
    """
    from scipy.special import logsumexp

    total = bases = 0.0
    for batch in batches:
        logits = np.asarray(logits_of(batch.ids), np.float64)
        of_target = np.take_along_axis(logits, batch.targets[..., None], axis=-1)[..., 0]  # (B, L)
        total += float(((logsumexp(logits, axis=-1) - of_target) * batch.weights).sum())
        bases += float(batch.weights.sum())
    return Likelihood(total / bases if bases else math.nan, int(bases))
