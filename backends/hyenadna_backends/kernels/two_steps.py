"""A transform in two steps of short ones, for lengths that do not fit into a cache or on a device.

It is the four-step method (N = rows x columns): transforms of the columns, a product with twiddle
factors, transforms of the rows. Its last transposition is left out: the order of a spectrum does
not change a product. `steps` are rows and columns (`planned_steps`). `xp` is the library of the
arrays, or any object with its `pad`, `multiply` and `fft`. `factors` are those of `twiddle`, in the
form that `xp.multiply` takes.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from hyenadna_backends.blocks import Tensor


def transform(xp: Any, x: Tensor, steps: tuple[int, int], factors: Any) -> Tensor:
    """Return the spectrum of zero-padded x, in the order of `inverse`: (..., L) -> (..., F)."""
    L, (rows, columns) = x.shape[-1], steps
    used = -(-L // columns)  # rows that are not all zeros: at most half of them
    x = xp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, used * columns - L)]).reshape(*x.shape[:-1], used, columns)
    X = xp.multiply(xp.fft.rfft(x, rows, -2), factors)  # (..., rows/2 + 1, columns): real frequencies
    return xp.fft.fft(X).reshape(*X.shape[:-2], -1)


def inverse(xp: Any, Y: Tensor, L: int, steps: tuple[int, int], factors: Any) -> Tensor:
    """Return the first L values of the signal with spectrum Y: (..., F) -> (..., L).

    `factors` are the conjugate ones.
    """
    rows, columns = steps
    used = -(-L // columns)
    y = xp.multiply(xp.fft.ifft(Y.reshape(*Y.shape[:-1], rows // 2 + 1, columns)), factors)
    y = xp.fft.irfft(y, rows, -2)[..., :used, :]  # (..., used, columns)
    return y.reshape(*Y.shape[:-1], -1)[..., :L]


@lru_cache(maxsize=4)
def twiddle(rows: int, columns: int, conjugate: bool = False) -> np.ndarray:
    """Return exp(-2 pi i n k / N) for row frequency k and column n: (rows/2 + 1, columns)."""
    phase = np.arange(rows // 2 + 1)[:, None] * np.arange(columns) / (rows * columns)
    return np.exp((2j if conjugate else -2j) * np.pi * phase).astype(np.complex64)
