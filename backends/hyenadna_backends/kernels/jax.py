"""The long convolution in JAX, with a gradient of its own: JAX would transform each way twice more."""

import jax
import jax.numpy as jnp

from hyenadna_backends.fft_length import planned_length

KEPT_BYTES = 1 << 28  # of spectra kept for the backward pass; beyond, channels go in blocks and inputs alone are kept
BLOCK_BYTES = 1 << 26  # of a block's padded input, then


def fft_conv(u, k, bias):
    """Causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    x, k, bias = (jnp.asarray(t, jnp.float32) for t in (u, k, bias))
    return (_convolve(x, k) + bias[:, None] * x).astype(u.dtype)


def spectrum(k):
    """What `fft_conv_spectrum` takes in place of k: (D, L) -> (D, F)."""
    return jnp.fft.rfft(jnp.asarray(k, jnp.float32), planned_length(k.shape[-1]))


def fft_conv_spectrum(u, K, bias):
    """`fft_conv` with the filters' spectra, without a gradient in them: (B, D, L), (D, F), (D,) -> (B, D, L)."""
    x, bias = jnp.asarray(u, jnp.float32), jnp.asarray(bias, jnp.float32)
    L = x.shape[-1]
    N = planned_length(L)
    return (jnp.fft.irfft(jnp.fft.rfft(x, N) * K, N)[..., :L] + bias[:, None] * x).astype(u.dtype)


@jax.custom_vjp
def _convolve(x, k):
    return _forward(x, k)[0]


def _forward(x, k):
    if width := _width(x):
        y = jax.lax.map(lambda block: _with_spectra(*block)[0], (_split(x, width, 1), _split(k, width, 0)))
        return _join(y, 1), (x, k)
    y, X, K = _with_spectra(x, k)
    return y, (X, K)


def _backward(kept, dy):
    if width := _width(dy):
        x, k = kept

        def gradients(block):
            x, k, dy = block
            return _correlations(jnp.fft.rfft(x, _length(x)), jnp.fft.rfft(k, _length(x)), dy)

        dx, dk = jax.lax.map(gradients, (_split(x, width, 1), _split(k, width, 0), _split(dy, width, 1)))
        return _join(dx, 1), _join(dk, 0)
    X, K = kept
    return _correlations(X, K, dy)


def _with_spectra(x, k):
    X, K = jnp.fft.rfft(x, _length(x)), jnp.fft.rfft(k, _length(x))  # (B, D, F), (D, F)
    return jnp.fft.irfft(X * K, _length(x))[..., : x.shape[-1]], X, K


def _correlations(X, K, dy):
    """The adjoint of a convolution is the correlation: conjugate spectra."""
    L, N = dy.shape[-1], _length(dy)
    DY = jnp.fft.rfft(dy, N)
    dx = jnp.fft.irfft(DY * K.conj(), N)[..., :L]
    dk = jnp.fft.irfft((DY * X.conj()).sum(axis=0), N)[..., :L]
    return dx, dk


def _length(x):
    return planned_length(x.shape[-1])


def _width(x):
    """How many channels of (B, D, L) go at a time where not all can: a divisor of D. Else None."""
    B, D, _ = x.shape
    bytes_of_a_channel = 4 * B * _length(x)
    if (B + 1) * D * bytes_of_a_channel // B <= KEPT_BYTES:
        return None
    most = max(1, BLOCK_BYTES // bytes_of_a_channel)
    return max(width for width in range(1, most + 1) if D % width == 0)


def _split(x, width, axis):
    """Channels in blocks, the blocks first: axis of D into D / width and width."""
    shape = (*x.shape[:axis], x.shape[axis] // width, width, *x.shape[axis + 1 :])
    return jnp.moveaxis(x.reshape(shape), axis, 0)


def _join(blocks, axis):
    x = jnp.moveaxis(blocks, 0, axis)
    return x.reshape(*x.shape[:axis], -1, *x.shape[axis + 2 :])


_convolve.defvjp(_forward, _backward)
