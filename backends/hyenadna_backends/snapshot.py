"""Copies of arrays, to find out later whether the arrays have changed.

Copies stay on the device and are compared there. Cheaper signs of a change are not safe: PyTorch
does not count changes through `.data`, arrays of MLX and NumPy change in place, and an array of JAX
may share the memory of the NumPy array that it was made from.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from hyenadna_backends.blocks import Tensor, backend


class Snapshot:
    """A copy of the values of some arrays at one time."""

    def __init__(self, arrays: Sequence[Tensor]) -> None:
        self._kinds = _kinds(arrays)
        self._values = _join(arrays)

    def matches(self, arrays: Sequence[Tensor]) -> bool:
        """Return whether these arrays have the same shapes, dtypes and values as the copy."""
        if _kinds(arrays) != self._kinds:
            return False
        return bool(_EQUAL.get(backend(), _equal_anywhere)(self._values, arrays))


def _kinds(arrays: Sequence[Tensor]) -> list[tuple[Any, ...]]:
    """Return shapes, dtypes and devices, which must be equal before values are compared."""
    return [(tuple(array.shape), array.dtype, str(getattr(array, "device", ""))) for array in arrays]


def _join(arrays: Sequence[Tensor]) -> Tensor:
    """Copy the values of all arrays into one vector."""
    return _JOIN.get(backend(), _join_anywhere)(arrays)


def _join_anywhere(arrays: Sequence[Tensor]) -> Tensor:
    from keras import ops

    return ops.concatenate([ops.reshape(array, (-1,)) for array in arrays])


def _join_jax(arrays: Sequence[Tensor]) -> list[Tensor]:
    import jax

    return [jax.numpy.array(array, copy=True) for array in arrays]


def _join_torch(arrays: Sequence[Tensor]) -> Tensor:
    import torch

    return torch.cat([array.detach().reshape(-1) for array in arrays])


def _equal_anywhere(values: Any, arrays: Sequence[Tensor]) -> Tensor:
    from keras import ops

    return ops.convert_to_numpy(ops.all(ops.equal(values, _join(arrays))))


def _equal_jax(values: Any, arrays: Sequence[Tensor]) -> Any:
    import jax
    import numpy as np

    if jax.default_backend() == "cpu" and all(array.is_fully_addressable for array in arrays):
        return all(map(np.array_equal, values, arrays))  # no copy, and nothing to compile
    return _jax_comparison()(values, list(arrays))


@cache
def _jax_comparison() -> Any:
    import jax

    def equal(values: Any, arrays: Sequence[Tensor]) -> Tensor:
        return jax.numpy.stack([(a == b).all() for a, b in zip(values, arrays, strict=True)]).all()

    return jax.jit(equal)  # one transfer from the device, however many arrays there are


def _equal_torch(values: Any, arrays: Sequence[Tensor]) -> Tensor:
    import torch

    return torch.equal(values, _join_torch(arrays))


_JOIN = {"jax": _join_jax, "torch": _join_torch}
_EQUAL = {"jax": _equal_jax, "torch": _equal_torch}
