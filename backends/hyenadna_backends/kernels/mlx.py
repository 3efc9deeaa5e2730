"""The long convolution in MLX, with its own gradient.

The gradient of MLX itself uses complex transforms of twice the size. On a CPU, a transform of MLX
runs on one core, so the channels are divided among streams, one for each core. A transform too
long for the cache, or for Metal, runs in two steps.
"""

from collections.abc import Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import mlx.core as mx
import numpy as np

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.devices import cores
from hyenadna_backends.fft_length import METAL_LARGEST_N, planned_length, planned_steps, two_steps_from
from hyenadna_backends.kernels import two_steps

SHARED_FROM = 1 << 17  # numbers; for fewer, a second stream costs more than it saves
TWO_STEPS_FROM = 400_000  # points; measured on a CPU with 1 MB of cache per core (docs/log.md)
ROWS = 512
PAIRS_FROM = 1 << 15  # complex numbers; below, more operations cost more than they save


def fft_conv(u: Tensor, k: Tensor, bias: Tensor) -> Tensor:
    """Compute the causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    x, k, bias = (t.astype(mx.float32) for t in (u, k, bias))
    shares = _shares(x)
    parts = [_convolution(stream)(x[:, share], k[share])[0] for share, stream in shares]
    return (_joined(parts) + bias[:, None] * x).astype(u.dtype)


def spectrum(k: Tensor) -> Tensor:
    """Return the spectra of filters k, for `fft_conv_spectrum`: (..., L) -> (..., F)."""
    return _transform(k.astype(mx.float32))


def fft_conv_spectrum(u: Tensor, K: Tensor, bias: Tensor) -> Tensor:
    """Compute `fft_conv` from the spectra of the filters: (B, D, L), (D, F), (D,) -> (B, D, L)."""
    x, bias = u.astype(mx.float32), bias.astype(mx.float32)
    parts = []
    for share, stream in _shares(x):
        with mx.stream(stream):
            parts.append(_inverse(_product(_transform(x[:, share]), K[share]), x.shape[-1]))
    return (_joined(parts) + bias[:, None] * x).astype(u.dtype)


def _shares(x: Tensor) -> list[tuple[slice, Any]]:
    """Return slices of the channels of x (B, D, L), each with its stream."""
    D = x.shape[1]
    streams = _streams() if x.size >= SHARED_FROM and not _on_metal() else (mx.default_stream(mx.default_device()),)
    edges = [D * number // len(streams) for number in range(len(streams) + 1)]
    shares = zip(edges, edges[1:], streams, strict=False)
    return [(slice(start, end), stream) for start, end, stream in shares if start < end]


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else mx.concatenate(parts, axis=1)


@lru_cache(maxsize=1)
def _streams() -> tuple[Any, ...]:
    """Return the default stream, and one more for each further core."""
    cpu: Any = mx.cpu  # the types of MLX ask for a Device, which it also makes of this
    return (mx.default_stream(cpu), *(mx.new_stream(cpu) for _ in range(min(cores(), 8) - 1)))


@lru_cache(maxsize=16)
def _convolution(stream: Any) -> Any:
    """Make the convolution on one stream; it also returns the spectra, for its gradient."""

    @mx.custom_function
    def convolve(x: Tensor, k: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        with mx.stream(stream):
            X, K = _transform(x), _transform(k)
            return _inverse(_product(X, K), x.shape[-1]), X, K

    @convolve.vjp
    def convolve_vjp(_: Any, cotangents: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the gradients of a convolution: correlations, by conjugate spectra."""
        (dy, _, _), (_, X, K) = cotangents, outputs
        L = dy.shape[-1]
        with mx.stream(stream):
            DY = _transform(dy)
            dk = mx.sum(_product(DY, mx.conjugate(X)), axis=0)
            return _inverse(_product(DY, mx.conjugate(K)), L), _inverse(dk, L)

    return convolve


def _transform(x: Tensor) -> Tensor:
    """Return the spectrum of zero-padded x, in the order of `_inverse`: (..., L) -> (..., F)."""
    if steps := _steps(x.shape[-1]):
        return two_steps.transform(_library(), x, steps, _factors(*steps, False, _on_metal()))
    return mx.fft.rfft(x, _planned(x.shape[-1]))


def _inverse(Y: Tensor, L: int) -> Tensor:
    """Return the first L values of the signal with spectrum Y: (..., F) -> (..., L)."""
    if steps := _steps(L):
        return two_steps.inverse(_library(), Y, L, steps, _factors(*steps, True, _on_metal()))
    return mx.fft.irfft(Y, _planned(L))[..., :L]


def _steps(L: int) -> tuple[int, int] | None:
    """Return rows and columns of a transform in two steps for L bases, or None for one step."""
    if not _on_metal():
        return planned_steps(L, two_steps_from(TWO_STEPS_FROM), ROWS)
    start = METAL_LARGEST_N + 1
    rows = 1 << (_planned(L).bit_length() // 2)
    return planned_steps(L, min(start, two_steps_from(start)), rows, "power_of_two")


def _planned(L: int) -> int:
    return planned_length(L, "power_of_two" if _on_metal() else "smooth")


def _product(X: Tensor, K: Tensor) -> Tensor:
    """Multiply X and K; on a CPU by real numbers, as MLX is twice as slow with complex ones."""
    if _on_metal() or X.size < PAIRS_FROM:
        return X * K
    (a, b), (c, d) = ((pairs[..., 0], pairs[..., 1]) for pairs in (_pairs(X), _pairs(K)))
    return _complex(mx.stack([a * c - b * d, a * d + b * c], axis=-1))


def _library() -> Any:
    """Return the functions that the two steps use."""
    return mx if _on_metal() else SimpleNamespace(pad=mx.pad, multiply=_turned, fft=mx.fft)


@lru_cache(maxsize=4)
def _factors(rows: int, columns: int, conjugate: bool, whole: bool) -> Any:
    """Return the twiddle factors of two steps: complex numbers if `whole`, else for `_turned`."""
    factors = two_steps.twiddle(rows, columns, conjugate)
    if whole:
        return mx.array(factors)
    real, imaginary = factors.real, factors.imag
    return tuple(mx.array(np.stack(pair, axis=-1)) for pair in ((real, real), (-imaginary, imaginary)))


def _turned(X: Tensor, factors: tuple[Tensor, Tensor]) -> Tensor:
    """Multiply X by twiddle factors, in real numbers.

    A pair is multiplied by the real part; the swapped pair by the imaginary part with its signs.
    """
    pairs, (real, imaginary) = _pairs(X), factors
    return _complex(pairs * real + pairs[..., ::-1] * imaginary)


def _pairs(X: Tensor) -> Tensor:
    """View complex numbers as pairs of real ones: (...) -> (..., 2)."""
    return X.view(mx.float32).reshape(*X.shape, 2)


def _complex(pairs: Tensor) -> Tensor:
    """View pairs of real numbers as complex ones: (..., 2) -> (...)."""
    return pairs.view(mx.complex64)[..., 0]


def _on_metal() -> bool:
    return mx.default_device().type == mx.DeviceType.gpu
