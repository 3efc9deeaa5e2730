"""The long convolution in NumPy, with SciPy's transforms: they keep float32, and run on every core."""

import os

import numpy as np
import scipy.fft

from hyenadna_backends.fft_length import planned_length

SHARED_FROM = 1 << 18  # numbers: fewer are not worth threads
BLOCK_BYTES = 1 << 24  # of one block's padded input: what it and its spectra take stays near the cache


def fft_conv(u, k, bias):
    """Causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    return fft_conv_spectrum(u, spectrum(k), bias)


def spectrum(k):
    """What `fft_conv_spectrum` takes in place of k: (..., L) -> (..., F)."""
    return scipy.fft.rfft(np.asarray(k, np.float32), planned_length(k.shape[-1]), workers=_workers(k))


def fft_conv_spectrum(u, K, bias):
    """`fft_conv` with the filters' spectra: (B, D, L), (D, F), (D,) -> (B, D, L)."""
    B, D, L = u.shape
    N, workers = planned_length(L), _workers(u)
    x, bias = np.asarray(u, np.float32), np.asarray(bias, np.float32)
    y = bias[:, None] * x
    width = max(workers, BLOCK_BYTES // (4 * B * N))
    for start in range(0, D, width):
        block = slice(start, start + width)
        X = scipy.fft.rfft(x[:, block], N, workers=workers)
        X *= K[block]
        y[:, block] += scipy.fft.irfft(X, N, overwrite_x=True, workers=workers)[..., :L]
    return y.astype(u.dtype, copy=False)


def _workers(x):
    return (os.cpu_count() or 1) if x.size >= SHARED_FROM else 1
