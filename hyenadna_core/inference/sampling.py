"""How the next base is drawn from the logits of a language model."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.tokens import A, T

MOST_BIAS = 1e6
BASES = slice(int(A), int(T) + 1)  # A, C, G, T among the token ids: no other one is ever drawn


@dataclass(frozen=True)
class Sampling:
    """The rules of drawing; without them a base has the probability that the model gives it.

    Attributes:
        temperature: logits are divided by it; 0 always takes the most likely base.
        top_k: draw only from this many of the most likely bases.
        top_p: draw only from the smallest set of most likely bases whose probabilities add up to
            this.
        bias: added to the logits of A, C, G and T, in nats.

    Raises:
        HyenaDNAError: a value is out of its range.
    """

    temperature: float = 1.0
    top_k: int = 4
    top_p: float = 1.0
    bias: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        for name, value, is_valid, expected in (
            ("temperature", self.temperature, 0 <= self.temperature < math.inf, "a finite number, 0 or more"),
            ("top_k", self.top_k, self.top_k in (1, 2, 3, 4), "1, 2, 3 or 4"),
            ("top_p", self.top_p, 0 < self.top_p <= 1, "over 0, at most 1"),
            (
                "bias",
                self.bias,
                len(self.bias) == 4 and all(abs(each) <= MOST_BIAS for each in self.bias),
                "four numbers",
            ),
        ):
            if not is_valid:
                raise HyenaDNAError(f"{name} is {value}: expected {expected}.")

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the probability to draw A, C, G and T: (B, V) -> (B, 4) float64."""
        scores = logits[:, BASES].astype(np.float64) + self.bias
        scores -= scores.max(axis=-1, keepdims=True)
        if self.temperature > 0 and self.top_k == 4 and self.top_p == 1:
            return self._shares(scores)
        order = np.argsort(-scores, axis=-1, kind="stable")
        if self.temperature == 0:
            return np.eye(4)[order[:, 0]]
        ranked = self._shares(np.take_along_axis(scores, order, axis=-1))
        before = np.cumsum(ranked, axis=-1) - ranked
        ranked = np.where((before < self.top_p) & (np.arange(4) < self.top_k), ranked, 0)
        probabilities = np.empty_like(ranked)
        np.put_along_axis(probabilities, order, ranked / ranked.sum(axis=-1, keepdims=True), axis=-1)
        return probabilities

    def _shares(self, scores: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):  # the scores are at most 0: they may become -inf
            shares: np.ndarray = softmax(scores / self.temperature, axis=-1)
        return shares

    def draw(self, logits: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Draw a token id for each row, with random numbers from 0 to 1: (B, V), (B,) -> (B,)."""
        cumulated = np.cumsum(self.probabilities(logits), axis=-1)
        return np.asarray((numbers[:, None] * cumulated[:, -1:] >= cumulated).sum(axis=-1) + A, np.int32)
