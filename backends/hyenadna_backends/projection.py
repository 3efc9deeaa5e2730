"""Rows times a matrix with channels first in the result, as convolutions need them.

On CPUs the products are written in the order that is fast (docs/log.md has the measurements). XLA
turns the transpose of a product into a product of transposes. If the longest axis is last, its CPU
kernels compute this three times more slowly; XLA does not change a product in two halves. MLX's CPU
build for Linux takes two to nine times as long for a product of two transposes as for one of
copies.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from hyenadna_backends.blocks import Tensor, backend


def project(rows: Tensor, matrix: Tensor) -> Tensor:
    """Compute the transpose of rows @ matrix: (R, D), (D, C) -> (C, R)."""
    return _PROJECT.get(backend(), _anywhere)(rows, matrix)


def _anywhere(rows: Tensor, matrix: Tensor) -> Tensor:
    from keras import ops

    return ops.matmul(ops.transpose(matrix), ops.transpose(rows))


def _jax(rows: Tensor, matrix: Tensor) -> Tensor:
    import jax

    return _jax_projection()(rows, matrix) if jax.default_backend() == "cpu" else _anywhere(rows, matrix)


@cache
def _jax_projection() -> Any:
    import jax

    def project(rows: Tensor, matrix: Tensor) -> Tensor:
        return matrix.T @ rows.T

    def forward(rows: Tensor, matrix: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        return project(rows, matrix), (rows, matrix)

    def backward(kept: tuple[Tensor, Tensor], dy: Tensor) -> tuple[Tensor, Tensor]:
        rows, matrix = kept
        half = len(rows) // 2
        dmatrix = dy[:, :half] @ rows[:half] + dy[:, half:] @ rows[half:]  # (C, D)
        return dy.T @ matrix.T, dmatrix.T

    projection = jax.custom_vjp(project)
    projection.defvjp(forward, backward)
    return projection


def _mlx(rows: Tensor, matrix: Tensor) -> Tensor:
    import mlx.core as mx

    return _mlx_projection()(rows, matrix) if mx.default_device() == mx.cpu else _anywhere(rows, matrix)


@cache
def _mlx_projection() -> Any:
    import mlx.core as mx

    @mx.custom_function
    def project(rows: Tensor, matrix: Tensor) -> Tensor:
        return matrix.T @ mx.contiguous(rows.T)

    @project.vjp
    def project_vjp(inputs: Sequence[Tensor], dy: Tensor, _: Any) -> tuple[Tensor, Tensor]:
        rows, matrix = inputs
        return (matrix @ dy).T, (dy @ rows).T

    return project


_PROJECT = {"jax": _jax, "mlx": _mlx}
