"""One base through a model of Hyena operators, with what was kept of those before it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.rows import rows
from hyenadna_core.model.linear import matrix
from hyenadna_core.model.tiles import BLOCK


class State(NamedTuple):
    """What a block of the model keeps from base to base.

    Attributes:
        projected: the projections of the last bases, which the short filter needs:
            (B, w - 1, (O + 1) D).
        inputs: of each long convolution, since the start of the block of bases: (B, D, BLOCK),
            the last one at the end and zeros before the first one.
        added: what all bases before that block add to its outputs, (B, D, BLOCK) each.
    """

    projected: Tensor
    inputs: tuple[Tensor, ...]
    added: tuple[Tensor, ...]


def weights_of(model: Any, filters: Sequence[np.ndarray]) -> dict[str, Any]:
    """Return the weights as `_step` takes them, in float32."""

    def tensor(value: Any) -> Tensor:  # in NumPy, since JAX would compile each small operation
        return ops.convert_to_tensor(np.asarray(ops.convert_to_numpy(value), np.float32))

    def dense(layer: Any) -> tuple[Tensor, Tensor]:
        return tensor(matrix(layer)), tensor(layer.bias)

    def norm(layer: Any) -> tuple[Tensor, Tensor]:
        return tensor(layer.gamma), tensor(layer.beta)

    backbone = model.backbone
    embeddings = tensor(backbone.embeddings.embeddings)
    return {
        "embeddings": embeddings,
        "blocks": [
            {
                "norm1": norm(block.norm1),
                "in": dense(block.mixer.in_proj),
                "short": (tensor(block.mixer.short_filter.taps), tensor(block.mixer.short_filter.bias)),
                "long": [tensor(k) for k in _first_taps(block.mixer, own)],
                "out": dense(block.mixer.out_proj),
                "norm2": norm(block.norm2),
                "fc1": dense(block.mlp.fc1),
                "fc2": dense(block.mlp.fc2),
            }
            for block, own in zip(backbone.blocks, filters, strict=True)
        ],
        "norm": norm(backbone.ln_f),
        "head": tensor(ops.transpose(embeddings) if model.lm_head is None else matrix(model.lm_head)),
    }


def _first_taps(mixer: Any, filters: np.ndarray) -> np.ndarray:
    """Return the first BLOCK taps of each filter, the last one first: (O - 1, D, BLOCK).

    The skip is part of the tap of the present base.
    """
    taps = np.zeros((*filters.shape[:2], BLOCK), np.float32)
    count = min(BLOCK, filters.shape[-1])
    taps[..., BLOCK - count :] = filters[..., :count][..., ::-1]
    taps[..., -1] += ops.convert_to_numpy(mixer.filter_fn.by_step(ops.convert_to_tensor(mixer.filter_fn.bias)))
    return taps


def read_base(
    weights: dict[str, Any], states: list[State], ids: Tensor, offset: int, epsilon: float
) -> tuple[Tensor, list[State]]:
    """Compute the logits after one more base, and the new states: (B,) -> (B, V).

    `offset` is the place of the base in its block of bases.
    """
    normalize, linear, gelu, join, split, _ = rows()
    x = weights["embeddings"][ids]  # (B, D)
    D = x.shape[-1]
    new = []
    for block, state in zip(weights["blocks"], states, strict=True):
        projected = join([state.projected, linear(normalize(x, *block["norm1"], epsilon), *block["in"])[:, None]], 1)
        taps, bias = block["short"]
        y = (projected * taps).sum(1) + bias
        *gates, v = split(y, D)
        inputs = []
        for gate, before, added, k in zip(gates[:0:-1], state.inputs, state.added, block["long"], strict=True):
            u = join([before[:, :, 1:], (v * gate)[:, :, None]], 2)
            v = added[:, :, offset] + (u * k).sum(-1)
            inputs.append(u)
        x = x + linear(v * gates[0], *block["out"])
        x = x + linear(gelu(linear(normalize(x, *block["norm2"], epsilon), *block["fc1"])), *block["fc2"])
        new.append(State(projected[:, 1:], tuple(inputs), state.added))
    return normalize(x, *weights["norm"], epsilon) @ weights["head"], new
