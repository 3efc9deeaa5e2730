"""The rows of one split that another split repeats, or nearly repeats."""

from dataclasses import dataclass

import numpy as np

from hyenadna_benchmarks.audit.join import similar_pairs
from hyenadna_benchmarks.audit.kmers import complements, kmer_sets, ranks
from hyenadna_benchmarks.audit.rows import Groups, Rows

NEAR = 0.7  # similarity of a near duplicate
LEAST = 0.5  # similarity of a match that is named


@dataclass(frozen=True)
class Matches:
    """For each of n rows of a split: the row of another split that is most like it.

    An exact copy is more alike than any other row, then the similarity decides, then the lower row.
    The similarity of two rows is the Jaccard similarity of their sets of 8-mers, or of those of one
    row and the reverse complement of the other, the larger of the two; 1 for an exact copy.

    Args:
        row: the row in the other split, from 0; -1 if none has the least similarity, (n,) int64.
        similarity: (n,) float64; 0 without a match.
        strand: 1 for the same strand, -1 for the other one, 0 without a match, (n,) int8.
        same_label: whether the two rows have the same label, (n,) bool.
        copied: whether the row is an exact copy, on either strand, (n,) bool.
        copied_on_strand: whether the other split has this very sequence, (n,) bool.
        other_label: (n,) bool; for an exact copy: some copy in the other split has another label;
            for a near duplicate: some near duplicate there has.
    """

    row: np.ndarray
    similarity: np.ndarray
    strand: np.ndarray
    same_label: np.ndarray
    copied: np.ndarray
    copied_on_strand: np.ndarray
    other_label: np.ndarray

    @property
    def near(self) -> np.ndarray:
        """Return which rows are near duplicates but no exact copies, (n,) bool."""
        return np.asarray((self.similarity >= NEAR) & ~self.copied)

    @property
    def leaked(self) -> np.ndarray:
        """Return which rows are exact copies or near duplicates, (n,) bool."""
        return np.asarray(self.similarity >= NEAR)


@dataclass(frozen=True)
class Split:
    """The rows of a split, the groups of equal ones, and their labels as numbers, (n,) int64."""

    rows: Rows
    groups: Groups
    labels: np.ndarray


def match(split: Split, other: Split, least: float, description: str) -> Matches:
    """Compare each row of a split with each row of another one."""
    count = len(split.rows)
    best = Matches(
        np.full(count, -1), np.zeros(count), np.zeros(count, np.int8), *(np.zeros(count, np.bool_) for _ in range(4))
    )
    _find_similar(best, split, other, least, description)
    _find_copies(best, split, other)
    matched = best.row >= 0
    best.same_label[matched] = split.labels[matched] == other.labels[best.row[matched]]
    return best


def _find_similar(best: Matches, split: Split, other: Split, least: float, description: str) -> None:
    """Set the most similar row of each row, first on its strand, then on the other one."""
    rank = ranks(other.rows)
    index = kmer_sets(other.rows, rank)
    for strand, of_strand in ((1, rank), (-1, rank[complements()])):
        for query, row, similarity in similar_pairs(kmer_sets(split.rows, of_strand), index, least, description):
            differs = (similarity >= NEAR) & (split.labels[query] != other.labels[row])
            best.other_label[query[differs]] = True
            order = np.lexsort((row, -similarity, query))
            first = order[np.diff(query[order], prepend=-1) > 0]
            query, row, similarity = query[first], row[first], similarity[first]
            now, before = best.similarity[query], best.row[query]
            better = (similarity > now) | ((similarity == now) & (row < before))
            best.row[query[better]], best.similarity[query[better]] = row[better], similarity[better]
            best.strand[query[better]] = strand


def _find_copies(best: Matches, split: Split, other: Split) -> None:
    """Set the first exact copy of each row, on its own strand if there is one."""
    for strand, ours, theirs in (
        (-1, split.groups.either, other.groups.either),
        (1, split.groups.stranded, other.groups.stranded),
    ):
        numbers, rows = np.unique(theirs, return_index=True)
        place = np.searchsorted(numbers, ours).clip(max=max(len(numbers) - 1, 0))
        copied = numbers[place] == ours if len(numbers) else np.zeros(len(ours), np.bool_)
        best.row[copied], best.similarity[copied], best.strand[copied] = rows[place[copied]], 1, strand
        (best.copied if strand < 0 else best.copied_on_strand)[:] = copied
    labels = 1 + max(split.labels.max(initial=0), other.labels.max(initial=0))
    copies = count_in(other.groups.either, split.groups.either)
    agreeing = count_in(other.groups.either * labels + other.labels, split.groups.either * labels + split.labels)
    best.other_label[best.copied] = (copies > agreeing)[best.copied]


def count_in(numbers: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Count how often each wanted number is among the numbers: (m,), (n,) -> (n,)."""
    numbers = np.sort(numbers)
    return np.searchsorted(numbers, wanted, "right") - np.searchsorted(numbers, wanted, "left")
