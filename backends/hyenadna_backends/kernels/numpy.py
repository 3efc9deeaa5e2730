"""The long convolution in NumPy, with the transforms of SciPy.

These keep float32 and run on all cores. A transform too long for the cache runs in two steps.
"""

from types import SimpleNamespace

import numpy as np
import scipy.fft

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.devices import cores
from hyenadna_backends.fft_length import planned_length, planned_steps, two_steps_from
from hyenadna_backends.kernels import two_steps

SHARED_FROM = 1 << 18  # numbers; for fewer, threads cost more than they save
TOGETHER = 1 << 15  # numbers; up to here, one transform of inputs and filters saves more time than copying them takes
BLOCK_BYTES = 1 << 24  # of the padded input of a block; with its spectra, it stays near the cache
TWO_STEPS_FROM = 400_000  # points; measured on a CPU with 1 MB of cache per core (docs/log.md)
ROWS = 512
LIBRARY = SimpleNamespace(pad=np.pad, multiply=lambda X, K: np.multiply(X, K, out=X), fft=scipy.fft)


def fft_conv(u: Tensor, k: Tensor, bias: Tensor) -> Tensor:
    """Compute the causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    B, D, L = u.shape
    if (B + 1) * D * L > TOGETHER:
        return _convolve(u, spectrum(k), bias)
    x = np.empty((B + 1, D, L), np.float32)
    x[:B], x[B] = u, k
    X = _transform(x)
    return _filter(x[:B], X[:B], X[B], np.asarray(bias, np.float32)).astype(u.dtype, copy=False)


def spectrum(k: Tensor) -> Tensor:
    """Return the spectra of filters k, for `fft_conv_spectrum`: (..., L) -> (..., F)."""
    return _transform(np.asarray(k, np.float32))


def fft_conv_spectrum(u: Tensor, K: Tensor, bias: Tensor) -> Tensor:
    """Compute `fft_conv` from the spectra of the filters: (B, D, L), (D, F), (D,) -> (B, D, L)."""
    return _convolve(u, K, bias)


def _convolve(u: Tensor, K: Tensor, bias: Tensor) -> Tensor:
    B, D, L = u.shape
    x, bias, bytes_of_a_channel = np.asarray(u, np.float32), np.asarray(bias, np.float32), 4 * B * planned_length(L)
    if D * bytes_of_a_channel <= BLOCK_BYTES:
        return _filter(x, _transform(x), K, bias).astype(u.dtype, copy=False)
    y = np.empty(u.shape, u.dtype)
    width = max(_workers(u), BLOCK_BYTES // bytes_of_a_channel)
    for start in range(0, D, width):
        block = slice(start, start + width)
        y[:, block] = _filter(x[:, block], _transform(x[:, block]), K[block], bias[block])
    return y


def _filter(x: Tensor, X: Tensor, K: Tensor, bias: Tensor) -> Tensor:
    """Convolve a block of channels and add the skip; X is overwritten."""
    X *= K
    return _inverse(X, x.shape[-1]) + bias[:, None] * x


def _transform(x: Tensor) -> Tensor:
    """Return the spectrum of zero-padded x, in the order of `_inverse`: (..., L) -> (..., F)."""
    if steps := _steps(x.shape[-1]):
        with scipy.fft.set_workers(_workers(x)):
            return two_steps.transform(LIBRARY, x, steps, two_steps.twiddle(*steps))
    return scipy.fft.rfft(x, planned_length(x.shape[-1]), workers=_workers(x))


def _inverse(Y: Tensor, L: int) -> Tensor:
    """Return the first L values of the signal: (..., F) -> (..., L); Y is overwritten."""
    if steps := _steps(L):
        with scipy.fft.set_workers(_workers(Y)):
            return two_steps.inverse(LIBRARY, Y, L, steps, two_steps.twiddle(*steps, conjugate=True))
    return scipy.fft.irfft(Y, planned_length(L), overwrite_x=True, workers=_workers(Y))[..., :L]


def _steps(L: int) -> tuple[int, int] | None:
    """Return rows and columns of a transform in two steps for L bases, or None for one step."""
    return planned_steps(L, two_steps_from(TWO_STEPS_FROM), ROWS)


def _workers(x: Tensor) -> int:
    return cores() if x.size >= SHARED_FROM else 1
