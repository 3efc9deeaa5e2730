"""A language model that reads one base at a time: the logits of a full pass, in far less time.

The prompt is computed in one full pass. After it, each base takes a few products of a vector with
the matrices of the model, and the long convolutions come in tiles (tiles.py), all in float32.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.convolution import fft_conv
from hyenadna_backends.forward import make_filters, run_layer, without_gradients
from hyenadna_backends.rows import compiled, rows
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.model.one_base import State, read_base, weights_of
from hyenadna_core.model.tiles import BLOCK, Tiles
from hyenadna_core.tokens import check_ids


class BaseByBase:
    """A causal language model that reads B sequences together, one base of each per step.

    `prefill` reads the first bases, `step` one more. `logits` are those of the next base, (B, V) in
    NumPy. They equal those of a full pass. `state` and `restore` save what
    was read so far, and go on from there.

    Args:
        model: a CausalLM of Hyena operators. Later changes of its weights have no effect.
        length: the number of bases that are read in all, at most; more need more memory.

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
            self._weights = weights_of(model, self._filters)
        self._states: list[State] = []
        self._tiles: list[list[Tiles]] = []  # of each block and each of its long convolutions
        self._steps = 0  # since the prompt

    def prefill(self, ids: np.ndarray) -> np.ndarray:
        """Read the first bases in one full pass: (B, P) -> (B, V), the logits of the next one.

        Raises:
            HyenaDNAError: there are no bases or more than `length`, or they are no token ids.
        """
        ids = np.asarray(ids)
        if ids.ndim != 2 or not len(ids) or not 1 <= ids.shape[1] <= self.length:
            raise HyenaDNAError(
                f"prefill reads ids (B, P) with 1 to {self.length:,} bases, not {ids.shape}: see encode(text)[None]."
            )
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
            self.logits = np.array(ops.convert_to_numpy(self.model.head(backbone.ln_f(x[:, -1:]))))[:, 0]
        return self.logits

    def step(self, ids: np.ndarray) -> np.ndarray:
        """Read one more base of each sequence: (B,) -> (B, V), the logits of the next one.

        Raises:
            HyenaDNAError: `prefill` was not called, `length` bases were read already, or these are
                no token ids (B,).
        """
        if not self._states:
            raise HyenaDNAError("step comes after prefill: call prefill with the first bases.")
        if self.read == self.length:
            raise HyenaDNAError(f"{self.length:,} bases were read already: make a BaseByBase with a larger length.")
        ids = np.asarray(ids)
        if ids.shape != (len(self._states[0].projected),):
            raise HyenaDNAError(f"step reads ids ({len(self._states[0].projected)},), one a sequence, not {ids.shape}.")
        check_ids(ids, self.model.hyena_config.vocab_size)
        with without_gradients():
            tokens = rows().tensor(ids.astype(np.int32), self._weights["embeddings"])
            epsilon = self.model.hyena_config.layer_norm_epsilon
            logits, self._states = compiled(read_base)(
                self._weights, self._states, tokens, self._steps % BLOCK, epsilon
            )
            self.read, self._steps = self.read + 1, self._steps + 1
            if self._steps % BLOCK == 0 and self.read < self.length:
                self._start_block()
            self.logits = ops.convert_to_numpy(logits)
        return self.logits

    def state(self) -> dict[str, np.ndarray]:
        """Return all that `restore` needs to go on from here, as arrays by name.

        Raises:
            HyenaDNAError: nothing was read yet.
        """
        if self.logits is None:
            raise HyenaDNAError("There is no state yet: call prefill first.")
        arrays: dict[str, Any] = {"read": np.array([self.read, self._steps, self.length, BLOCK]), "logits": self.logits}
        for number, (state, tiles) in enumerate(zip(self._states, self._tiles, strict=True)):
            arrays[f"{number}.projected"] = state.projected
            for step, each in enumerate(tiles):
                own = {"recent": state.inputs[step], "added": state.added[step]}
                arrays |= {f"{number}.{step}.{name}": value for name, value in (own | each.state()).items()}
        return {name: np.array(ops.convert_to_numpy(value)) for name, value in arrays.items()}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Go on from a state of the same model and length; return the logits: (B, V).

        Raises:
            HyenaDNAError: the state is of another model or length, or is no state.
        """
        expected = [self.length, BLOCK]
        if "read" not in arrays or list(arrays["read"][2:]) != expected:
            raise HyenaDNAError(f"This is no state of a BaseByBase of this version with length {self.length:,}.")
        states, all_tiles = [], []
        read, steps = (int(number) for number in arrays["read"][:2])
        try:
            for number, filters in enumerate(self._filters):
                padded, convolutions = self._padded(filters, read - steps), range(len(filters))
                of_step = [_below(arrays, f"{number}.{step}.") for step in convolutions]
                recent, added = (
                    [ops.convert_to_tensor(each[name]) for each in of_step] for name in ("recent", "added")
                )
                projected = ops.convert_to_tensor(arrays[f"{number}.projected"])
                states.append(State(projected, tuple(recent), tuple(added)))
                all_tiles.append([Tiles.from_state(padded[step], of_step[step]) for step in convolutions])
            logits = np.array(arrays["logits"])
        except KeyError as error:
            raise HyenaDNAError(f"The state is of another model: it has no {error.args[0]}.") from None
        if states[0].projected.shape[-1] != self.model.hyena_config.projected_channels:
            raise HyenaDNAError("The state is of another model: it has another number of channels.")
        self.read, self._steps, self._states, self._tiles, self.logits = read, steps, states, all_tiles, logits
        return logits

    def _projected(self, block: Any, x: Tensor) -> Tensor:
        """Return the projections of the last bases, with zeros before the first: (B, w - 1, C)."""
        width = self.model.hyena_config.short_filter_order - 1
        last = block.mixer.in_proj(block.norm1(x[:, max(0, x.shape[1] - width) :]))
        return ops.cast(ops.pad(last, ((0, 0), (width - last.shape[1], 0), (0, 0))), "float32")

    def _tiles_after(self, filters: np.ndarray, inputs: Sequence[Tensor]) -> list[Tiles]:
        """Return the tiles of the long convolutions of a block after their first inputs."""
        tiles, blocks = [], self._blocks(self.read)
        for k, u in zip(self._padded(filters, self.read), inputs, strict=True):
            later = compiled(_later)(u, ops.convert_to_tensor(k[:, : self.read + blocks * BLOCK]))
            tiles.append(Tiles(k, later))
        return tiles

    def _blocks(self, prompt: int) -> int:
        """Return the number of blocks after a prompt of so many bases."""
        return max(1, -(-(self.length - prompt) // BLOCK))

    def _padded(self, filters: np.ndarray, prompt: int) -> np.ndarray:
        """Return filters with zeros after the last base, as `Tiles` takes them."""
        blocks = self._blocks(prompt)
        longest = max(prompt + blocks * BLOCK, BLOCK << (blocks - 1).bit_length())
        return np.pad(filters, ((0, 0), (0, 0), (0, longest - self.length)))

    def _start_block(self) -> None:
        for number, (state, tiles) in enumerate(zip(self._states, self._tiles, strict=True)):
            for each, u in zip(tiles, state.inputs, strict=True):
                each.append(u)
            zeros = tuple(ops.zeros_like(u) for u in state.inputs)
            self._states[number] = State(state.projected, zeros, tuple(each.next_block() for each in tiles))


def _below(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Return the arrays whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _filters(template: Any, mixer: Any, length: int) -> np.ndarray:
    """Return the long filters of a mixer: (O - 1, D, length)."""
    k: np.ndarray = ops.convert_to_numpy(make_filters(template, mixer, *mixer.pos_emb.rows(length)))
    return k


def _later(u: Tensor, k: Tensor) -> Tensor:
    """Return what inputs add to all later outputs: (B, D, P), (D, L) -> (B, D, L - P)."""
    P, L = u.shape[-1], k.shape[-1]
    padded = ops.pad(ops.cast(u, "float32"), ((0, 0), (0, 0), (0, L - P)))
    return fft_conv(padded, k, ops.zeros(k.shape[0]))[:, :, P:]
