"""Loops over blocks of an array in training, whose blocks are computed again for the gradient.

Only the inputs of a loop are kept. So the gradient of one block at a time takes memory.
"""

from collections.abc import Callable, Sequence
from typing import Any

from hyenadna_backends.blocks import Tensor, backend, map_rows, sum_products
from hyenadna_backends.rematerialised import after, rematerialised

Product = Callable[[Sequence[Tensor], Sequence[Tensor]], tuple[Tensor, Tensor]]


def map_rows_again(function: Callable[[Tensor], Tensor], x: Tensor, rows: int, *layers: Any) -> Tensor:
    """Apply `function` to some rows of x at a time: (R, D) -> (R, E).

    Each row of its result must depend only on the same row of its input. `layers` are the Keras
    layers whose variables it reads.
    """
    if not _computes_gradients():
        return map_rows(function, x, rows)
    if rows >= x.shape[0]:
        return rematerialised(function, *layers)(x)
    if backend() == "jax":
        return _map_rows_jax(function, x, rows)
    return _map_rows_anywhere(rematerialised(function, *layers), x, rows)


def sum_products_again(
    function: Product, shared: Sequence[Tensor], blocks: Sequence[Tensor], R: int, bias: Tensor
) -> Tensor:
    """Return bias plus the sum of left @ right over all blocks: (R, D).

    Args:
        function: returns left (R, w) and right (w, D) of one block, from the shared tensors and
            one element of each tensor of `blocks`; it reads nothing else that has a gradient.
        shared: tensors that every block reads.
        blocks: tensors whose first axis counts the blocks.
        R: number of rows.
        bias: (D,).
    """
    if not _computes_gradients():
        return sum_products(lambda block: function(shared, block), blocks, R, bias)
    run = _sum_products_jax if backend() == "jax" else _sum_products_anywhere
    return run(function, tuple(shared), tuple(blocks), R, bias)


def _computes_gradients() -> bool:
    """Return False where PyTorch computes something that it will compute again for the gradient."""
    if backend() != "torch":
        return True
    import torch

    return bool(torch.is_grad_enabled())


def _map_rows_anywhere(function: Callable[[Tensor], Tensor], x: Tensor, rows: int) -> Tensor:
    from keras import ops

    parts = ops.split(x, list(range(rows, x.shape[0], rows)))  # its gradient is one concatenation
    return ops.concatenate([function(part) for part in parts])


def _map_rows_jax(function: Callable[[Tensor], Tensor], x: Tensor, rows: int) -> Tensor:
    import jax
    import jax.numpy as jnp

    slice_rows = jax.lax.dynamic_slice_in_dim

    def afresh(part: Tensor) -> Tensor:
        return function(part)

    part = jax.lax.slice_in_dim(x, 0, rows)
    pure, weights = jax.closure_convert(afresh, part)

    def compute(x: Tensor, *weights: Tensor) -> Tensor:
        return map_rows(lambda part: pure(part, *weights), x, rows)

    def backward(kept: tuple[Tensor, ...], gradient: Tensor) -> tuple[Tensor, ...]:
        x, *weights = after(gradient, kept)
        R = len(x)

        def step(index: Tensor, total: Any) -> Any:
            first = index * rows
            start = jnp.minimum(first, R - rows)  # the last block overlaps the one before
            part, its_gradient = (slice_rows(array, start, rows) for array in (x, gradient))
            new = (start + jnp.arange(rows) >= first)[:, None]
            dpart, *more = jax.vjp(pure, part, *weights)[1](jnp.where(new, its_gradient, 0))
            dx, *of_weights = total
            dx = jax.lax.dynamic_update_slice_in_dim(dx, slice_rows(dx, start, rows) + dpart, start, 0)
            return dx, *(a + b for a, b in zip(of_weights, more, strict=True))

        of_nothing = tuple(map(jnp.zeros_like, (x, *weights)))
        total: tuple[Tensor, ...] = jax.lax.fori_loop(0, -(-R // rows), step, of_nothing)
        return total

    once: Any = jax.custom_vjp(compute)
    once.defvjp(lambda *kept: (compute(*kept), kept), backward)
    return once(x, *weights)


def _sum_products_anywhere(
    function: Product, shared: tuple[Tensor, ...], blocks: tuple[Tensor, ...], R: int, bias: Tensor
) -> Tensor:
    def product(*tensors: Tensor) -> Tensor:
        left, right = function(tensors[: len(shared)], tensors[len(shared) :])
        return left @ right

    total = bias
    for index in range(len(blocks[0])):
        total = total + rematerialised(product)(*shared, *(block[index] for block in blocks))
    return total


def _sum_products_jax(
    function: Product, shared: tuple[Tensor, ...], blocks: tuple[Tensor, ...], R: int, bias: Tensor
) -> Tensor:
    import jax

    def compute(shared: Any, blocks: Any, bias: Tensor) -> Tensor:
        return sum_products(lambda block: function(shared, block), blocks, R, bias)

    def backward(kept: Any, gradient: Tensor) -> tuple[Any, Any, Tensor]:
        shared, blocks, bias = kept
        shared = tuple(after(gradient, shared))

        def product(shared: Any, block: Any) -> Tensor:
            left, right = function(shared, block)
            return left @ right

        def step(total: Any, block: Any) -> tuple[Any, Any]:
            value, pull_back = jax.vjp(product, shared, block)
            more, of_block = pull_back(gradient.astype(value.dtype))
            return tuple(a + b for a, b in zip(total, more, strict=True)), of_block

        total, of_blocks = jax.lax.scan(step, tuple(map(jax.numpy.zeros_like, shared)), blocks)
        return total, of_blocks, gradient.sum(0).astype(bias.dtype)

    once: Any = jax.custom_vjp(compute)
    once.defvjp(lambda *kept: (compute(*kept), kept), backward)
    return once(shared, blocks, bias)
