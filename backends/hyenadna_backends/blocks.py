"""Loops over blocks of an array, so that only one block at a time takes memory.

JAX uses loops that its compiler cannot unroll. PyTorch and NumPy write into one array. The other
backends concatenate.
"""

from collections.abc import Callable
from typing import Any

from hyenadna_backends.heap import hand_back

Tensor = Any  # an array of the backend that runs

PRODUCT_ROWS = 1 << 13  # rows of a sum at a time: they stay in a cache


def map_rows(function: Callable[[Tensor], Tensor], x: Tensor, rows: int) -> Tensor:
    """Apply `function` to some rows of x at a time: (R, D) -> (R, E).

    Each row of its result must depend only on the same row of its input.
    """
    R = x.shape[0]
    if rows >= R:
        return function(x)
    return _MAP_ROWS.get(backend(), _map_rows_anywhere)(function, x, rows)


def sum_products(function: Callable[[Any], tuple[Tensor, Tensor]], blocks: Any, R: int, bias: Tensor) -> Tensor:
    """Return bias plus the sum of left @ right over all blocks: (R, D).

    Args:
        function: returns left (R, w) and right (w, D) of one block.
        blocks: a tuple of tensors whose first axis counts the blocks; `function` takes a tuple with
            one element of each tensor.
        R: number of rows.
        bias: (D,).
    """
    return _SUM_PRODUCTS.get(backend(), _sum_products_anywhere)(function, blocks, R, bias)


def backend() -> str:
    """Return the name of the Keras backend that runs."""
    import keras  # here, since this package is imported before a backend is chosen

    name: str = keras.config.backend()
    return name


def _map_rows_jax(function: Callable[..., Any], x: Tensor, rows: int) -> Tensor:
    import jax

    R = x.shape[0]
    count = -(-R // rows)

    def step(index: Tensor, y: Tensor) -> Tensor:
        start = jax.numpy.minimum(index * rows, R - rows)  # the last block overlaps the one before
        block = function(jax.lax.dynamic_slice_in_dim(x, start, rows))
        return jax.lax.dynamic_update_slice_in_dim(y, block, start, 0)

    out = jax.eval_shape(function, jax.ShapeDtypeStruct((rows, *x.shape[1:]), x.dtype))
    return jax.lax.fori_loop(0, count, step, jax.numpy.zeros((R, *out.shape[1:]), out.dtype))


def _map_rows_torch(function: Callable[..., Any], x: Tensor, rows: int) -> Tensor:
    import torch

    first = function(x[:rows])
    if torch.is_grad_enabled() and first.requires_grad:
        return torch.cat([first, *(function(x[start : start + rows]) for start in range(rows, len(x), rows))])
    y = torch.empty((len(x), *first.shape[1:]), dtype=first.dtype, device=first.device)
    return _fill_rows(function, x, rows, first, y)


def _map_rows_numpy(function: Callable[..., Any], x: Tensor, rows: int) -> Tensor:
    import numpy as np

    first = function(x[:rows])
    return _fill_rows(function, x, rows, first, np.empty((len(x), *first.shape[1:]), first.dtype))


def _fill_rows(function: Callable[..., Any], x: Tensor, rows: int, first: Tensor, y: Tensor) -> Tensor:
    """Write the result for each block of rows into y; `first` is the result for the first block."""
    y[:rows] = first
    for start in range(rows, len(x), rows):
        y[start : start + rows] = function(x[start : start + rows])
    return y


def _map_rows_anywhere(function: Callable[..., Any], x: Tensor, rows: int) -> Tensor:
    from keras import ops

    return ops.concatenate([function(x[start : start + rows]) for start in range(0, x.shape[0], rows)])


def _sum_products_jax(function: Callable[..., Any], blocks: Any, R: int, bias: Tensor) -> Tensor:
    """Add to some rows of the total in place.

    A product of the size of the total would take as much memory again.
    """
    import jax

    slice_rows, put_rows = jax.lax.dynamic_slice_in_dim, jax.lax.dynamic_update_slice_in_dim
    whole = R // PRODUCT_ROWS

    def step(total: Tensor, block: Any) -> tuple[Tensor, None]:
        left, right = function(block)

        def add(index: Tensor, total: Tensor) -> Tensor:
            start = index * PRODUCT_ROWS
            part = slice_rows(total, start, PRODUCT_ROWS) + slice_rows(left, start, PRODUCT_ROWS) @ right
            return put_rows(total, part, start, 0)

        rest = whole * PRODUCT_ROWS
        if whole:
            total = jax.lax.fori_loop(0, whole, add, total)
        if rest < R:
            total = total.at[rest:].add(left[rest:] @ right)
        return total, None

    return jax.lax.scan(step, jax.numpy.broadcast_to(bias, (R, len(bias))), blocks)[0]


def _sum_products_torch(function: Callable[..., Any], blocks: Any, R: int, bias: Tensor) -> Tensor:
    import torch

    total = bias.repeat(R, 1)
    for block in zip(*blocks, strict=True):
        left, right = function(block)
        if torch.is_grad_enabled():
            total = total + left @ right
        elif left.dtype == total.dtype:
            total.addmm_(left, right)
        else:
            total.add_(left @ right)
    if not torch.is_grad_enabled() and total.device.type == "cpu":
        del left, right
        hand_back(total.nbytes)
    return total


def _sum_products_anywhere(function: Callable[..., Any], blocks: Any, R: int, bias: Tensor) -> Tensor:
    total = bias
    for index in range(len(blocks[0])):
        left, right = function(tuple(block[index] for block in blocks))
        total = total + left @ right
    return total


_MAP_ROWS = {"jax": _map_rows_jax, "torch": _map_rows_torch, "numpy": _map_rows_numpy}
_SUM_PRODUCTS = {"jax": _sum_products_jax, "torch": _sum_products_torch}
