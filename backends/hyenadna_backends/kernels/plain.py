"""The long convolution as the original computes it: what `hyenadna bench` measures the others beside.

Transforms of n = 2L whatever its factors, of all channels at once, by the backend's own library, and the gradient that
the backend derives by itself.
"""

from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

import keras


class Native(NamedTuple):
    """Where a backend keeps its transforms and its dtypes, and what its arrays call a cast."""

    fft: str
    dtypes: str
    cast: str


NATIVE = {
    "jax": Native("jax.numpy.fft", "jax.numpy", "astype"),
    "torch": Native("torch.fft", "torch", "to"),
    "mlx": Native("mlx.core.fft", "mlx.core", "astype"),
    "numpy": Native("scipy.fft", "numpy", "astype"),  # NumPy's own were float64 until 2.0
}


def fft_conv(u, k, bias):
    """Causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    L = u.shape[-1]
    fft, float32, cast = _native(keras.config.backend())
    x, k, bias = (t if t.dtype == float32 else getattr(t, cast)(float32) for t in (u, k, bias))
    spectrum = fft.rfft(x, n=2 * L) * fft.rfft(k, n=2 * L)  # (B, D, L + 1)
    y = fft.irfft(spectrum, n=2 * L)[..., :L] + bias[:, None] * x
    return y if y.dtype == u.dtype else getattr(y, cast)(u.dtype)


@lru_cache
def _native(backend):
    native = NATIVE[backend]
    return import_module(native.fft), import_module(native.dtypes).float32, native.cast
