"""Inference, layer by layer, with the spectra of the filters kept between calls.

The filters depend only on the weights and the length. Their spectra are kept for the lengths in
use, within a budget of bytes; the least recently used are dropped first. Kept spectra are dropped
when a weight or a setting of a filter network, or the device, changes. Training does not use them.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Any, NamedTuple

from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.convolution import keeps_spectra
from hyenadna_backends.devices import current_device
from hyenadna_backends.forward import make_spectra, run_layer, run_norm
from hyenadna_backends.settings import settings
from hyenadna_backends.snapshot import Snapshot
from hyenadna_core.model.continuation import Convolved
from hyenadna_core.model.sizes import spectra_budget, spectra_bytes


class Kept(NamedTuple):
    """The spectra of one length: for each block (O - 1, D, F) complex numbers."""

    positions: Snapshot  # the positional features that the spectra were computed from
    size: int  # bytes
    spectra: list[Any]


class Spectra:
    """The spectra of a backbone's filters, by length."""

    def __init__(self) -> None:
        self.kept: OrderedDict[int, Kept] = OrderedDict()  # by length
        self.made = 0  # how many times spectra were computed
        self.lock = Lock()
        self._settings: tuple[Any, ...] | None = None  # all kept spectra were computed from these
        self._weights: Snapshot | None = None

    def of(self, backbone: Any, L: int) -> list[Tensor | None]:
        """Return the spectra of each block for inputs of L bases, or None for each block.

        It is None if the mixer has no filters, the kernel takes no spectra or the budget is too
        small.
        """
        mixers = [block.mixer for block in backbone.blocks]
        if keeps_spectra() and all(hasattr(mixer, "filter_fn") for mixer in mixers):
            needed = spectra_bytes(backbone.hyena_config, L)
            with self.lock:
                if spectra := self._of(mixers, L, needed):
                    return spectra
        return [None] * len(mixers)

    def clear(self) -> None:
        """Drop all kept spectra."""
        with self.lock:
            self.kept.clear()
            self._settings = self._weights = None

    def _of(self, mixers: list[Any], L: int, needed: int) -> list[Tensor] | None:
        made_by, weights, positions = settings_of(mixers), weights_of(mixers), positions_of(mixers, L)
        if self._weights is None or made_by != self._settings or not self._weights.matches(weights):
            self.kept.clear()
            self._settings, self._weights = made_by, Snapshot(weights)
        if L in self.kept and self.kept[L].positions.matches(positions):
            self.kept.move_to_end(L)
            return self.kept[L].spectra
        self.kept.pop(L, None)
        budget = spectra_budget()
        if needed > budget:
            return None
        while sum(kept.size for kept in self.kept.values()) + needed > budget:
            self.kept.popitem(last=False)
        self.made += 1
        before = Snapshot(positions)  # if another thread changes a weight now, the next call sees it
        spectra = [make_spectra(mixers[0], mixer, *mixer.pos_emb.rows(L)) for mixer in mixers]
        self.kept[L] = Kept(before, needed, spectra)
        return spectra


def settings_of(mixers: list[Any]) -> tuple[Any, ...]:
    """Return the settings that spectra depend on: the device and those of the filter networks."""
    return current_device(), [settings(mixer.filter_fn) for mixer in mixers]


def weights_of(mixers: list[Any]) -> list[Tensor]:
    """Return the arrays of the filter networks."""
    return [variable.value for mixer in mixers for variable in mixer.filter_fn.variables]


def positions_of(mixers: list[Any], L: int) -> list[Tensor]:
    """Return the first L rows of the tables of positions, once for tables that mixers share."""
    tables = {id(mixer.pos_emb): mixer.pos_emb for mixer in mixers}.values()
    return [rows for table in tables for rows in table.rows(L)]


def forget_spectra(model: Any) -> None:
    """Drop the kept spectra of a backbone, or of a model with a backbone."""
    getattr(model, "backbone", model).spectra.clear()


def forward(backbone: Any, ids: Tensor, reference: Sequence[Convolved] | None = None, first: int = 0) -> Tensor:
    """Compute the hidden states of ids from `first` on: (B, L) -> (B, L - first, D).

    `reference` has the convolved values of a similar sequence for each block (continuation.py).
    """
    return _through_blocks(backbone, lambda: _embedded(backbone, ids), keep=False, references=reference, first=first)[0]


def forward_before_blocks(before: Any, ids: Tensor) -> Tensor:
    """Compute the hidden states of ids behind the layers of a task: (B, L) -> (B, L, D).

    `before` is a BeforeBlocks.
    """
    backbone = before.backbone

    def embedded() -> Tensor:
        x = before.embedded(ops.convert_to_tensor(ids, "int32"))
        return ops.cast(backbone.embed_dropout(x, training=False), "float32")  # the dtype of the policy, as in training

    return _through_blocks(backbone, embedded, keep=False, first=before.front)[0]


def forward_and_keep(backbone: Any, ids: Tensor, first: int = 0) -> tuple[Tensor, list[Convolved]]:
    """Compute the hidden states from `first` on, and return the convolved values of each block.

    (B, L) -> (B, L - first, D), and for each block (B, D, L) values.
    """
    return _through_blocks(backbone, lambda: _embedded(backbone, ids), keep=True, first=first)


def layers(backbone: Any, ids: Tensor) -> Iterator[Tensor]:
    """Compute the hidden states of each layer: (B, L) -> n_layer + 1 times (B, L, D) float32.

    Layer 0 is the embedding, layer k the output of block k. The last one has passed the final norm,
    as the backbone returns it. Read a layer before you ask for the next one, which may take its
    memory.
    """
    for number, (x, _) in enumerate(each_block(backbone, lambda: _embedded(backbone, ids), keep=False)):
        yield run_norm(backbone.ln_f, x) if number == len(backbone.blocks) else x


def _embedded(backbone: Any, ids: Tensor) -> Tensor:
    """Look up the embeddings of ids: (B, L) -> (B, L, D) float32."""
    return ops.cast(backbone.embeddings(ops.convert_to_tensor(ids, "int32")), "float32")


def _through_blocks(backbone: Any, embedded: Callable[[], Tensor], **options: Any) -> tuple[Tensor, list[Any]]:
    kept = []
    for states, convolved in each_block(backbone, embedded, **options):
        x = states
        kept.append(convolved)
    return run_norm(backbone.ln_f, x), kept[1:]


def each_block(
    backbone: Any,
    embedded: Callable[[], Tensor],
    keep: bool,
    references: Sequence[Convolved] | None = None,
    first: int = 0,
) -> Iterator[tuple[Tensor, Any]]:
    """Yield the embeddings and None, then the output of each block and what it keeps.

    `embedded` makes the embeddings, (B, L, D) float32, so that nobody else keeps their memory.
    """
    x = embedded()
    yield x, None
    blocks = backbone.blocks
    for number, (block, spectra) in enumerate(zip(blocks, backbone.spectra.of(backbone, x.shape[1]), strict=True)):
        reference = references[number] if references else None
        cut = first if number == len(blocks) - 1 else 0  # the other blocks read all positions
        x, convolved = run_layer(blocks[0], block, x, spectra, keep=keep, reference=reference, first=cut)
        yield x, convolved
