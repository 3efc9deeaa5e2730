"""The long convolution as in the original; `hyenadna bench` compares the other kernels with it.

Transforms have 2L points, whatever the factors of 2L. All channels are transformed at once by the
library of the backend, which also derives the gradient.
"""

from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

import keras

from hyenadna_backends.blocks import Tensor


class Native(NamedTuple):
    """The modules of a backend with its transforms and dtypes, and the name of its cast method."""

    fft: str
    dtypes: str
    cast: str


NATIVE = {
    "jax": Native("jax.numpy.fft", "jax.numpy", "astype"),
    "torch": Native("torch.fft", "torch", "to"),
    "mlx": Native("mlx.core.fft", "mlx.core", "astype"),
    "numpy": Native("scipy.fft", "numpy", "astype"),  # the transforms of NumPy itself were float64 until 2.0
}


def fft_conv(u: Tensor, k: Tensor, bias: Tensor) -> Tensor:
    """Compute the causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    L = u.shape[-1]
    fft, float32, cast = _native(keras.config.backend())
    x, k, bias = (t if t.dtype == float32 else getattr(t, cast)(float32) for t in (u, k, bias))
    spectrum = fft.rfft(x, n=2 * L) * fft.rfft(k, n=2 * L)  # (B, D, L + 1)
    y = fft.irfft(spectrum, n=2 * L)[..., :L] + bias[:, None] * x
    return y if y.dtype == u.dtype else getattr(y, cast)(u.dtype)


@lru_cache
def _native(backend: str) -> tuple[Any, Any, str]:
    native = NATIVE[backend]
    return import_module(native.fft), import_module(native.dtypes).float32, native.cast
