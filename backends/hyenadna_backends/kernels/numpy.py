"""The long convolution in NumPy, with SciPy's transforms: they keep float32."""

import numpy as np
import scipy.fft

from hyenadna_backends.fft_length import smooth_length


def fft_conv(u, k, bias):
    """Causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    L = u.shape[-1]
    N = smooth_length(2 * L - 1)  # room for the tail, so that the circular convolution is a linear one
    x, k, bias = (np.asarray(t, np.float32) for t in (u, k, bias))
    spectrum = scipy.fft.rfft(x, N) * scipy.fft.rfft(k, N)  # (B, D, F)
    y = scipy.fft.irfft(spectrum, N)[..., :L] + bias[:, None] * x
    return y.astype(u.dtype)
