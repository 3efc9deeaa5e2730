"""Hidden states of layers, pooled over the bases of each sequence, or for each base."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from hyenadna_backends.forward import without_gradients
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.inference.chunks import Chunk, Chunking, batches_of
from hyenadna_core.inference.pooling import BASES, MAX, POOLINGS, VARIANT, Read, counted, pooled
from hyenadna_core.inference.windows import STRANDS, check_finite, padded
from hyenadna_core.model.spectra import layers
from hyenadna_core.terminal import Advance
from hyenadna_core.tokens import reverse_complement
from hyenadna_core.training.prefetch import prefetched

LOWEST = {True: -np.inf, False: 0.0}  # by whether it is a maximum


class Kind(NamedTuple):
    """A kind of vectors: how the states of a layer are pooled; "none" gives one for each base."""

    pool: str
    layer: int  # 0: the embedding; n_layer: the last


class Batch(NamedTuple):
    """Chunks that the model reads at once.

    `weights` are the bases that count for each pooling: (B, pools, L).
    """

    chunks: list[Chunk]
    ids: np.ndarray
    weights: np.ndarray


def vectors_of(
    model: Any,
    reads: Sequence[Read],
    kinds: Sequence[Kind],
    chunking: Chunking,
    advance: Advance = lambda done: None,
) -> list[np.ndarray]:
    """Return the vectors of each kind, which has a pooling: (n, D) float32.

    `advance` is called with the bases that are done, on each strand.

    Raises:
        HyenaDNAError: a number is nan or infinite.
    """
    pools = list(dict.fromkeys(kind.pool for kind in kinds))
    D = backbone_of(model).hyena_config.d_model
    totals, counts = [np.zeros((len(reads), D)) for _ in kinds], [np.zeros((len(reads), 1)) for _ in kinds]
    for name in STRANDS[chunking.strand]:
        of_strand = [np.full((len(reads), D), LOWEST[kind.pool == MAX]) for kind in kinds]
        for batch in _batches(reads, pools, chunking, name):
            rows, number_of = [chunk.read for chunk in batch.chunks], batch.weights.sum(-1, dtype=np.float64)
            for layer, hidden in _layers(model, batch.ids, kinds):
                values = dict(zip(pools, pooled(hidden, batch.weights, pools), strict=True))
                for number, kind in enumerate(kinds):
                    if kind.layer == layer:
                        add = np.maximum if kind.pool == MAX else np.add
                        add.at(of_strand[number], rows, values[kind.pool])
                        if kind.pool != MAX:
                            np.add.at(counts[number], rows, number_of[:, pools.index(kind.pool), None])
            advance(sum(chunk.end - chunk.counted for chunk in batch.chunks))
        for total, values_of_strand in zip(totals, of_strand, strict=True):
            total += values_of_strand
    means = [
        total / (len(STRANDS[chunking.strand]) if kind.pool == MAX else count)  # a maximum for each strand
        for kind, total, count in zip(kinds, totals, counts, strict=True)
    ]
    for each in means:
        check_finite(each)
    return [each.astype(np.float32) for each in means]


def states_of(
    model: Any,
    reads: Sequence[Read],
    kinds: Sequence[Kind],
    chunking: Chunking,
    advance: Advance = lambda done: None,
) -> list[np.ndarray]:
    """Return the hidden states of each base, for each layer of `kinds`: (bases, D) float32.

    The bases of all reads follow each other.

    Raises:
        HyenaDNAError: a number is nan or infinite.
    """
    ends = np.cumsum([len(read.bases) for read in reads])
    numbers = {kind.layer: number for number, kind in enumerate(kinds)}
    D, strands = backbone_of(model).hyena_config.d_model, STRANDS[chunking.strand]
    totals = [np.zeros((int(ends[-1]), D), np.float32) for _ in kinds]
    for name in strands:
        for batch in _batches(reads, [], chunking, name):
            for layer, hidden in _layers(model, batch.ids, kinds):
                states = ops.convert_to_numpy(hidden)
                for chunk, of_chunk in zip(batch.chunks, states, strict=True):
                    values = of_chunk[chunk.counted - chunk.start : chunk.length]
                    first, last = ends[chunk.read] - len(reads[chunk.read].bases), ends[chunk.read]
                    own = totals[numbers[layer]][first:last]
                    (own if name == "+" else own[::-1])[chunk.counted : chunk.end] += values / len(strands)
            advance(sum(chunk.end - chunk.counted for chunk in batch.chunks))
    for each in totals:
        check_finite(each)
    return totals


def check_kinds(kinds: Sequence[Kind], n_layer: int, of_variants: bool = False) -> None:
    """Raise HyenaDNAError if a pooling or layer is not there, is named twice, or does not fit."""
    for kind in kinds:
        if not isinstance(kind.pool, str) or kind.pool not in (*POOLINGS, BASES):
            raise HyenaDNAError(
                f"There is no pooling {shown(kind.pool)}: choose one of {', '.join((*POOLINGS, BASES))}."
            )
        if not 0 <= kind.layer <= n_layer:
            raise HyenaDNAError(
                f"The model has no layer {kind.layer}: choose 0 (the embedding) to {n_layer} (the last)."
            )
    pools = {kind.pool for kind in kinds}
    if len(set(kinds)) < len(kinds):
        raise HyenaDNAError("A pooling or layer is named twice: name it once.")
    if not kinds:
        raise HyenaDNAError("No pooling or layer is named: name at least one.")
    if BASES in pools and len(pools) > 1:
        raise HyenaDNAError(
            f"The pooling {BASES} gives a vector for each base, the others one for each sequence: name it alone."
        )
    if VARIANT in pools and not of_variants:
        raise HyenaDNAError(f"The pooling {VARIANT} is for the alleles of a VCF: choose another one for sequences.")
    if BASES in pools and of_variants:
        raise HyenaDNAError(f"The pooling {BASES} is for sequences, not for the alleles of a VCF: choose another one.")


def check_chunks(window: int, overlap: int) -> None:
    """Raise HyenaDNAError if chunks of `window` bases cannot share `overlap` bases."""
    if not 0 <= overlap < window:
        raise HyenaDNAError(f"An overlap of {overlap:,} leaves no new base of a window of {window:,}: make it smaller.")


def _batches(reads: Sequence[Read], pools: Sequence[str], chunking: Chunking, strand: str) -> Iterator[Batch]:
    """Make batches of chunks of like length, in a thread, and yield them."""

    def make(pair: tuple[int, list[Chunk]]) -> Batch:
        length, some = pair
        rows, weights = [], np.zeros((len(some), len(pools), length), np.float32)
        for row, chunk in enumerate(some):
            read = reads[chunk.read]
            start, end = chunk.start, chunk.end
            if strand == "-":
                start, end = len(read.bases) - end, len(read.bases) - start
            ids = read.ids(start, end)
            if pools:
                of_bases = counted(pools, read, ids, start, strand)
                weights[row, :, : chunk.length] = of_bases if strand == "+" else of_bases[:, ::-1]
                weights[row, :, : chunk.counted - chunk.start] = 0
            rows.append(ids if strand == "+" else reverse_complement(ids))
        return Batch(some, padded(rows, length, len(rows)), weights)

    with prefetched(make, batches_of([len(read.bases) for read in reads], chunking)) as ready:
        yield from ready


def _layers(model: Any, ids: np.ndarray, kinds: Sequence[Kind]) -> Iterator[tuple[int, Any]]:
    """Yield the number and the hidden states of each layer that `kinds` name, without gradients."""
    wanted = {kind.layer for kind in kinds}
    with without_gradients():
        for number, hidden in enumerate(layers(backbone_of(model), ids)):
            if number in wanted:
                yield number, hidden
            if number == max(wanted):
                return


def backbone_of(model: Any) -> Any:
    """Return the backbone of a model, or the backbone itself."""
    return getattr(model, "backbone", model)
