"""The long convolution in `keras.ops`, for backends of Keras without a native kernel."""

from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.fft_length import planned_length


def fft_conv(u: Tensor, k: Tensor, bias: Tensor) -> Tensor:
    """Compute the causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    L = u.shape[-1]
    N = planned_length(L)  # at least 2L - 1: then the circular convolution equals the linear one
    x, k, bias = (ops.cast(t, "float32") for t in (u, k, bias))
    u_real, u_imag = ops.rfft(x, N)  # complex numbers are pairs in keras.ops: each (B, D, F)
    k_real, k_imag = ops.rfft(k, N)  # each (D, F)
    spectrum = (u_real * k_real - u_imag * k_imag, u_real * k_imag + u_imag * k_real)
    y = ops.irfft(spectrum, N)[..., :L] + bias[:, None] * x
    return ops.cast(y, u.dtype)
