"""The short convolution: a few taps for each channel, channels first.

For JAX and PyTorch the gradients are written here, which halves their time (docs/log.md): JAX would
pad one copy of the gradient for each tap, and PyTorch would keep every partial sum.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from hyenadna_backends.blocks import Tensor, backend


def short_conv(x: Tensor, taps: Tensor, bias: Tensor) -> Tensor:
    """Convolve each channel causally with its taps: (C, B, L), (width, C), (C,) -> (C, B, L).

    y[t] = bias + sum over i of taps[i] x[t - (width - 1 - i)]: the last tap multiplies the present.
    """
    return _SHORT_CONV.get(backend(), _anywhere)(x, taps, bias)


def _anywhere(x: Tensor, taps: Tensor, bias: Tensor) -> Tensor:
    from keras import ops

    width, L = taps.shape[0], x.shape[2]
    padded = ops.pad(x, ((0, 0), (0, 0), (width - 1, 0)))
    y = bias[:, None, None]
    for tap in range(width):
        y = y + taps[tap][:, None, None] * padded[:, :, tap : tap + L]
    return y


def _jax(x: Tensor, taps: Tensor, bias: Tensor) -> Tensor:
    return _jax_convolution()(x, taps, bias)


@cache
def _jax_convolution() -> Any:
    import jax
    import jax.numpy as jnp

    def views(x: Tensor, before: int, after: int) -> list[Tensor]:
        """Return a copy of x for each shift, from `before` positions later to `after` earlier."""
        padded = jnp.pad(x, ((0, 0), (0, 0), (before, after)))
        return [padded[:, :, i : i + x.shape[2]] for i in range(before + after + 1)]

    def weigh(taps: Tensor, views: Sequence[Tensor], start: Tensor) -> Tensor:
        return sum((tap[:, None, None] * view for tap, view in zip(taps, views, strict=True)), start=start)

    def convolve(x: Tensor, taps: Tensor, bias: Tensor) -> Tensor:
        return weigh(taps, views(x, len(taps) - 1, 0), bias[:, None, None])

    def forward(x: Tensor, taps: Tensor, bias: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        return convolve(x, taps, bias), (x, taps)

    def backward(kept: tuple[Tensor, Tensor], dy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, taps = kept
        dx = weigh(taps[::-1], views(dy, 0, len(taps) - 1), jnp.zeros((), dy.dtype))
        dtaps = [(view * dy).sum((1, 2), dtype="float32") for view in views(x, len(taps) - 1, 0)]
        dbias = dy.sum((1, 2), dtype="float32")
        return dx, jnp.stack(dtaps).astype(taps.dtype), dbias.astype(taps.dtype)

    convolution = jax.custom_vjp(convolve)
    convolution.defvjp(forward, backward)
    return convolution


def _torch(x: Tensor, taps: Tensor, bias: Tensor) -> Tensor:
    return _torch_convolution().apply(x.contiguous(), taps, bias)


@cache
def _torch_convolution() -> Any:
    import torch

    class ShortConvolution(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, taps: Tensor, bias: Tensor) -> Tensor:
            of_taps = any(ctx.needs_input_grad[1:])  # frozen taps need no gradient, and x is not kept for them
            ctx.save_for_backward(x if of_taps else None, taps)
            y = torch.addcmul(bias[:, None, None], x, taps[-1][:, None, None])
            for late, tap in enumerate(reversed(taps[:-1].unbind()), start=1):
                y[:, :, late:].addcmul_(x[:, :, :-late], tap[:, None, None])
            return y

        @staticmethod
        def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
            x, taps = ctx.saved_tensors
            dy, L = dy.contiguous(), dy.shape[2]
            dx = dy * taps[-1][:, None, None]
            for late, tap in enumerate(reversed(taps[:-1].unbind()), start=1):
                dx[:, :, :-late].addcmul_(dy[:, :, late:], tap[:, None, None])
            if x is None:
                return dx, None, None
            lates = range(len(taps) - 1, -1, -1)
            dtaps = [torch.linalg.vecdot(dy[:, :, late:], x[:, :, : max(0, L - late)]).sum(1) for late in lates]
            return dx, torch.stack(dtaps), dy.sum((1, 2))

    return ShortConvolution


_SHORT_CONV = {"jax": _jax, "torch": _torch}
