"""The long convolution in PyTorch."""

import torch

from hyenadna_backends.fft_length import smooth_length


def fft_conv(u, k, bias):
    """Causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    L = u.shape[-1]
    N = smooth_length(2 * L - 1)  # room for the tail, so that the circular convolution is a linear one
    x, k, bias = (t.to(torch.float32) for t in (u, k, bias))
    spectrum = torch.fft.rfft(x, N) * torch.fft.rfft(k, N)  # (B, D, F)
    y = torch.fft.irfft(spectrum, N)[..., :L] + bias[:, None] * x
    return y.to(u.dtype)
