"""How the next base is drawn from the logits of a language model."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.tokens import A, T

BASES = slice(int(A), int(T) + 1)  # A, C, G, T among the token ids: no other one is ever drawn


@dataclass(frozen=True)
class Sampling:
    """The rules of drawing; without them a base has the probability that the model gives it.

    Attributes:
        temperature: logits are divided by it; 0 always takes the most likely base.
        top_k: draw only from so many of the most likely bases.
        top_p: draw only from the fewest most likely bases that have this probability together.
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
            ("temperature", self.temperature, 0 <= self.temperature < math.inf, "0 or more"),
            ("top_k", self.top_k, self.top_k in (1, 2, 3, 4), "1, 2, 3 or 4"),
            ("top_p", self.top_p, 0 < self.top_p <= 1, "over 0, at most 1"),
            ("bias", self.bias, len(self.bias) == 4 and all(map(math.isfinite, self.bias)), "four finite numbers"),
        ):
            if not is_valid:
                raise HyenaDNAError(f"{name} is {value}: expected {expected}.")

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the probability to draw A, C, G and T: (B, V) -> (B, 4) float64."""
        scores = logits[:, BASES].astype(np.float64) + self.bias
        if self.temperature > 0 and self.top_k == 4 and self.top_p == 1:
            plain: np.ndarray = softmax(scores / self.temperature, axis=-1)
            return plain
        order = np.argsort(-scores, axis=-1, kind="stable")
        if self.temperature == 0:
            return np.eye(4)[order[:, 0]]
        ranked = softmax(np.take_along_axis(scores, order, axis=-1) / self.temperature, axis=-1)
        before = np.cumsum(ranked, axis=-1) - ranked
        ranked = np.where((before < self.top_p) & (np.arange(4) < self.top_k), ranked, 0)
        probabilities = np.empty_like(ranked)
        np.put_along_axis(probabilities, order, ranked / ranked.sum(axis=-1, keepdims=True), axis=-1)
        return probabilities

    def draw(self, logits: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Draw a base for each row: (B, V) -> (B,) token ids."""
        cumulated = np.cumsum(self.probabilities(logits), axis=-1)
        numbers = generator.random(len(logits))[:, None] * cumulated[:, -1:]
        return np.asarray((numbers >= cumulated).sum(axis=-1) + A, np.int32)
