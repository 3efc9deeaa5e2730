"""The long convolution in JAX, with its own gradient.

JAX itself would compute two more transforms in each direction. On a CPU, a transform too long for
the cache runs in two steps.
"""

import jax
import jax.numpy as jnp

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.fft_length import planned_length, planned_steps, two_steps_from
from hyenadna_backends.kernels import two_steps

TWO_STEPS_FROM, ROWS_DOUBLE_FROM = 600_000, 1_800_000  # points; on a CPU with 1 MB of cache per core (docs/log.md)
ROWS = 1024
KEPT_BYTES = 1 << 28  # of spectra kept for the backward pass; beyond, channels run in blocks and only inputs are kept
BLOCK_BYTES = 1 << 26  # of the padded input of such a block


def fft_conv(u: Tensor, k: Tensor, bias: Tensor) -> Tensor:
    """Compute the causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    x, k, bias = _channels_first(u), jnp.asarray(k, jnp.float32)[:, None], jnp.asarray(bias, jnp.float32)
    return (_convolve(x, k) + bias[:, None, None] * x).swapaxes(0, 1).astype(u.dtype)


def spectrum(k: Tensor) -> Tensor:
    """Return the spectra of filters k, for `fft_conv_spectrum`: (..., L) -> (..., F)."""
    return _transform(jnp.asarray(k, jnp.float32))


def fft_conv_spectrum(u: Tensor, K: Tensor, bias: Tensor) -> Tensor:
    """Compute `fft_conv` from spectra: (B, D, L), (D, F), (D,) -> (B, D, L).

    It has no gradient in the filters.
    """
    x, bias = _channels_first(u), jnp.asarray(bias, jnp.float32)
    y = _inverse(_transform(x) * K[:, None], x.shape[-1]) + bias[:, None, None] * x
    return y.swapaxes(0, 1).astype(u.dtype)


def _channels_first(u: Tensor) -> Tensor:
    """Return u (B, D, L) as (D, B, L) in float32.

    The operator made u in this order, so XLA moves no data.
    """
    return jnp.asarray(u, jnp.float32).swapaxes(0, 1)


@jax.custom_vjp
def _convolve(x: Tensor, k: Tensor) -> Tensor:
    """Convolve (D, B, L) with (D, 1, L) -> (D, B, L)."""
    return _forward(x, k)[0]


def _forward(x: Tensor, k: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    if width := _width(x):
        y = jax.lax.map(lambda block: _with_spectra(*block)[0], (_split(x, width), _split(k, width)))
        return y.reshape(x.shape), (x, k)
    y, X, K = _with_spectra(x, k)
    return y, (X, K)


def _backward(kept: tuple[Tensor, Tensor], dy: Tensor) -> tuple[Tensor, Tensor]:
    if width := _width(dy):
        x, k = kept

        def gradients(block: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            x, k, dy = block
            return _correlations(_transform(x), _transform(k), dy)

        dx, dk = jax.lax.map(gradients, (_split(x, width), _split(k, width), _split(dy, width)))
        return dx.reshape(x.shape), dk.reshape(k.shape)
    X, K = kept
    return _correlations(X, K, dy)


def _with_spectra(x: Tensor, k: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    X, K = _transform(x), _transform(k)  # (D, B, F), (D, 1, F)
    return _inverse(X * K, x.shape[-1]), X, K


def _correlations(X: Tensor, K: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of a convolution: correlations, by conjugate spectra."""
    DY = _transform(dy)
    dx = _inverse(DY * K.conj(), dy.shape[-1])
    dk = _inverse((DY * X.conj()).sum(axis=1, keepdims=True), dy.shape[-1])
    return dx, dk


def _transform(x: Tensor) -> Tensor:
    """Return the spectrum of zero-padded x, in the order of `_inverse`: (..., L) -> (..., F)."""
    if steps := _steps(x.shape[-1]):
        return two_steps.transform(jnp, x, steps, two_steps.twiddle(*steps))
    return jnp.fft.rfft(x, planned_length(x.shape[-1]))


def _inverse(Y: Tensor, L: int) -> Tensor:
    """Return the first L values of the signal with spectrum Y: (..., F) -> (..., L)."""
    if steps := _steps(L):
        return two_steps.inverse(jnp, Y, L, steps, two_steps.twiddle(*steps, conjugate=True))
    return jnp.fft.irfft(Y, planned_length(L))[..., :L]


def _steps(L: int) -> tuple[int, int] | None:
    """Return rows and columns of a transform in two steps for L bases, or None for one step."""
    if jax.default_backend() != "cpu":
        return None
    rows = ROWS if planned_length(L) < ROWS_DOUBLE_FROM else 2 * ROWS
    return planned_steps(L, two_steps_from(TWO_STEPS_FROM), rows)


def _width(x: Tensor) -> int | None:
    """Return how many channels of x (D, B, L) run at a time, a divisor of D; None if all can."""
    D, B, _ = x.shape
    bytes_of_a_channel = 4 * B * planned_length(x.shape[-1])
    if (B + 1) * D * bytes_of_a_channel // B <= KEPT_BYTES:
        return None
    most = max(1, BLOCK_BYTES // bytes_of_a_channel)
    return max(width for width in range(1, most + 1) if D % width == 0)


def _split(x: Tensor, width: int) -> Tensor:
    """Cut channels into blocks: (D, B, L) -> (D / width, width, B, L)."""
    return x.reshape(-1, width, *x.shape[1:])


_convolve.defvjp(_forward, _backward)
