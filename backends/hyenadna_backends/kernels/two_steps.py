"""A transform in two steps of short ones with a twiddle between, for what is too long for a cache or for a device.

It is the four-step method (N = rows x columns) without its last turn: products do not care in which order a spectrum
lies. `steps` are rows and columns (`planned_steps`); `xp` is the library of the arrays, or what has its `pad`,
`multiply` and `fft`; `factors` is what `twiddle` gives, in the way in which that `multiply` takes it.
"""

from functools import lru_cache

import numpy as np


def transform(xp, x, steps, factors):
    """The spectrum of x padded with zeros, in the order in which `inverse` takes it: (..., L) -> (..., F)."""
    L, (rows, columns) = x.shape[-1], steps
    used = -(-L // columns)  # rows that are not all zeros: half of them at most
    x = xp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, used * columns - L)]).reshape(*x.shape[:-1], used, columns)
    X = xp.multiply(xp.fft.rfft(x, rows, -2), factors)  # (..., rows/2 + 1, columns): real frequencies
    return xp.fft.fft(X).reshape(*X.shape[:-2], -1)


def inverse(xp, Y, L, steps, factors):
    """The first L values of what has the spectrum Y, by the conjugate factors: (..., F) -> (..., L)."""
    rows, columns = steps
    used = -(-L // columns)
    y = xp.multiply(xp.fft.ifft(Y.reshape(*Y.shape[:-1], rows // 2 + 1, columns)), factors)
    y = xp.fft.irfft(y, rows, -2)[..., :used, :]  # (..., used, columns)
    return y.reshape(*Y.shape[:-1], -1)[..., :L]


@lru_cache(maxsize=4)
def twiddle(rows, columns, conjugate=False):
    """exp(-2 pi i n k / N) for row frequency k and column n, or its conjugate: (rows/2 + 1, columns)."""
    phase = np.arange(rows // 2 + 1)[:, None] * np.arange(columns) / (rows * columns)
    return np.exp((2j if conjugate else -2j) * np.pi * phase).astype(np.complex64)
