"""Heads: from the hidden states of a sequence, or of a pair of sequences, to predictions.

Padding is on the right and does not count: a sequence has the same outputs in a batch of any
length.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_core.model.quantized import quantize_parts, quantized_parts

VERY_LOW = -1e30  # below any hidden state


def mean(hidden: Tensor, real: Tensor) -> Tensor:
    """Compute the mean over the sequence: (B, L, D), (B, L) -> (B, D)."""
    return ops.sum(hidden * real[..., None], axis=1) / ops.maximum(ops.sum(real, axis=1, keepdims=True), 1.0)


def last(hidden: Tensor, real: Tensor) -> Tensor:
    """Return the last base, which comes after all others: (B, L, D), (B, L) -> (B, D)."""
    following = ops.concatenate([real[:, 1:], ops.zeros_like(real[:, :1])], axis=1)
    return ops.sum(hidden * (real * (1.0 - following))[..., None], axis=1)


def first(hidden: Tensor, real: Tensor) -> Tensor:
    """Return the first base: (B, L, D), (B, L) -> (B, D). A causal model read only this base."""
    return hidden[:, 0]


def largest(hidden: Tensor, real: Tensor) -> Tensor:
    """Return the largest value of each channel: (B, L, D), (B, L) -> (B, D)."""
    return ops.max(ops.where(real[..., None] > 0, hidden, VERY_LOW), axis=1)


POOLING = {"mean": mean, "last": last, "first": first, "max": largest}


@keras.saving.register_keras_serializable("hyenadna")
class Head(keras.layers.Layer):
    """A linear layer over a pooled sequence, or at each base if pooling is "none".

    (B, L, D), (B, L) -> (B, units), or (B, L, units). It starts at zero: all classes are equally
    likely at first, and one seed gives the same model on every backend.

    Args:
        units: number of classes, labels or quantities.
        pooling: "mean", "last", "first", "max" or "none".
        dropout: share of the pooled channels that training drops.
        quantized: the parts to quantize, as a saved head has them.
    """

    def __init__(
        self,
        units: int,
        pooling: str = "mean",
        dropout: float = 0.0,
        seed: int = 0,
        quantized: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"dtype": "float32", "name": "head"} | kwargs)
        if pooling not in (*POOLING, "none"):
            raise ValueError(f"pooling must be one of {', '.join(POOLING)}, none. Received: {pooling!r}")
        self._config = {"units": units, "pooling": pooling, "dropout": dropout, "seed": seed}
        self.pool = POOLING.get(pooling, lambda hidden, real: hidden)
        self.dropout = keras.layers.Dropout(dropout, seed=seed) if dropout else None
        self.projection = keras.layers.Dense(units, kernel_initializer="zeros", dtype="float32", name="projection")
        quantize_parts(quantized or {}, self.projection)

    def build(self, hidden_shape: tuple[Any, ...], real_shape: Any = None) -> None:
        self.projection.build((*hidden_shape[:1], hidden_shape[-1]))

    def call(self, hidden: Tensor, real: Tensor, training: bool = False) -> Tensor:
        pooled = self.pool(ops.cast(hidden, "float32"), ops.cast(real, "float32"))
        if self.dropout is not None:
            pooled = self.dropout(pooled, training=training)
        return self.projection(pooled)

    def compute_output_spec(self, hidden: Tensor, real: Tensor, training: bool = False) -> Any:
        shape = hidden.shape[:2] if self._config["pooling"] == "none" else hidden.shape[:1]
        return keras.KerasTensor((*shape, self._config["units"]), "float32")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | self._config | {"quantized": quantized_parts(self.projection)}


@keras.saving.register_keras_serializable("hyenadna")
class PooledPair(keras.layers.Layer):
    """The vectors a and b of two pooled sequences and b - a, side by side, in float32.

    (B, L, D), (B, L, D), (B, L), (B, L) -> (B, 3D).

    Args:
        pooling: "mean", "last", "first" or "max".
    """

    def __init__(self, pooling: str = "mean", **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", "name": "pooled_pair"} | kwargs)
        if pooling not in POOLING:
            raise ValueError(f"pooling must be one of {', '.join(POOLING)}. Received: {pooling!r}")
        self.pooling = pooling

    def call(self, hidden_a: Tensor, hidden_b: Tensor, real_a: Tensor, real_b: Tensor) -> Tensor:
        a, b = (
            POOLING[self.pooling](ops.cast(hidden, "float32"), ops.cast(real, "float32"))
            for hidden, real in ((hidden_a, real_a), (hidden_b, real_b))
        )
        return ops.concatenate([a, b, b - a], axis=-1)

    def compute_output_spec(self, hidden_a: Any, hidden_b: Any, real_a: Any, real_b: Any) -> Any:
        return keras.KerasTensor((hidden_a.shape[0], 3 * hidden_a.shape[-1]), "float32")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"pooling": self.pooling}


def head_of(units: int, pooling: str, dropout: float, states: Sequence[Tensor]) -> Tensor:
    """Compute outputs with a linear layer, which starts at zero: a Head, or that of a PooledPair.

    -> (B, units), or (B, L, units) if pooling is "none".

    Args:
        units: number of classes, labels or quantities.
        pooling: of each sequence.
        dropout: share of the pooled channels that training drops.
        states: hidden (B, L, D) and real (B, L); for pairs hidden_a, hidden_b, real_a, real_b.
    """
    if len(states) == 2:
        return Head(units, pooling, dropout)(*states)
    pooled = PooledPair(pooling)(*states)
    if dropout:
        pooled = keras.layers.Dropout(dropout, seed=0, dtype="float32")(pooled)
    return keras.layers.Dense(units, kernel_initializer="zeros", dtype="float32", name="projection")(pooled)
