"""The long convolution in NumPy, with SciPy's transforms: they keep float32, and run on every core."""

import os

import numpy as np
import scipy.fft

from hyenadna_backends.fft_length import planned_length

SHARED_FROM = 1 << 18  # numbers: fewer are not worth threads
TOGETHER = 1 << 15  # numbers: up to here one transform of inputs and filters saves more than copying them takes
BLOCK_BYTES = 1 << 24  # of one block's padded input: what it and its spectra take stays near the cache


def fft_conv(u, k, bias):
    """Causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    B, D, L = u.shape
    N = planned_length(L)
    if (B + 1) * D * L > TOGETHER:
        return _convolve(u, _transform(k, N), bias, N)
    x = np.empty((B + 1, D, L), np.float32)
    x[:B], x[B] = u, k
    X = _transform(x, N)
    return _filter(x[:B], X[:B], X[B], np.asarray(bias, np.float32), N, None).astype(u.dtype, copy=False)


def spectrum(k):
    """What `fft_conv_spectrum` takes in place of k: (..., L) -> (..., F)."""
    return _transform(k, planned_length(k.shape[-1]))


def fft_conv_spectrum(u, K, bias):
    """`fft_conv` with the filters' spectra: (B, D, L), (D, F), (D,) -> (B, D, L)."""
    return _convolve(u, K, bias, planned_length(u.shape[-1]))


def _transform(k, N):
    return scipy.fft.rfft(np.asarray(k, np.float32), N, workers=_workers(k))


def _convolve(u, K, bias, N):
    B, D, _ = u.shape
    x, bias, workers = np.asarray(u, np.float32), np.asarray(bias, np.float32), _workers(u)
    if 4 * B * D * N <= BLOCK_BYTES:
        return _filter(x, _transform(x, N), K, bias, N, workers).astype(u.dtype, copy=False)
    y = np.empty(u.shape, u.dtype)
    width = max(workers or 1, BLOCK_BYTES // (4 * B * N))
    for start in range(0, D, width):
        block = slice(start, start + width)
        y[:, block] = _filter(x[:, block], _transform(x[:, block], N), K[block], bias[block], N, workers)
    return y


def _filter(x, X, K, bias, N, workers):
    """The convolution of a block of channels, with its skip; writes over their spectra X."""
    X *= K
    return scipy.fft.irfft(X, N, overwrite_x=True, workers=workers)[..., : x.shape[-1]] + bias[:, None] * x


def _workers(x):
    return (os.cpu_count() or 1) if x.size >= SHARED_FROM else None
