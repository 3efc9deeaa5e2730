"""The long convolution in PyTorch, with its own gradient; long channels run a few at a time.

PyTorch differentiates a real transform through a complex one of twice the size. The gradient of a
convolution is a correlation, which needs only three real transforms. A block of channels fits into
the cache, so the products between transforms cost little. The backward pass uses the spectra of the
forward pass if they are small; otherwise it computes them again. On a CPU, a transform too long for
the cache runs in two steps.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.fft_length import planned_length, planned_steps, two_steps_from
from hyenadna_backends.kernels import two_steps

BLOCK_BYTES = 1 << 24  # of the padded input of a block; with its spectra, it stays near the cache
KEPT_BYTES = 1 << 28  # of spectra kept for the backward pass; beyond, only inputs are kept
TWO_STEPS_FROM = 600_000  # points; measured on a CPU with 1 MB of cache per core (docs/log.md)
ROWS = 1024
LIBRARY = SimpleNamespace(
    pad=lambda x, widths: torch.nn.functional.pad(x, widths[-1]),
    multiply=lambda X, factors: X.mul_(torch.from_numpy(factors)),
    fft=torch.fft,
)


def fft_conv(u: Tensor, k: Tensor, bias: Tensor) -> Tensor:
    """Compute the causal long convolution with a skip: (B, D, L), (D, L), (D,) -> (B, D, L)."""
    x, k, bias = (t.to(torch.float32) for t in (u, k, bias))
    return _convolve(x, k, bias).to(u.dtype)


def spectrum(k: Tensor) -> Tensor:
    """Return the spectra of filters k, for `fft_conv_spectrum`: (..., L) -> (..., F)."""
    return _transform(k.to(torch.float32))


def fft_conv_spectrum(u: Tensor, K: Tensor, bias: Tensor) -> Tensor:
    """Compute `fft_conv` from spectra, without gradient: (B, D, L), (D, F), (D,) -> (B, D, L)."""
    x, bias = u.to(torch.float32), bias.to(torch.float32)
    blocks = _blocks(x)
    if not blocks:
        return _filter(_transform(x), K, bias, x).to(u.dtype)
    y = torch.empty(u.shape, dtype=u.dtype, device=u.device)
    for block in blocks:
        part = x[:, block]
        y[:, block] = _filter(_transform(part), K[block], bias[block], part)
    return y


def _blocks(x: Tensor) -> list[slice]:
    """Cut the channels of x (B, D, L) into slices for blocks; none if one block is enough."""
    B, D, L = x.shape
    bytes_of_a_channel = 4 * B * planned_length(L)
    if x.device.type != "cpu" or D * bytes_of_a_channel <= BLOCK_BYTES:
        return []
    width = max(2 * torch.get_num_threads(), BLOCK_BYTES // bytes_of_a_channel)
    return [slice(start, min(start + width, D)) for start in range(0, D, width)]


def _filter(X: Tensor, K: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    """Convolve a block from its spectra and add the skip."""
    return torch.addcmul(_inverse(X * K, x.shape[-1]), bias[:, None], x)


def _gradients(X: Tensor, K: Tensor, bias: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of a block in x and k: correlations, by conjugate spectra."""
    DY = _transform(dy)
    dk = _inverse((DY * X.conj()).sum(dim=0), dy.shape[-1])
    return _filter(DY, K.conj(), bias, dy), dk


def _gradient_of_input(kept: list[Tensor], k: Tensor, bias: Tensor, dy: Tensor) -> Tensor:
    """Return the gradient in x of a convolution with a frozen filter; `kept` has K or nothing."""
    parts = []
    for number, block in enumerate(_blocks(dy) or [slice(None)]):
        K = kept[number] if kept else _transform(k[block])
        parts.append(_filter(_transform(dy[:, block]), K.conj(), bias[block], dy[:, block]))
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)


def _transform(x: Tensor) -> Tensor:
    """Return the spectrum of zero-padded x, in the order of `_inverse`: (..., L) -> (..., F)."""
    if steps := _steps(x.shape[-1], x.device):
        return two_steps.transform(LIBRARY, x, steps, two_steps.twiddle(*steps))
    return torch.fft.rfft(x, planned_length(x.shape[-1]))


def _inverse(Y: Tensor, L: int) -> Tensor:
    """Return the first L values of the signal with spectrum Y: (..., F) -> (..., L)."""
    if steps := _steps(L, Y.device):
        return two_steps.inverse(LIBRARY, Y, L, steps, two_steps.twiddle(*steps, conjugate=True))
    return torch.fft.irfft(Y, planned_length(L))[..., :L]


def _steps(L: int, device: Any) -> tuple[int, int] | None:
    """Return rows and columns of a transform in two steps for L bases, or None for one step."""
    return planned_steps(L, two_steps_from(TWO_STEPS_FROM), ROWS) if device.type == "cpu" else None


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, k: Tensor, bias: Tensor) -> Tensor:
        B, D, L = x.shape
        of_filter = any(ctx.needs_input_grad[1:])  # a frozen filter needs no gradient, and x is not kept for it
        keeps, kept = any(ctx.needs_input_grad) and 4 * (B + 1) * D * planned_length(L) <= KEPT_BYTES, []
        if blocks := _blocks(x):
            y = torch.empty_like(x, memory_format=torch.contiguous_format)
            for block in blocks:
                X, K = _transform(x[:, block]), _transform(k[block])
                y[:, block] = _filter(X, K, bias[block], x[:, block])
                kept += ([X, K] if of_filter else [K]) if keeps else []
        else:
            X, K = _transform(x), _transform(k)
            y = _filter(X, K, bias, x)
            kept = ([X, K] if of_filter else [K]) if keeps else []
        ctx.save_for_backward(x if of_filter else None, k, bias, *kept)
        return y

    @staticmethod
    @once_differentiable  # a second derivative would take the kept spectra for constants
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, k, bias, *kept = ctx.saved_tensors
        if x is None:
            return _gradient_of_input(kept, k, bias, dy), None, None
        if blocks := _blocks(x):
            dx, dk = torch.empty_like(dy, memory_format=torch.contiguous_format), torch.empty_like(k)
            for number, block in enumerate(blocks):
                X, K = kept[2 * number : 2 * number + 2] or (_transform(x[:, block]), _transform(k[block]))
                dx[:, block], dk[block] = _gradients(X, K, bias[block], dy[:, block])
        else:
            X, K = kept or (_transform(x), _transform(k))
            dx, dk = _gradients(X, K, bias, dy)
        return dx, dk, torch.linalg.vecdot(dy, x).sum(dim=0)


_convolve: Callable[..., Tensor] = _Convolution.apply
