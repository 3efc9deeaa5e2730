"""Vectors of sequences from Python.

A sequence that is longer than the window is read in chunks; each base counts once. So the vector of
a sequence does not depend on the others, nor on their order or the size of a batch.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.genome.fasta_text import BASE_CHARACTERS
from hyenadna_core.inference.chunks import AT_ONCE, Chunking
from hyenadna_core.inference.pooling import BASES, Read
from hyenadna_core.inference.vectors import Kind, backbone_of, check_chunks, check_kinds, states_of, vectors_of
from hyenadna_core.inference.windows import STRANDS, is_base
from hyenadna_core.tokens import TO_ID, as_bytes, is_sequence

if TYPE_CHECKING:
    from hyenadna_core.tokens import Bases

KNOWN = is_base(TO_ID["default"])  # which bytes are A, C, G or T
AHEAD_BASES, AHEAD_SEQUENCES = 1 << 20, 1 << 12  # that `embed_each` reads before it computes


def embed(
    model: Any,
    sequences: Sequence["Bases"],
    *,
    pool: str | Sequence[str] = "mean",
    layer: int | Sequence[int] | str | None = None,
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
        layer: 0 is the embedding and n_layer the last, which is the default; or "all".
        strand: "both" (the mean of the vectors of both strands), "+" or "-".
        window: bases that the model reads at once; by default max_seq_len less two. Longer
            sequences are read in chunks.
        overlap: bases that a chunk shares with the one before; by default half the window.
        batch_size: windows that are computed at a time; by default about 32,768 bases.

    Raises:
        HyenaDNAError: a sequence is empty or has no A, C, G or T, the model has no such layer, or
            an option has no such value.
    """
    kinds, chunking = _checked(model, pool, layer, strand, window, overlap, batch_size)
    if kinds[0].pool == BASES:
        raise HyenaDNAError("The pooling 'none' gives a vector for each base: use embed_each.")
    vectors = list(_vectors(model, _one_by_one(sequences), kinds, chunking))
    width = len(kinds) * backbone_of(model).hyena_config.d_model
    return np.stack(vectors) if vectors else np.zeros((0, width), np.float32)


def embed_each(
    model: Any,
    sequences: Iterable["Bases"],
    *,
    pool: str | Sequence[str] = "mean",
    layer: int | Sequence[int] | str | None = None,
    strand: str = "both",
    window: int | None = None,
    overlap: int | None = None,
    batch_size: int | None = None,
) -> Iterator[np.ndarray]:
    """Yield the vector of each sequence, (D,) float32, for more sequences than memory holds.

    About a million bases are read ahead. The options are those of `embed`, and are checked at once.
    The pooling "none" yields the vectors of all bases: (L, D).

    Raises:
        HyenaDNAError: as `embed`.
    """
    kinds, chunking = _checked(model, pool, layer, strand, window, overlap, batch_size)
    return _vectors(model, _one_by_one(sequences), kinds, chunking)


def _vectors(
    model: Any, sequences: Iterable["Bases"], kinds: Sequence[Kind], chunking: Chunking
) -> Iterator[np.ndarray]:
    for reads in _ahead(sequences):
        if kinds[0].pool == BASES:
            joined = np.concatenate(states_of(model, reads, kinds, chunking), axis=1)
            ends = np.cumsum([len(read.bases) for read in reads])
            rows: Iterable[np.ndarray] = np.split(joined, ends[:-1])
        else:
            rows = np.concatenate(vectors_of(model, reads, kinds, chunking), axis=1)
        for row in rows:
            yield row.copy()  # so that a kept one does not keep the others


def _checked(
    model: Any, pool: Any, layer: Any, strand: Any, window: Any, overlap: Any, batch_size: Any
) -> tuple[list[Kind], Chunking]:
    """Return the kinds of vectors and how sequences are cut, from what a user gave.

    Raises:
        HyenaDNAError: there is no such thing.
    """
    backbone = backbone_of(model)
    if not hasattr(backbone, "hyena_config"):
        raise HyenaDNAError("The model is neither a language model nor a backbone: load one with CausalLM.from_preset.")
    config, longest = backbone.hyena_config, int(backbone.max_seq_len)
    n_layer = config.n_layer
    pools: list[Any] = [pool] if isinstance(pool, str | bytes) or not isinstance(pool, Iterable) else list(pool)
    numbers = {"all": list(range(n_layer + 1)), None: [n_layer]}.get(layer) if isinstance(layer, str | None) else layer
    layers = list(numbers) if isinstance(numbers, Iterable) else [layer if numbers is None else numbers]
    kinds = [Kind(name, _whole("layer", number)) for number in layers for name in pools]
    check_kinds(kinds, n_layer)
    window = config.most_bases if window is None else _whole("window", window)
    if not 1 <= window <= longest:
        raise HyenaDNAError(f"The window has {window:,} bases, and the model reads 1 to {longest:,}.")
    overlap = window // 2 if overlap is None else _whole("overlap", overlap)
    check_chunks(window, overlap)
    if not isinstance(strand, str) or strand not in STRANDS:
        raise HyenaDNAError(f"The strand is {shown(strand)}: choose one of {', '.join(STRANDS)}.")
    if batch_size is not None and _whole("batch_size", batch_size) < 1:
        raise HyenaDNAError(f"batch_size is {batch_size}: give 1 or more.")
    return kinds, Chunking(window, overlap, strand, AT_ONCE if batch_size is None else int(batch_size) * window)


def _whole(name: str, value: Any) -> int:
    """Return a whole number of Python or NumPy.

    Raises:
        HyenaDNAError: it is something else.
    """
    try:
        if not isinstance(value, bool):
            return index(value)
    except TypeError:
        pass
    raise HyenaDNAError(f"{name} is {shown(value)}: give a whole number.")


def _one_by_one(sequences: Any) -> Iterable["Bases"]:
    """Return several sequences as they are.

    Raises:
        HyenaDNAError: one sequence was given, or something else.
    """
    if is_sequence(sequences):
        raise HyenaDNAError("One sequence was given: give a list of sequences.")
    if isinstance(sequences, Mapping) or not isinstance(sequences, Iterable):
        raise HyenaDNAError(f"A {type(sequences).__name__} was given: give a list of sequences.")
    return sequences


def fault_of(bases: np.ndarray) -> str:
    """Return the reason for which a sequence has no vector, or nothing: (L,) uint8."""
    if not len(bases):
        return "the sequence is empty"
    return "" if KNOWN[bases].any() else "the sequence has no A, C, G or T"


def _ahead(sequences: Iterable["Bases"]) -> Iterator[list[Read]]:
    """Check sequences, and yield some at a time."""
    reads: list[Read] = []
    bases = 0
    for number, sequence in enumerate(sequences):
        read = Read(as_bytes(sequence))
        if strange := read.bases.tobytes().translate(None, BASE_CHARACTERS):
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
