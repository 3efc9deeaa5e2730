"""A language model that reads one base at a time: the logits of a full pass, in far less time.

The prompt is computed in one full pass. After it, each base takes a few products of a vector with
the matrices of the model, and the long convolutions come in tiles (tiles.py), all in float32.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.convolution import fft_conv
from hyenadna_backends.forward import make_filters, run_layer, without_gradients
from hyenadna_backends.rows import compiled, rows
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.model.one_base import State, read_base, weights_of
from hyenadna_core.model.tiles import BLOCK, Filters, Tiles, own_tensor
from hyenadna_core.tokens import check_ids

# JAX compiles a full pass for each length, so a prompt is filled up to one of few lengths: to the
# next multiple of an eighth of the power of two below it, and of SHORTEST.
SHORTEST = 256  # bases
EIGHTH = 3  # bits


class BaseByBase:
    """A causal language model that reads B sequences together, one base of each per step.

    `prefill` reads the first bases, `step` one more. `logits` are those of the next base, (B, V) in
    NumPy. They equal those of a full pass. `state` and `restore` save what was read so far, and go
    on from there. `prefill` may be called again, with other sequences: the filters are computed
    once.

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
            all_filters = [_filters(blocks[0].mixer, block.mixer, length) for block in blocks]
            self._weights = weights_of(model, all_filters)
        self._filters = [list(map(Filters, of_block)) for of_block in all_filters]
        self._end = length  # of the present sequences
        self._states: list[State] = []
        self._tiles: list[list[Tiles]] = []  # of each block and each of its long convolutions
        self._steps = 0  # since the prompt

    def prefill(self, ids: np.ndarray, length: int | None = None) -> np.ndarray:
        """Read the first bases in one full pass: (B, P) -> (B, V), the logits of the next one.

        Args:
            length: the number of bases of these sequences that are read in all, at most; fewer need
                less memory. By default it is that of the reader.

        Raises:
            HyenaDNAError: there are no bases or more than `length`, they are no token ids, or
                `length` is more than that of the reader.
        """
        ids, end = np.asarray(ids), self.length if length is None else length
        if end > self.length:
            raise HyenaDNAError(
                f"{end:,} bases are asked for, and this BaseByBase reads {self.length:,}: make another."
            )
        if ids.ndim != 2 or not len(ids) or not 1 <= ids.shape[1] <= end:
            raise HyenaDNAError(
                f"prefill reads ids (B, P) with 1 to {end:,} bases, not {ids.shape}: see encode(text)[None]."
            )
        check_ids(ids, self.model.hyena_config.vocab_size)
        self.read, self._end, self._steps, self._states, self._tiles = ids.shape[1], end, 0, [], []
        backbone = self.model.backbone
        filled = min(_filled(self.read), self.length)  # no base changes the numbers of those before it
        ids = np.pad(ids.astype(np.int32), ((0, 0), (0, filled - self.read)), mode="edge")
        with without_gradients():
            x = ops.cast(backbone.embeddings(ops.convert_to_tensor(ids)), "float32")
            all_spectra = backbone.spectra.of(backbone, filled)
            for block, spectra, filters in zip(backbone.blocks, all_spectra, self._filters, strict=True):
                projected = self._projected(block, x)
                x, convolved = run_layer(backbone.blocks[0], block, x, spectra, keep=True)
                tiles = [self._tiles_after(each, u) for each, (u, _) in zip(filters, convolved, strict=True)]
                zeros = tuple(ops.zeros((len(ids), self.model.hyena_config.d_model, BLOCK)) for _ in tiles)
                self._states.append(State(projected, zeros, tuple(each.next_block() for each in tiles)))
                self._tiles.append(tiles)
            last = compiled(_row)(x, self.read - 1)
            self.logits = np.array(ops.convert_to_numpy(self.model.head(backbone.ln_f(last))))[:, 0]
        return self.logits

    def step(self, ids: np.ndarray) -> np.ndarray:
        """Read one more base of each sequence: (B,) -> (B, V), the logits of the next one.

        Raises:
            HyenaDNAError: `prefill` was not called, `length` bases were read already, or these are
                no token ids (B,).
        """
        if not self._states:
            raise HyenaDNAError("step comes after prefill: call prefill with the first bases.")
        if self.read == self._end:
            raise HyenaDNAError(f"{self._end:,} bases were read already: make a BaseByBase with a larger length.")
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
            if self._steps % BLOCK == 0 and self.read < self._end:
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
        numbers = np.array([self.read, self._steps, self._end, self.length, BLOCK])
        arrays: dict[str, Any] = {"read": numbers, "logits": self.logits}
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
        if "read" not in arrays or list(arrays["read"][3:]) != [self.length, BLOCK]:
            raise HyenaDNAError(f"This is no state of a BaseByBase of this version with length {self.length:,}.")
        states, all_tiles = [], []
        try:
            for number, filters in enumerate(self._filters):
                of_step = [_below(arrays, f"{number}.{step}.") for step in range(len(filters))]
                recent, added = ([own_tensor(each[name]) for each in of_step] for name in ("recent", "added"))
                states.append(State(own_tensor(arrays[f"{number}.projected"]), tuple(recent), tuple(added)))
                all_tiles.append([Tiles.from_state(*pair) for pair in zip(filters, of_step, strict=True)])
            logits = np.array(arrays["logits"])
        except KeyError as error:
            raise HyenaDNAError(f"The state is of another model: it has no {error.args[0]}.") from None
        if states[0].projected.shape[-1] != self.model.hyena_config.projected_channels:
            raise HyenaDNAError("The state is of another model: it has another number of channels.")
        self.read, self._steps, self._end = (int(number) for number in arrays["read"][:3])
        self._states, self._tiles, self.logits = states, all_tiles, logits
        return logits

    def _projected(self, block: Any, x: Tensor) -> Tensor:
        """Return the projections of the last bases, with zeros before the first: (B, w - 1, C)."""
        width = self.model.hyena_config.short_filter_order - 1
        last = block.mixer.in_proj(block.norm1(compiled(_rows_until, width)(x, self.read)))
        is_read = np.arange(width)[:, None] >= width - self.read
        return ops.where(is_read, ops.cast(last, "float32"), 0.0)

    def _tiles_after(self, filters: Filters, u: Tensor) -> Tiles:
        """Return the tiles of a long convolution after its first inputs."""
        count = _blocks(self._end - self.read) * BLOCK
        k = filters.k[:, : u.shape[-1] + count]
        return Tiles(filters, compiled(_later, count)(u, ops.convert_to_tensor(k), self.read))

    def _start_block(self) -> None:
        for number, (state, tiles) in enumerate(zip(self._states, self._tiles, strict=True)):
            for each, u in zip(tiles, state.inputs, strict=True):
                each.append(u)
            zeros = tuple(ops.zeros_like(u) for u in state.inputs)
            self._states[number] = State(state.projected, zeros, tuple(each.next_block() for each in tiles))


def _filled(bases: int) -> int:
    """Return the number of bases that a prompt of so many is filled up to."""
    step = max(SHORTEST, (1 << bases.bit_length() - 1) >> EIGHTH)
    return -(-bases // step) * step


def _blocks(bases: int) -> int:
    """Return the number of blocks of so many bases after a prompt; there is always one."""
    return max(1, -(-bases // BLOCK))


def _below(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Return the arrays whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _filters(template: Any, mixer: Any, length: int) -> np.ndarray:
    """Return the long filters of a mixer: (O - 1, D, length)."""
    k: np.ndarray = ops.convert_to_numpy(make_filters(template, mixer, *mixer.pos_emb.rows(length)))
    return k


def _row(x: Tensor, place: int) -> Tensor:
    """Return one position: (B, L, D) -> (B, 1, D)."""
    return ops.slice(x, (0, place, 0), (x.shape[0], 1, x.shape[2]))


def _rows_until(width: int, x: Tensor, end: int) -> Tensor:
    """Return the positions before `end`, with zeros before the first: (B, L, D) -> (B, w, D)."""
    return ops.slice(ops.pad(x, ((0, 0), (width, 0), (0, 0))), (0, end, 0), (x.shape[0], width, x.shape[2]))


def _later(count: int, u: Tensor, k: Tensor, end: int) -> Tensor:
    """Return what inputs before `end` add to the next outputs: (B, D, L), (D, K) -> (B, D, n)."""
    L = u.shape[-1]
    read = ops.where(ops.arange(L) < end, ops.cast(u, "float32"), 0.0)
    padded = ops.pad(read, ((0, 0), (0, 0), (0, count)))
    k = ops.pad(k, ((0, 0), (0, L + count - k.shape[-1])))
    return ops.slice(fft_conv(padded, k, ops.zeros(k.shape[0])), (0, 0, end), (*u.shape[:2], count))
