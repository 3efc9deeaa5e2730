"""Vectors of sequences: the hidden states of a layer, pooled over the bases or for each base.

A sequence that is longer than the window is read in chunks; each base counts once. So the vector of
a sequence does not depend on the others, nor on their order or the size of a batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from keras import ops

from hyenadna_backends.forward import without_gradients
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.genome.fasta_text import SEQUENCE_CHARACTERS
from hyenadna_core.inference.chunks import AT_ONCE, Chunk, Chunking, batches_of
from hyenadna_core.inference.pooling import BASES, MAX, POOLINGS, VARIANT, Read, counted, pooled
from hyenadna_core.inference.windows import STRANDS, check_finite, is_base, padded
from hyenadna_core.model.spectra import layers
from hyenadna_core.terminal import Advance
from hyenadna_core.tokens import TO_ID, as_bytes, reverse_complement
from hyenadna_core.training.prefetch import prefetched

if TYPE_CHECKING:
    from hyenadna_core.tokens import Bases

LOWEST = {True: -np.inf, False: 0.0}  # by whether it is a maximum
KNOWN = is_base(TO_ID["default"])  # which bytes are A, C, G or T
AHEAD_BASES, AHEAD_SEQUENCES = 1 << 20, 1 << 12  # that `embed_each` reads before it computes


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
    strand: str


def embed(
    model: Any,
    sequences: Sequence["Bases"],
    *,
    pool: str | Sequence[str] = "mean",
    layer: int | Sequence[int] | None = None,
    strand: str = "both",
    window: int | None = None,
    overlap: int | None = None,
    batch_size: int | None = None,
) -> np.ndarray:
    """Return one vector for each sequence: (n, D) float32.

    Args:
        model: a language model or a backbone.
        sequences: text or bytes of bases.
        pool: "mean" of all bases; "last" base; "max" of each channel; or "masked", the mean of A,
            C, G and T only. Several poolings or layers give vectors side by side: (n, k D).
        layer: 0 is the embedding and n_layer the last, which is the default.
        strand: "both" (the mean of the vectors of both strands), "+" or "-".
        window: bases that the model reads at once; by default max_seq_len. Longer sequences are
            read in chunks.
        overlap: bases that a chunk shares with the one before; by default half the window.
        batch_size: windows that are computed at a time; by default about 32,768 bases.

    Raises:
        HyenaDNAError: a sequence is empty or has no A, C, G or T, the model has no such layer, or
            an option has no such value.
    """
    pools = [pool] if isinstance(pool, str) else list(pool)
    if BASES in pools:
        raise HyenaDNAError("The pooling 'none' gives a vector for each base: use embed_each.")
    each = embed_each(
        model,
        sequences,
        pool=pools,
        layer=layer,
        strand=strand,
        window=window,
        overlap=overlap,
        batch_size=batch_size,
    )
    vectors = list(each)
    width = len(pools) * (len(layer) if isinstance(layer, Sequence) else 1) * _backbone(model).hyena_config.d_model
    return np.stack(vectors) if vectors else np.zeros((0, width), np.float32)


def embed_each(
    model: Any,
    sequences: Iterable["Bases"],
    *,
    pool: str | Sequence[str] = "mean",
    layer: int | Sequence[int] | None = None,
    strand: str = "both",
    window: int | None = None,
    overlap: int | None = None,
    batch_size: int | None = None,
) -> Iterator[np.ndarray]:
    """Yield the vector of each sequence, (D,) float32, for more sequences than memory holds.

    About a million bases are read ahead. The options are those of `embed`. The pooling "none"
    yields the vectors of all bases: (L, D).

    Raises:
        HyenaDNAError: as `embed`.
    """
    backbone = _backbone(model)
    pools = [pool] if isinstance(pool, str) else list(pool)
    n_layer, longest = backbone.hyena_config.n_layer, backbone.max_seq_len
    chosen = [n_layer] if layer is None else [layer] if isinstance(layer, int) else list(layer)
    kinds = [Kind(name, number) for number in chosen for name in pools]
    window = longest if window is None else window
    overlap = window // 2 if overlap is None else overlap
    check_kinds(kinds, n_layer)
    check_chunks(window, overlap)
    if not 1 <= window <= longest:
        raise HyenaDNAError(f"The window has {window:,} bases, and the model reads 1 to {longest:,}.")
    if strand not in STRANDS:
        raise HyenaDNAError(f"The strand is {shown(strand)}: choose one of {', '.join(STRANDS)}.")
    chunking = Chunking(window, overlap, strand, batch_size * window if batch_size else AT_ONCE)
    for reads in _ahead(sequences):
        if pools == [BASES]:
            joined = np.concatenate(states_of(model, reads, kinds, chunking), axis=1)
            ends = np.cumsum([len(read.bases) for read in reads])
            yield from np.split(joined, ends[:-1])
        else:
            yield from np.concatenate(vectors_of(model, reads, kinds, chunking), axis=1)


def vectors_of(
    model: Any,
    reads: Sequence[Read],
    kinds: Sequence[Kind],
    chunking: Chunking,
    advance: Advance = lambda done: None,
) -> list[np.ndarray]:
    """Return the vectors of each kind: (n, D) float32.

    `advance` is called with the bases that are done, on each strand.
    """
    pools = list(dict.fromkeys(kind.pool for kind in kinds))
    D = _backbone(model).hyena_config.d_model
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
                        np.add.at(counts[number], rows, number_of[:, pools.index(kind.pool), None])
            advance(sum(chunk.end - chunk.counted for chunk in batch.chunks))
        for total, values_of_strand in zip(totals, of_strand, strict=True):
            total += values_of_strand
    for kind, count in zip(kinds, counts, strict=True):
        if kind.pool == MAX:  # one maximum for each strand
            count[:] = len(STRANDS[chunking.strand])
    means = [total / count for total, count in zip(totals, counts, strict=True)]
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
    """
    ends = np.cumsum([len(read.bases) for read in reads])
    numbers = {kind.layer: number for number, kind in enumerate(kinds)}
    D, strands = _backbone(model).hyena_config.d_model, STRANDS[chunking.strand]
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
    pools = {kind.pool for kind in kinds}
    for kind in kinds:
        if kind.pool not in (*POOLINGS, BASES):
            raise HyenaDNAError(
                f"There is no pooling {shown(kind.pool)}: choose one of {', '.join((*POOLINGS, BASES))}."
            )
        if not 0 <= kind.layer <= n_layer:
            raise HyenaDNAError(
                f"The model has no layer {kind.layer}: choose 0 (the embedding) to {n_layer} (the last)."
            )
    if len(set(kinds)) < len(kinds):
        raise HyenaDNAError("A pooling or layer is named twice: name it once.")
    if not kinds:
        raise HyenaDNAError("No pooling or layer is named: name at least one.")
    if BASES in pools and len(pools) > 1:
        raise HyenaDNAError(f"The pooling {BASES} gives a vector for each base, others for each sequence: choose one.")
    if VARIANT in pools and not of_variants:
        raise HyenaDNAError(f"The pooling {VARIANT} is for the alleles of a VCF: choose another one for sequences.")
    if BASES in pools and of_variants:
        raise HyenaDNAError(f"The pooling {BASES} is for sequences, not for the alleles of a VCF: choose another one.")


def check_chunks(window: int, overlap: int) -> None:
    """Raise HyenaDNAError if chunks of `window` bases cannot share `overlap` bases."""
    if not 0 <= overlap < window:
        raise HyenaDNAError(f"An overlap of {overlap:,} leaves no new base of a window of {window:,}: make it smaller.")


def fault_of(bases: np.ndarray) -> str:
    """Return the reason for which a sequence has no vector, or nothing: (L,) uint8."""
    if not len(bases):
        return "the sequence is empty"
    return "" if KNOWN[bases].any() else "the sequence has no A, C, G or T"


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
        return Batch(some, padded(rows, length, len(rows)), weights, strand)

    with prefetched(make, batches_of([len(read.bases) for read in reads], chunking)) as ready:
        yield from ready


def _layers(model: Any, ids: np.ndarray, kinds: Sequence[Kind]) -> Iterator[tuple[int, Any]]:
    """Yield the number and the hidden states of each layer that `kinds` name, without gradients."""
    wanted = {kind.layer for kind in kinds}
    with without_gradients():
        for number, hidden in enumerate(layers(_backbone(model), ids)):
            if number in wanted:
                yield number, hidden
            if number == max(wanted):
                return


def _ahead(sequences: Iterable["Bases"]) -> Iterator[list[Read]]:
    """Check sequences, and yield some at a time."""
    if isinstance(sequences, str | bytes):
        raise HyenaDNAError("One sequence was given: give a list of sequences.")
    reads: list[Read] = []
    bases = 0
    for number, sequence in enumerate(sequences):
        read = Read(as_bytes(sequence))
        if strange := read.bases.tobytes().translate(None, SEQUENCE_CHARACTERS):
            raise HyenaDNAError(
                f"Sequence {number:,} (from 0) has the character {chr(strange[0])!r}, which is no base."
            )
        if fault := fault_of(read.bases):
            raise HyenaDNAError(f"Sequence {number:,} (from 0) has no vector: {fault}.")
        reads.append(read)
        bases += len(read.bases)
        if bases >= AHEAD_BASES or len(reads) >= AHEAD_SEQUENCES:
            yield reads
            reads, bases = [], 0
    if reads:
        yield reads


def _backbone(model: Any) -> Any:
    return getattr(model, "backbone", model)
