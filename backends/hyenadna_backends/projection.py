"""Rows times a matrix, with channels first in the result, as convolutions want them. JAX has a gradient of its own.

XLA writes the transpose of a product as a product of transposes, which its CPU kernels compute at a third of the
speed where the longest axis is last (docs/log.md); a product in two halves it leaves alone.
"""

from functools import cache

from hyenadna_backends.blocks import Tensor, backend


def project(rows: Tensor, matrix: Tensor) -> Tensor:
    """The transpose of rows @ matrix: (R, D), (D, C) -> (C, R)."""
    return _PROJECT.get(backend(), _anywhere)(rows, matrix)


def _anywhere(rows, matrix):
    from keras import ops

    return ops.matmul(ops.transpose(matrix), ops.transpose(rows))


def _jax(rows, matrix):
    import jax

    return _jax_projection()(rows, matrix) if jax.default_backend() == "cpu" else _anywhere(rows, matrix)


@cache
def _jax_projection():
    import jax

    def project(rows, matrix):
        return matrix.T @ rows.T

    def forward(rows, matrix):
        return project(rows, matrix), (rows, matrix)

    def backward(kept, dy):
        rows, matrix = kept
        half = len(rows) // 2
        dmatrix = dy[:, :half] @ rows[:half] + dy[:, half:] @ rows[half:]  # (C, D)
        return dy.T @ matrix.T, dmatrix.T

    projection = jax.custom_vjp(project)
    projection.defvjp(forward, backward)
    return projection


_PROJECT = {"jax": _jax}
