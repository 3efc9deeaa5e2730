"""The long convolution in JAX, with a gradient of its own: JAX would transform each way twice more."""

import jax
import jax.numpy as jnp

from hyenadna_backends.fft_length import smooth_length


def fft_conv(u, k, bias):
    """Causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    x, k, bias = (jnp.asarray(t, jnp.float32) for t in (u, k, bias))
    return (_convolve(x, k) + bias[:, None] * x).astype(u.dtype)


@jax.custom_vjp
def _convolve(x, k):
    return _forward(x, k)[0]


def _forward(x, k):
    L = x.shape[-1]
    N = smooth_length(2 * L - 1)  # room for the tail, so that the circular convolution is a linear one
    X, K = jnp.fft.rfft(x, N), jnp.fft.rfft(k, N)  # (B, D, F), (D, F)
    return jnp.fft.irfft(X * K, N)[..., :L], (X, K)


def _backward(spectra, dy):
    """The adjoint of a convolution is the correlation: conjugate spectra."""
    X, K = spectra
    L = dy.shape[-1]
    N = smooth_length(2 * L - 1)
    DY = jnp.fft.rfft(dy, N)
    dx = jnp.fft.irfft(DY * K.conj(), N)[..., :L]
    dk = jnp.fft.irfft((DY * X.conj()).sum(axis=0), N)[..., :L]
    return dx, dk


_convolve.defvjp(_forward, _backward)
