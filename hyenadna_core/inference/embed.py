"""Vectors of sequences from Python.

A sequence that is longer than the window is read in chunks; each base counts once. So the vector of
a sequence does not depend on the others, nor on their order or the size of a batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.genome.fasta_text import SEQUENCE_CHARACTERS
from hyenadna_core.inference.chunks import AT_ONCE, Chunking
from hyenadna_core.inference.pooling import BASES, Read
from hyenadna_core.inference.vectors import Kind, backbone_of, check_chunks, check_kinds, states_of, vectors_of
from hyenadna_core.inference.windows import STRANDS, is_base
from hyenadna_core.tokens import TO_ID, as_bytes

if TYPE_CHECKING:
    from hyenadna_core.tokens import Bases

KNOWN = is_base(TO_ID["default"])  # which bytes are A, C, G or T
AHEAD_BASES, AHEAD_SEQUENCES = 1 << 20, 1 << 12  # that `embed_each` reads before it computes


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
    width = len(pools) * (len(layer) if isinstance(layer, Sequence) else 1) * backbone_of(model).hyena_config.d_model
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
    backbone = backbone_of(model)
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


def fault_of(bases: np.ndarray) -> str:
    """Return the reason for which a sequence has no vector, or nothing: (L,) uint8."""
    if not len(bases):
        return "the sequence is empty"
    return "" if KNOWN[bases].any() else "the sequence has no A, C, G or T"


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
