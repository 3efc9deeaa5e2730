"""The long convolution in matrix products only, for TPUs and other hardware made for them.

The transform is the four-step one (Bailey 1990; the Monarch convolution of FlashFFTConv, arXiv
2311.05908). An index of N = N1 N2 is n1 N2 + n2. A DFT of N1 points runs down the columns, a
twiddle factor multiplies each entry, and a DFT of N2 points runs along the rows; a long N2 is
divided into steps again. The spectrum is never sorted, since its order does not change a product.
Only the first R = N1 / 2 rows hold bases; the other rows are zeros and are never made. The input is
real, so the R + 1 rows of the spectrum up to N1 / 2 determine all others.

Complex numbers are pairs (real, imaginary) of float32. Tables are computed in float64.
"""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

import keras
import numpy as np
from keras import ops

from hyenadna_backends.blocks import Tensor

Pair = tuple[Tensor, ...]  # real and imaginary part

LARGEST_SIDE = 128  # of a DFT matrix, about: the matrix unit of a TPU has this side


def fft_conv(u: Tensor, k: Tensor, bias: Tensor) -> Tensor:
    """Compute the causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    L = u.shape[-1]
    sides = inner_sides(L)
    x, k, bias = (ops.cast(t, "float32") for t in (u, k, bias))
    with _full_precision():
        y = _inverse(_times(ops.multiply, _transform(x, sides), _transform(k, sides)), sides)[..., :L]
    return ops.cast(y + bias[:, None] * x, u.dtype)


def inner_sides(L: int) -> tuple[int, ...]:
    """Return the lengths of the DFTs along the rows, powers of two.

    They are about as long as the DFT down the columns, which has 2 R points.
    """
    bits = (L - 1).bit_length()
    steps = max(1, -(-bits // (LARGEST_SIDE.bit_length() - 1)))
    return (1 << bits // steps,) * (steps - 1)


def _transform(x: Tensor, sides: tuple[int, ...]) -> Pair:
    """Return the spectrum of x padded to twice its length: (..., L) -> a pair (..., R + 1, N2)."""
    N2 = math.prod(sides)
    R = -(-x.shape[-1] // N2)
    x = ops.pad(x, [(0, 0)] * (len(x.shape) - 1) + [(0, R * N2 - x.shape[-1])])
    x = ops.swapaxes(ops.reshape(x, (*x.shape[:-1], R, N2)), -1, -2)
    columns = tuple(ops.matmul(x, part) for part in _roots(2 * R, R, R + 1))  # (..., N2, R + 1)
    return _rows(_turned(_times(ops.multiply, columns, _roots(2 * R * N2, N2, R + 1))), sides)


def _inverse(spectrum: Pair, sides: tuple[int, ...]) -> Tensor:
    """Return the first half of the signal of a spectrum: a pair (..., R + 1, N2) -> (..., R N2)."""
    R, N2 = spectrum[0].shape[-2] - 1, spectrum[0].shape[-1]
    columns = _times(ops.multiply, _turned(_rows_back(spectrum, sides)), _conjugate(_roots(2 * R * N2, N2, R + 1)))
    share = np.full((R + 1, 1), 2, np.float32)  # except the first and last, a row also stands for its conjugate
    share[[0, -1]] = 1
    share /= 2 * R * N2
    x = sum(
        ops.matmul(*parts) for parts in zip(columns, (share * part for part in _roots(2 * R, R + 1, R)), strict=True)
    )
    x = ops.swapaxes(x, -1, -2)  # (..., N2, R) -> (..., R, N2)
    return ops.reshape(x, (*x.shape[:-2], R * N2))


def _rows(x: Pair, sides: tuple[int, ...]) -> Pair:
    """Compute a DFT along the last axis in steps of these lengths; the result is not sorted."""
    if not sides:
        return x
    n, rest = sides[0], sides[1:]
    if not rest:
        return _times(ops.matmul, x, _roots(n, n, n))
    shape, m = x[0].shape, x[0].shape[-1] // n
    columns = _times(ops.matmul, _turned(_reshape(x, (*shape[:-1], n, m))), _roots(n, n, n))  # (..., m, n)
    return _reshape(_rows(_turned(_times(ops.multiply, columns, _roots(n * m, m, n))), rest), shape)


def _rows_back(x: Pair, sides: tuple[int, ...]) -> Pair:
    """Invert `_rows`, up to a factor: the length of the axis."""
    if not sides:
        return x
    n, rest = sides[0], sides[1:]
    if not rest:
        return _times(ops.matmul, x, _conjugate(_roots(n, n, n)))
    shape, m = x[0].shape, x[0].shape[-1] // n
    columns = _turned(_rows_back(_reshape(x, (*shape[:-1], n, m)), rest))  # (..., m, n)
    columns = _times(ops.multiply, columns, _conjugate(_roots(n * m, m, n)))
    return _reshape(_turned(_times(ops.matmul, columns, _conjugate(_roots(n, n, n)))), shape)


@lru_cache(maxsize=32)
def _roots(N: int, rows: int, columns: int) -> Pair:
    """Return exp(-2 pi i row column / N) as a pair: a DFT matrix or twiddle factors."""
    angle = np.outer(np.arange(rows), np.arange(columns)) % N * (-2 * np.pi / N)
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def _conjugate(x: Pair) -> Pair:
    return x[0], -x[1]


def _times(multiply: Callable[[Tensor, Tensor], Tensor], a: Pair, b: Pair) -> Pair:
    """Multiply complex numbers, or complex matrices."""
    real = multiply(a[0], b[0]) - multiply(a[1], b[1])
    return real, multiply(a[0], b[1]) + multiply(a[1], b[0])


def _reshape(x: Pair, shape: tuple[int, ...]) -> Pair:
    return tuple(ops.reshape(part, shape) for part in x)


def _turned(x: Pair) -> Pair:
    """Transpose x: a product from the right is one for the whole batch on every backend."""
    return tuple(ops.swapaxes(part, -1, -2) for part in x)


def _full_precision() -> AbstractContextManager[Any]:
    """Return a context in which products of JAX have the full precision of float32.

    By default JAX rounds their inputs: to bfloat16 on a TPU, to TF32 on a GPU. `keras.ops.matmul`
    has no argument for it. PyTorch has full precision by default. Gradients in JAX keep the
    precision of the forward pass.
    """
    if keras.config.backend() != "jax":
        return nullcontext()
    import jax

    return jax.default_matmul_precision("highest")
