"""The long convolution in MLX."""

import mlx.core as mx

from hyenadna_backends.fft_length import METAL_LARGEST_N, power_of_two_length, smooth_length


def fft_conv(u, k, bias):
    """Causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    L = u.shape[-1]
    on_metal = mx.default_device().type == mx.DeviceType.gpu
    N = (power_of_two_length if on_metal else smooth_length)(2 * L - 1)
    stream = mx.cpu if on_metal and N > METAL_LARGEST_N else None  # None: wherever the rest runs
    x, k, bias = (t.astype(mx.float32) for t in (u, k, bias))
    spectrum = mx.fft.rfft(x, N, stream=stream) * mx.fft.rfft(k, N, stream=stream)  # (B, D, F)
    y = mx.fft.irfft(spectrum, N, stream=stream)[..., :L] + bias[:, None] * x
    return y.astype(u.dtype)
