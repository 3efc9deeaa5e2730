"""All pairs of sequences that share enough of their 8-mers: an exact similarity join.

Jaccard similarity is the number of common 8-mers divided by that of all 8-mers of both. If it is at
least s, at least a(x) = ceil(s |x|) of the |x| 8-mers of x are common, and a(y) of those of y. So
the first |x| - a(x) + c of x and the first |y| - a(y) + c of y have c in common, in any order of
the 8-mers, for c up to a(x) and a(y) (prefix filter). In the order from the rarest to the most
common, few pairs have. Only these pairs are counted in full.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from hyenadna_benchmarks.audit.kmers import CODES, KmerSets
from hyenadna_benchmarks.audit.rows import blocks
from hyenadna_core import progress

SHARED = 4  # c: common 8-mers by which a pair becomes a candidate
HITS = 1 << 23  # common 8-mers of a block of rows: bounds the memory
ROWS = 256  # of a block: each has a table of CODES bytes
GATHERED = 1 << 22  # 8-mers that are counted at once


class Pairs(NamedTuple):
    """Pairs of rows: of the queries and of the index, (m,) int64, and their similarity, (m,)."""

    query: np.ndarray
    row: np.ndarray
    similarity: np.ndarray


def similar_pairs(queries: KmerSets, index: KmerSets, least: float, description: str) -> Iterator[Pairs]:
    """Yield all pairs of a query and a row of the index with a similarity of at least `least`.

    Sets without 8-mers are similar to nothing. Blocks of queries come in their order, pairs in the
    order of (query, row).

    Args:
        least: above 0, at most 1.
        description: of the progress bar.
    """
    from scipy.sparse import csr_array

    def prefixes(sets: KmerSets, first: int, last: int) -> csr_array:
        starts, sizes = sets.starts[first:last], sets.sizes[first:last]
        kept = _kept(sizes, least)
        kmers = sets.kmers[_places(starts, kept)]
        ends = np.append(0, np.cumsum(kept))
        return csr_array((np.ones(len(kmers), np.int32), kmers, ends), shape=(last - first, CODES))

    lists = prefixes(index, 0, len(index.ends)).T.tocsr()  # the rows of each 8-mer
    per_kmer = np.append(0, np.cumsum(np.diff(lists.indptr)[queries.kmers]))
    starts = queries.starts
    hits = per_kmer[starts + _kept(queries.sizes, least)] - per_kmer[starts]
    with progress(description, len(queries.ends)) as advance:
        for first, last in blocks(hits, HITS, ROWS):
            common = prefixes(queries, first, last) @ lists
            common.sort_indices()
            query, row = np.repeat(np.arange(last - first), np.diff(common.indptr)), common.indices.astype(np.int64)
            shared = np.minimum(_shared(queries.sizes, least)[first + query], _shared(index.sizes, least)[row])
            candidate = common.data >= shared
            yield from _counted(queries, index, least, first, last, query[candidate], row[candidate])
            advance(last - first)


def _common(sizes: np.ndarray, least: float) -> np.ndarray:
    """Return a(x) for each set; a rounding error makes it smaller, and loses no pair."""
    return np.asarray(np.ceil(least * sizes - 1e-9).astype(np.int64))


def _shared(sizes: np.ndarray, least: float) -> np.ndarray:
    """Return c for each set."""
    return np.asarray(np.minimum(_common(sizes, least), SHARED))


def _kept(sizes: np.ndarray, least: float) -> np.ndarray:
    """Return the size of the prefix of each set."""
    return np.asarray(sizes - _common(sizes, least) + _shared(sizes, least))


def _counted(
    queries: KmerSets, index: KmerSets, least: float, first: int, last: int, query: np.ndarray, row: np.ndarray
) -> Iterator[Pairs]:
    """Yield the pairs of candidates that are similar enough; `query` counts from `first`."""
    has = np.zeros((last - first, CODES), np.bool_)
    start, end = queries.starts[first], queries.ends[last - 1]
    has[np.repeat(np.arange(last - first), queries.sizes[first:last]), queries.kmers[start:end]] = True
    flat = has.reshape(-1)
    for begin, stop in blocks(index.sizes[row], GATHERED):
        rows, of = row[begin:stop], query[begin:stop]
        sizes = index.sizes[rows]
        kmers = index.kmers[_places(index.starts[rows], sizes)]
        common = np.add.reduceat(
            flat[np.repeat(of * CODES, sizes) + kmers], np.append(0, np.cumsum(sizes)[:-1]), dtype=np.int64
        )
        similarity = common / (queries.sizes[first + of] + sizes - common)
        enough = similarity >= least
        yield Pairs(first + of[enough], rows[enough], similarity[enough])


def _places(starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return start, start + 1, ... start + size - 1 of each row, one after another."""
    ends = np.cumsum(sizes)
    return np.asarray(np.repeat(starts - ends + sizes, sizes) + np.arange(ends[-1] if len(ends) else 0))
