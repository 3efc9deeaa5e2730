"""Chunks: how a long sequence is cut so that a model can read it, and which chunks form a batch."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hyenadna_core.tasks.length_groups import LengthGroups

AT_ONCE = 1 << 15  # bases of a batch; more are not faster on a CPU
PADDING = 1.2  # padded bases over bases; fewer groups mean fewer shapes, for which JAX compiles


class Chunk(NamedTuple):
    """Bases `start` to `end` of a read in the direction in which it is read.

    Those from `counted` on give values. The bases before are their past.
    """

    read: int
    start: int
    counted: int
    end: int

    @property
    def length(self) -> int:
        """The bases that the model reads."""
        return self.end - self.start


class Chunking(NamedTuple):
    """How sequences are cut into chunks and batches.

    Attributes:
        window: bases that the model reads at once.
        overlap: bases that a chunk shares with the one before.
        strand: "both", "+" or "-".
        bases_at_once: of a batch, about.
        padded: the lengths to which chunks are padded, as `groups_of` returns them; by default
            those that fit the sequences.
    """

    window: int
    overlap: int
    strand: str = "both"
    bases_at_once: int = AT_ONCE
    padded: np.ndarray | None = None


def chunk_lengths(lengths: np.ndarray, window: int, overlap: int) -> np.ndarray:
    """Return the length of each chunk of sequences of these lengths, in any order: (n,) int64."""
    lengths = np.asarray(lengths, np.int64)
    step = window - overlap
    more = np.maximum(0, -(-(lengths - window) // step))  # chunks after the first
    long = more > 0
    ends = lengths[long] - more[long] * step  # bases of the last chunk
    return np.concatenate([np.minimum(lengths, window), ends, np.full(int((more[long] - 1).sum()), window)])


def chunks_of(read: int, length: int, window: int, overlap: int) -> Iterator[Chunk]:
    """Cut a read into chunks of at most `window` bases; each shares `overlap` bases with the last.

    Each base gives its value in one chunk, in which it has at least `overlap` bases before it, or
    all that there are.
    """
    yield Chunk(read, 0, 0, min(length, window))
    step = window - overlap
    for start in range(step, length - overlap, step):
        yield Chunk(read, start, start + overlap, min(length, start + window))


def groups_of(lengths: np.ndarray) -> np.ndarray:
    """Return the lengths to which chunks of these lengths are padded, in rising order: (k,)."""
    return LengthGroups.with_padding(lengths, PADDING).lengths


def batches_of(lengths: Sequence[int], chunking: Chunking) -> Iterator[tuple[int, list[Chunk]]]:
    """Yield the batches of reads of these lengths: (length, chunks that are padded to it).

    The last batches of a length have a power of two chunks. So no row is without a chunk, and JAX
    compiles few shapes.
    """
    window, overlap = chunking.window, chunking.overlap
    chunks = [chunk for read, length in enumerate(lengths) for chunk in chunks_of(read, length, window, overlap)]
    padded = chunking.padded
    if padded is None:
        padded = groups_of(chunk_lengths(np.array(lengths), window, overlap))
    groups = np.searchsorted(padded, [chunk.length for chunk in chunks])
    for group in np.unique(groups)[::-1]:  # the longest first, which need the most memory
        own = [chunks[number] for number in np.flatnonzero(groups == group)]
        length = int(padded[group])
        most = max(1, chunking.bases_at_once // length)
        while own:
            count = most if len(own) >= most else 1 << (len(own).bit_length() - 1)
            yield length, own[:count]
            own = own[count:]
