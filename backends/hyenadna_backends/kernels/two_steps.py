"""A transform in two steps of short ones with a twiddle between, for what is too long for a cache or for a device.

It is the four-step method (N = rows x columns) without its last turn: products do not care in which order a spectrum
lies. `steps` are rows and columns; `xp` is the library of the arrays, jax.numpy or mlx.core; `factors` is what
`twiddle` gives, in its arrays.
"""

from functools import lru_cache

import numpy as np


def transform(xp, x, steps, factors):
    """The spectrum of x padded with zeros, in the order in which `inverse` takes it: (..., L) -> (..., F)."""
    L, (rows, columns) = x.shape[-1], steps
    used = -(-L // columns)  # rows that are not all zeros: half of them at most
    x = xp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, used * columns - L)])
    x = x.reshape(*x.shape[:-1], used, columns).swapaxes(-1, -2)  # (..., columns, used)
    X = xp.fft.rfft(x, rows) * factors
    return xp.fft.fft(X.swapaxes(-1, -2)).reshape(*X.shape[:-2], -1)  # rows/2 + 1 real frequencies of the rows


def inverse(xp, Y, L, steps, factors):
    """The first L values of what has the spectrum Y: (..., F) -> (..., L)."""
    rows, columns = steps
    used = -(-L // columns)
    y = xp.fft.ifft(Y.reshape(*Y.shape[:-1], rows // 2 + 1, columns)).swapaxes(-1, -2)
    y = xp.fft.irfft(y * factors.conj(), rows)[..., :used]  # (..., columns, used)
    return y.swapaxes(-1, -2).reshape(*Y.shape[:-1], -1)[..., :L]


@lru_cache(maxsize=4)
def twiddle(rows, columns):
    """exp(-2 pi i n k / N) for column n and row frequency k: (columns, rows/2 + 1)."""
    phase = np.arange(columns)[:, None] * np.arange(rows // 2 + 1) / (rows * columns)
    return np.exp(-2j * np.pi * phase).astype(np.complex64)
