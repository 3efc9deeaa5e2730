"""The long convolution in MLX."""

import mlx.core as mx

from hyenadna_backends.fft_length import METAL_LARGEST_N, planned_length


def fft_conv(u, k, bias):
    """Causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    return fft_conv_spectrum(u, spectrum(k), bias)


def spectrum(k):
    """What `fft_conv_spectrum` takes in place of k: (D, L) -> (D, F)."""
    N, stream = _plan(k.shape[-1])
    return mx.fft.rfft(k.astype(mx.float32), N, stream=stream)


def fft_conv_spectrum(u, K, bias):
    """`fft_conv` with the filters' spectra: (B, D, L), (D, F), (D,) -> (B, D, L)."""
    L = u.shape[-1]
    N, stream = _plan(L)
    x, bias = u.astype(mx.float32), bias.astype(mx.float32)
    y = mx.fft.irfft(mx.fft.rfft(x, N, stream=stream) * K, N, stream=stream)[..., :L] + bias[:, None] * x
    return y.astype(u.dtype)


def _plan(L):
    """The length of the transforms for L bases, and the stream that can do them; None: wherever the rest runs."""
    on_metal = mx.default_device().type == mx.DeviceType.gpu
    N = planned_length(L, "power_of_two" if on_metal else "smooth")
    return N, mx.cpu if on_metal and N > METAL_LARGEST_N else None
