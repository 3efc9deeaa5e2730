"""A language model that reads one base at a time: the logits of a full pass, in far less time.

The prompt is computed in one full pass. After it, each base takes a few products of a vector with
the matrices of the model, and the long convolutions come in tiles (tiles.py). All is in float32.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.convolution import fft_conv
from hyenadna_backends.forward import make_filters, run_layer, without_gradients
from hyenadna_backends.rows import compiled, rows
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.model.linear import matrix
from hyenadna_core.model.tiles import BLOCK, Tiles
from hyenadna_core.tokens import check_ids


class State(NamedTuple):
    """What a block of the model keeps from base to base.

    Attributes:
        projected: of the last bases, for the short filter: (B, w - 1, (O + 1) D).
        inputs: of each long convolution, since the start of the block of bases: (B, D, BLOCK),
            the last one at the end and zeros before the first one.
        added: what all bases before that block add to its outputs, (B, D, BLOCK) each.
    """

    projected: Tensor
    inputs: tuple[Tensor, ...]
    added: tuple[Tensor, ...]


class BaseByBase:
    """A causal language model that reads B sequences, one base of each at a time.

    `prefill` reads the first bases, `step` one more. `logits` are those of the next base, (B, V) in
    NumPy. They equal those of a full pass.

    Args:
        model: a CausalLM of Hyena operators. Later changes of its weights have no effect.
        length: the number of bases that are read in all, at most; it decides the memory.

    Raises:
        HyenaDNAError: the model has attention, or reads no sequence of this length.
    """

    def __init__(self, model: Any, length: int) -> None:
        if model.hyena_config.mixer != "hyena":
            raise HyenaDNAError("A model with attention cannot read base by base: choose one of Hyena operators.")
        if not 1 <= length <= model.max_seq_len:
            raise HyenaDNAError(f"{length:,} bases are asked for, and the model reads 1 to {model.max_seq_len:,}.")
        self.model, self.length, self.read = model, length, 0
        self.logits: np.ndarray | None = None
        blocks = model.backbone.blocks
        with without_gradients():
            self._filters = [_filters(blocks[0].mixer, block.mixer, length) for block in blocks]
            self._weights = _weights(model, self._filters)
        self._states: list[State] = []
        self._tiles: list[list[Tiles]] = []  # of each block and each of its long convolutions
        self._steps = 0  # since the prompt

    def prefill(self, ids: np.ndarray) -> np.ndarray:
        """Read the first bases in one full pass: (B, P) -> (B, V), the logits of the next one.

        Raises:
            HyenaDNAError: there are no bases or more than `length`, or they are no token ids.
        """
        ids = np.asarray(ids)
        if ids.ndim != 2 or not 1 <= ids.shape[1] <= self.length:
            raise HyenaDNAError(f"prefill reads ids (B, P) with 1 to {self.length:,} bases, not {ids.shape}.")
        check_ids(ids, self.model.hyena_config.vocab_size)
        self.read, self._steps, self._states, self._tiles = ids.shape[1], 0, [], []
        backbone = self.model.backbone
        with without_gradients():
            x = ops.cast(backbone.embeddings(ops.convert_to_tensor(ids.astype(np.int32))), "float32")
            all_spectra = backbone.spectra.of(backbone, self.read)
            for block, spectra, filters in zip(backbone.blocks, all_spectra, self._filters, strict=True):
                projected = self._projected(block, x)
                x, convolved = run_layer(backbone.blocks[0], block, x, spectra, keep=True)
                tiles = self._tiles_after(filters, [u for u, _ in convolved])
                zeros = tuple(ops.zeros((ids.shape[0], self.model.hyena_config.d_model, BLOCK)) for _ in tiles)
                self._states.append(State(projected, zeros, tuple(each.next_block() for each in tiles)))
                self._tiles.append(tiles)
            self.logits = ops.convert_to_numpy(self.model.head(backbone.ln_f(x[:, -1:])))[:, 0]
        return self.logits

    def step(self, ids: np.ndarray) -> np.ndarray:
        """Read one more base of each sequence: (B,) -> (B, V), the logits of the next one.

        Raises:
            HyenaDNAError: `prefill` was not called, or `length` bases were read already.
        """
        if not self._states:
            raise HyenaDNAError("step comes after prefill: call prefill with the first bases.")
        if self.read == self.length:
            raise HyenaDNAError(f"{self.length:,} bases were read already: make a BaseByBase with a larger length.")
        with without_gradients():
            tokens = rows().tensor(np.asarray(ids, np.int32), self._weights["embeddings"])
            epsilon = self.model.hyena_config.layer_norm_epsilon
            logits, self._states = compiled(_step)(self._weights, self._states, tokens, self._steps % BLOCK, epsilon)
            self.read, self._steps = self.read + 1, self._steps + 1
            if self._steps % BLOCK == 0 and self.read < self.length:
                self._start_block()
            self.logits = ops.convert_to_numpy(logits)
        return self.logits

    def _projected(self, block: Any, x: Tensor) -> Tensor:
        """Return the projections of the last bases, with zeros before the first: (B, w - 1, C)."""
        width = self.model.hyena_config.short_filter_order - 1
        last = block.mixer.in_proj(block.norm1(x[:, max(0, x.shape[1] - width) :]))
        return ops.cast(ops.pad(last, ((0, 0), (width - last.shape[1], 0), (0, 0))), "float32")

    def _tiles_after(self, filters: np.ndarray, inputs: Sequence[Tensor]) -> list[Tiles]:
        """Return the tiles of the long convolutions of a block after their first inputs."""
        blocks = max(1, -(-(self.length - self.read) // BLOCK))
        longest = max(self.read + blocks * BLOCK, BLOCK << (blocks - 1).bit_length())
        padded = np.pad(filters, ((0, 0), (0, 0), (0, longest - self.length)))
        tiles = []
        for k, u in zip(padded, inputs, strict=True):
            later = compiled(_later)(u, ops.convert_to_tensor(k[:, : self.read + blocks * BLOCK]))
            tiles.append(Tiles(k, later))
        return tiles

    def _start_block(self) -> None:
        for number, (state, tiles) in enumerate(zip(self._states, self._tiles, strict=True)):
            for each, u in zip(tiles, state.inputs, strict=True):
                each.append(u)
            zeros = tuple(ops.zeros_like(u) for u in state.inputs)
            self._states[number] = State(state.projected, zeros, tuple(each.next_block() for each in tiles))


def _filters(template: Any, mixer: Any, length: int) -> np.ndarray:
    """Return the long filters of a mixer: (O - 1, D, length)."""
    k: np.ndarray = ops.convert_to_numpy(make_filters(template, mixer, *mixer.pos_emb.rows(length)))
    return k


def _later(u: Tensor, k: Tensor) -> Tensor:
    """Return what inputs add to all later outputs: (B, D, P), (D, L) -> (B, D, L - P)."""
    P, L = u.shape[-1], k.shape[-1]
    padded = ops.pad(ops.cast(u, "float32"), ((0, 0), (0, 0), (0, L - P)))
    return fft_conv(padded, k, ops.zeros(k.shape[0]))[:, :, P:]


def _weights(model: Any, filters: Sequence[np.ndarray]) -> dict[str, Any]:
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


def _step(
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
