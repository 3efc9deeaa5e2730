"""Positions of the rows on a genome, their blocks, and which rows overlap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hyenadna_core.errors import HyenaDNAError, shown

CHROMOSOMES = ("chrom", "chromosome", "contig", "chr", "#chrom", "seqnames")
# The bases that the vector of a row was made from; those of a variant are its window.
STARTS = ("window_start", "start", "pos", "position")
ENDS = {"window_start": "window_end", "start": "end"}
BLOCK = 5_000_000  # bases


@dataclass(frozen=True)
class Positions:
    """Chromosomes of n rows, (n,) text; and their starts and ends, (n,) integers, if known.

    Positions are 0-based half-open.
    """

    chrom: np.ndarray
    start: np.ndarray | None = None
    end: np.ndarray | None = None

    def blocks(self, size: int = BLOCK) -> np.ndarray | None:
        """Return the name of each row's block, (n,), such as chr1:5,000,000; it has its start."""
        if self.start is None:
            return None
        firsts = self.start // size * size
        return np.array([f"{chrom}:{first:,}" for chrom, first in zip(self.chrom, firsts.tolist(), strict=True)])

    def overlaps(self, groups: np.ndarray) -> np.ndarray:
        """Return how many rows of other groups share a base with each row: (n,) -> (n,)."""
        counts = np.zeros(len(self.chrom), np.int64)
        if self.start is None or self.end is None:
            return counts
        for chrom in np.unique(self.chrom):
            rows = np.flatnonzero(self.chrom == chrom)
            start, end, of_rows = self.start[rows], self.end[rows], groups[rows]
            counts[rows] = _sharing(start, end, start, end)
            for group in np.unique(of_rows):
                own = of_rows == group
                counts[rows[own]] -= _sharing(start[own], end[own], start[own], end[own])
        return counts

    def overlap_any(self, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return which of the rows share a base with one of the others: (n,), (n,) -> (n,) bool."""
        found = np.zeros(len(self.chrom), bool)
        if self.start is None or self.end is None:
            return found
        for chrom in np.unique(self.chrom[others]):
            here = self.chrom == chrom
            mine, theirs = np.flatnonzero(rows & here), np.flatnonzero(others & here)
            found[mine] = _sharing(self.start[mine], self.end[mine], self.start[theirs], self.end[theirs]) > 0
        return found


def positions_of(columns: Mapping[str, Sequence[str]], names: Sequence[str]) -> Positions | None:
    """Read the positions of rows from their columns; None without a column of chromosomes.

    Raises:
        HyenaDNAError: a start or an end is no whole number, or a chromosome is empty. The message
            names the row.
    """
    chrom = next((columns[name] for name in CHROMOSOMES if name in columns), None)
    if chrom is None:
        return None
    if "" in chrom:
        raise HyenaDNAError(f"Row {names[list(chrom).index('')]} has no chromosome: give it one, or remove the row.")
    first = next((name for name in STARTS if name in columns), None)
    if first is None:
        return Positions(np.array(chrom, dtype=str))
    last = ENDS.get(first, "")
    ends = whole_numbers(columns[last], last, names) if last in columns else None
    return Positions(np.array(chrom, dtype=str), whole_numbers(columns[first], first, names), ends)


def whole_numbers(texts: Sequence[str], column: str, names: Sequence[str]) -> np.ndarray:
    """Read the whole numbers of a column: (n,) int64.

    Raises:
        HyenaDNAError: one is none. The message names the row.
    """
    numbers = np.empty(len(texts), np.int64)
    for row, text in enumerate(texts):
        try:
            number = float(text)
            if not (number.is_integer() and 0 <= number < 2**53):
                raise ValueError
        except ValueError:
            raise HyenaDNAError(
                f"Row {names[row]}: the {column} is '{shown(text)}', expected a whole number of bases."
            ) from None
        numbers[row] = int(number)
    return numbers


def _sharing(start: np.ndarray, end: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Count the others that share a base with each interval: (n,), (n,), (m,), (m,) -> (n,)."""
    return np.searchsorted(np.sort(starts), end, "left") - np.searchsorted(np.sort(ends), start, "right")
