"""The long convolution in MLX, with a gradient of its own: MLX's goes through complex transforms of twice the size.

MLX's CPU transforms run on one core: channels are shared out over streams, one a core. On Metal, a transform that is
too long goes in two steps.
"""

import os
from functools import lru_cache

import mlx.core as mx

from hyenadna_backends.fft_length import METAL_LARGEST_N, planned_length
from hyenadna_backends.kernels import two_steps

SHARED_FROM = 1 << 17  # numbers: fewer are not worth a second stream


def fft_conv(u, k, bias):
    """Causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    x, k, bias = (t.astype(mx.float32) for t in (u, k, bias))
    shares = _shares(x)
    parts = [_convolution(stream)(x[:, share], k[share])[0] for share, stream in shares]
    return (_joined(parts) + bias[:, None] * x).astype(u.dtype)


def spectrum(k):
    """What `fft_conv_spectrum` takes in place of k: (..., L) -> (..., F)."""
    return _transform(k.astype(mx.float32), None)


def fft_conv_spectrum(u, K, bias):
    """`fft_conv` with the filters' spectra: (B, D, L), (D, F), (D,) -> (B, D, L)."""
    x, bias = u.astype(mx.float32), bias.astype(mx.float32)
    parts = []
    for share, stream in _shares(x):
        X = _transform(x[:, share], stream)
        parts.append(_inverse(mx.multiply(X, K[share], stream=stream or mx.default_device()), x.shape[-1], stream))
    return (_joined(parts) + bias[:, None] * x).astype(u.dtype)


def _shares(x):
    """Slices of the channels of (B, D, L) and the stream that each goes on; None: wherever the rest runs."""
    D = x.shape[1]
    streams = _streams() if x.size >= SHARED_FROM and not _on_metal() else (None,)
    edges = [D * number // len(streams) for number in range(len(streams) + 1)]
    shares = zip(edges, edges[1:], streams, strict=False)
    return [(slice(start, end), stream) for start, end, stream in shares if start < end]


def _joined(parts):
    return parts[0] if len(parts) == 1 else mx.concatenate(parts, axis=1)


@lru_cache(maxsize=1)
def _streams():
    """The default stream, and one more for each further core."""
    return (None, *(mx.new_stream(mx.cpu) for _ in range(min(os.cpu_count() or 1, 8) - 1)))


@lru_cache(maxsize=16)
def _convolution(stream):
    """The convolution on one stream: it gives the spectra too, which its gradient needs."""
    run_on = stream or mx.default_device()

    @mx.custom_function
    def convolve(x, k):
        X, K = _transform(x, stream), _transform(k, stream)
        return _inverse(mx.multiply(X, K, stream=run_on), x.shape[-1], stream), X, K

    @convolve.vjp
    def convolve_vjp(_, cotangents, outputs):
        """The adjoint of a convolution is the correlation: conjugate spectra."""
        (dy, _, _), (_, X, K) = cotangents, outputs
        L = dy.shape[-1]
        DY = _transform(dy, stream)
        dx = mx.multiply(DY, mx.conjugate(K, stream=run_on), stream=run_on)
        dk = mx.sum(mx.multiply(DY, mx.conjugate(X, stream=run_on), stream=run_on), axis=0, stream=run_on)
        return _inverse(dx, L, stream), _inverse(dk, L, stream)

    return convolve


def _transform(x, stream):
    N = _planned(x.shape[-1])
    if _on_metal() and N > METAL_LARGEST_N:
        return two_steps.transform(mx, x, _rows_and_columns(N), _twiddle(N))
    return mx.fft.rfft(x, N, stream=stream)


def _inverse(Y, L, stream):
    N = _planned(L)
    if _on_metal() and N > METAL_LARGEST_N:
        return two_steps.inverse(mx, Y, L, _rows_and_columns(N), _twiddle(N))
    return mx.fft.irfft(Y, N, stream=stream)[..., :L]


def _planned(L):
    return planned_length(L, "power_of_two" if _on_metal() else "smooth")


def _rows_and_columns(N):
    rows = 1 << (N.bit_length() // 2)
    return rows, -(-N // rows)


@lru_cache(maxsize=4)
def _twiddle(N):
    return mx.array(two_steps.twiddle(*_rows_and_columns(N)))


def _on_metal():
    return mx.default_device().type == mx.DeviceType.gpu
