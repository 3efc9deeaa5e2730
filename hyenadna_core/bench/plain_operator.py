"""The Hyena operator as the original computes it: `hyenadna bench` compares ours with it."""

from typing import Any

from keras import ops

from hyenadna_backends import fft_conv
from hyenadna_backends.blocks import Tensor


def plain_operator(layer: Any, x: Tensor, training: bool = False, spectra: Tensor | None = None) -> Tensor:
    """Compute a HyenaOperator formula by formula, in the original's layout: (B, L, D) -> (B, L, D).

    The formulas are in docs/model.md section 2. Projections have a row for each position and are
    transposed to (B, C, L) for the convolutions. The network computes the filters on every call,
    even if `spectra` are kept. The backend derives every gradient.
    """
    y = layer.in_proj(x)
    y = short_convolution(ops.transpose(y, (0, 2, 1)), layer.short_filter.taps, layer.short_filter.bias)
    *gates, v = ops.split(y, layer.config.order + 1, axis=1)
    network = layer.filter_fn
    skips = network.by_step(network.bias)
    for gate, k, skip in zip(gates[:0:-1], filters(network, *layer.pos_emb(x)), skips, strict=True):
        v = fft_conv(v * gate, k, skip)
    return layer.out_proj(ops.transpose(v * gates[0], (0, 2, 1)))


def short_convolution(x: Tensor, taps: Tensor, bias: Tensor) -> Tensor:
    """Convolve each channel causally with its taps: (B, C, L), (width, C), (C,) -> (B, C, L)."""
    (width, _), L = taps.shape, x.shape[2]
    padded = ops.pad(x, ((0, 0), (0, 0), (width - 1, 0)))
    terms = (ops.cast(taps[i], x.dtype)[:, None] * padded[:, :, i : i + L] for i in range(width))
    return sum(terms, start=ops.cast(bias, x.dtype)[:, None])


def filters(network: Any, z: Tensor, t: Tensor) -> Tensor:
    """Compute the long filters of every step: (L, emb_dim), (L, 1) -> (O - 1, D, L)."""
    window = ops.exp(-t * ops.abs(network.deltas)) + network.window_shift  # (L, (order - 1) D)
    return network.by_step(ops.transpose(network.linears[-1](network.hidden(z)) * window))
