"""Poolings: how the hidden states of a sequence become one vector.

Poolings that are a mean of some bases are named in COUNTED; a new one is one function there.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.rows import compiled
from hyenadna_core.inference.windows import is_base
from hyenadna_core.model.heads import VERY_LOW
from hyenadna_core.tokens import TO_ID

AT_ONCE = 1 << 13  # positions that are summed in float32; their sums are added in float64
MAX, VARIANT = "max", "variant"
BASES = "none"  # no pooling: a vector for each base


class Read(NamedTuple):
    """A sequence that the model reads.

    Attributes:
        bases: as bytes, in any case: (L,) uint8.
        first, last: the bases of the variant in it, 0-based half-open.
    """

    bases: np.ndarray
    first: int = 0
    last: int = 0

    def ids(self, start: int, end: int) -> np.ndarray:
        """Return the token ids of some bases: (end - start,) int32."""
        ids: np.ndarray = TO_ID["default"][self.bases[start:end]]
        return ids


Counted = Callable[[Read, np.ndarray, int, str], np.ndarray]  # read, token ids, their start, strand -> (l,) bool


def _mean(read: Read, ids: np.ndarray, start: int, strand: str) -> np.ndarray:
    return np.ones(len(ids), bool)


def _last(read: Read, ids: np.ndarray, start: int, strand: str) -> np.ndarray:
    last = len(read.bases) - 1 if strand == "+" else 0
    is_last: np.ndarray = _positions(ids, start) == last
    return is_last


def _masked(read: Read, ids: np.ndarray, start: int, strand: str) -> np.ndarray:
    return is_base(ids)


def _variant(read: Read, ids: np.ndarray, start: int, strand: str) -> np.ndarray:
    positions = _positions(ids, start)
    return (read.first <= positions) & (positions < read.last)


def _positions(ids: np.ndarray, start: int) -> np.ndarray:
    return np.arange(start, start + len(ids))


COUNTED: dict[str, Counted] = {"mean": _mean, "last": _last, "masked": _masked, VARIANT: _variant}
POOLINGS = (*COUNTED, MAX)


def counted(pools: Sequence[str], read: Read, ids: np.ndarray, start: int, strand: str) -> np.ndarray:
    """Return which bases count in each pooling: (pools, l) float32; in max, all of them do.

    `ids` are the token ids from `start` on, in the direction of the sequence as it was given;
    `last` is the base that the model reads last on a strand.
    """
    return np.stack([COUNTED.get(pool, _mean)(read, ids, start, strand) for pool in pools]).astype(np.float32)


def pooled(hidden: Tensor, weights: np.ndarray, pools: Sequence[str]) -> list[np.ndarray]:
    """Return the sum of the states that count, or the largest, of each pooling.

    (B, L, D), (B, pools, L) -> for each pooling (B, D) float64.
    """
    B, L, D = hidden.shape
    values = [np.full((B, D), -np.inf) if pool == MAX else np.zeros((B, D)) for pool in pools]
    for at in range(0, L, AT_ONCE):
        length = min(AT_ONCE, L - at)
        part = hidden if length == L else ops.slice(hidden, (0, at, 0), (B, length, D))
        for number, pool in enumerate(pools):
            of_part = ops.convert_to_tensor(np.ascontiguousarray(weights[:, number, at : at + length]))
            if pool == MAX:
                largest = ops.convert_to_numpy(compiled(_largest)(part, of_part))
                np.maximum(values[number], largest, out=values[number])
            else:
                values[number] += ops.convert_to_numpy(compiled(_sum)(part, of_part))
    return values


def _sum(hidden: Tensor, weights: Tensor) -> Tensor:
    return ops.sum(hidden * weights[..., None], axis=1)


def _largest(hidden: Tensor, weights: Tensor) -> Tensor:
    return ops.max(ops.where(weights[..., None] > 0, hidden, VERY_LOW), axis=1)
