"""Read a sequence from both ends, so that the states of a base know the bases on both sides.

A causal model sees only the bases before each base. On the reverse complement these are the bases
after it. Padding stays on the right.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_core.tokens import COMPLEMENT, PAD


def other_strand(ids: Tensor) -> Tensor:
    """Return the reverse complement of each row of token ids: (B, L) -> (B, L)."""
    mirrored = ops.take_along_axis(ids, _mirrored(ids), axis=1)
    return ops.take(ops.convert_to_tensor(np.asarray(COMPLEMENT), "int32"), mirrored)


def side_by_side(hidden: Tensor, other: Tensor, ids: Tensor) -> Tensor:
    """Join the states of each base on both strands: (B, L, D), (B, L, D), (B, L) -> (B, L, 2D).

    `other` has the states of `other_strand(ids)`.
    """
    return ops.concatenate([hidden, ops.take_along_axis(other, _mirrored(ids)[..., None], axis=1)], axis=-1)


def _mirrored(ids: Tensor) -> Tensor:
    """Return the position of each base on the other strand; padding keeps its own: (B, L)."""
    count = ops.sum(ops.cast(ops.not_equal(ids, PAD), "int32"), axis=1, keepdims=True)
    positions = ops.cumsum(ops.ones_like(ids), axis=1) - 1
    return ops.where(positions < count, count - 1 - positions, positions)


@keras.saving.register_keras_serializable("hyenadna")
class OtherStrand(keras.layers.Layer):
    """`other_strand` as a layer: (B, L) -> (B, L)."""

    def call(self, ids: Tensor) -> Tensor:
        return other_strand(ids)

    def compute_output_spec(self, ids: Any) -> Any:
        return keras.KerasTensor(ids.shape, "int32")


@keras.saving.register_keras_serializable("hyenadna")
class SideBySide(keras.layers.Layer):
    """`side_by_side` as a layer: (B, L, D), (B, L, D), (B, L) -> (B, L, 2D)."""

    def call(self, hidden: Tensor, other: Tensor, ids: Tensor) -> Tensor:
        return side_by_side(hidden, other, ids)

    def compute_output_spec(self, hidden: Any, other: Any, ids: Any) -> Any:
        return keras.KerasTensor((*hidden.shape[:-1], 2 * hidden.shape[-1]), hidden.dtype)
