"""The set of 8-mers of each sequence."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hyenadna_benchmarks.audit.rows import BLOCK, Rows, blocks
from hyenadna_core.tokens import A

K = 8
CODES = 4**K  # of an 8-mer: two bits for each base, the first base in the highest ones


@dataclass(frozen=True)
class KmerSets:
    """A set of 8-mers for each of n sequences, sorted from the rarest to the most common.

    Args:
        kmers: the ranks of all 8-mers, row after row, (ends[-1],) int32.
        ends: the end of each row in `kmers`, (n,) int64.
    """

    kmers: np.ndarray
    ends: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Return the number of 8-mers of each row, (n,) int64."""
        return np.diff(self.ends, prepend=0)

    @property
    def starts(self) -> np.ndarray:
        """Return the start of each row in `kmers`, (n,) int64."""
        return np.asarray(self.ends - self.sizes)


def ranks(rows: Rows) -> np.ndarray:
    """Return the rank of each 8-mer from the rarest in these rows to the most common: (65536,)."""
    counts = np.zeros(CODES, np.int64)
    for _, codes in _codes(rows):
        counts += np.bincount(codes, minlength=CODES)
    rank = np.empty(CODES, np.int64)
    rank[np.argsort(counts, kind="stable")] = np.arange(CODES)
    return rank


def complements() -> np.ndarray:
    """Return the code of the reverse complement of each 8-mer: (65536,)."""
    codes, other = np.arange(CODES), np.zeros(CODES, np.int64)
    for place in range(K):
        other = other * 4 + 3 - (codes >> 2 * place & 3)
    return other


def kmer_sets(rows: Rows, rank: np.ndarray) -> KmerSets:
    """Return the 8-mers of each row, by their rank.

    Those with another letter than A, C, G and T are left out.

    Args:
        rank: the rank of each code, (65536,). With that of the reverse complement of each code, the
            sets are those of the other strand.
    """
    parts, sizes = [], np.zeros(len(rows), np.int64)
    for of_rows, codes in _codes(rows):
        keys = of_rows * CODES + rank[codes]
        keys.sort()
        keys = keys[np.diff(keys, prepend=-1) > 0]
        parts.append((keys % CODES).astype(np.int32))
        sizes += np.bincount(keys // CODES, minlength=len(rows))
    return KmerSets(np.concatenate(parts or [np.zeros(0, np.int32)]), np.cumsum(sizes))


def _codes(rows: Rows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the row and the code of each 8-mer, (m,) and (m,) int64, a block of rows at a time."""
    starts = rows.starts
    for first, last in blocks(rows.ends - starts, BLOCK):
        bases = rows.ids[starts[first] : rows.ends[last - 1]].astype(np.int64) - A
        count = len(bases) - K + 1
        if count <= 0:
            continue
        lengths = (rows.ends - starts)[first:last]
        of_rows = np.repeat(np.arange(first, last), lengths)
        usable = of_rows[:count] == of_rows[K - 1 :]
        codes = np.zeros(count, np.int64)
        for place in range(K):
            base = bases[place : place + count]
            usable &= (base >= 0) & (base < 4)
            codes = codes * 4 + (base & 3)
        yield of_rows[:count][usable], codes[usable]
