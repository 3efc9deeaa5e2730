"""The pieces of one species in one split, and the windows that fit into them."""

from collections.abc import Sequence

import numpy as np

from hyenadna_core import Interval, progress
from hyenadna_species.genome import SpeciesGenome, known_bases, some_names


class Pieces:
    """The pieces of a species in a split, which are intervals of its genome.

    Attributes:
        known: how many bases of each piece are A, C, G or T, (n,).
    """

    def __init__(self, genome: SpeciesGenome, intervals: Sequence[Interval]) -> None:
        self.genome, self.intervals = genome, intervals
        self.lengths = np.array([len(interval) for interval in intervals], np.int64)
        self.known = np.array(_counts(genome, intervals), np.int64)
        contigs = np.unique([interval.chrom for interval in intervals], return_inverse=True)[1]
        self.known_in_contig = np.bincount(contigs, self.known)[contigs]

    def usable(self, length: int, most_unknown: float) -> np.ndarray:
        """Return which pieces may hold a window with enough known bases, (n,) bool.

        `length` is that of the window. A window of a shorter piece is the whole piece.
        """
        least = (1 - most_unknown) * np.minimum(self.lengths, length)
        return self.known >= np.maximum(least, 1)

    def weights(self, evenly: bool) -> np.ndarray:
        """Return how often windows come from each piece, (n,): by its known bases.

        With `evenly`, all contigs together have the same weight.
        """
        return self.known / np.maximum(self.known_in_contig, 1) if evenly else self.known.astype(np.float64)

    def left_out(self, length: int, most_unknown: float) -> str:
        """Return a sentence that counts the pieces without a window, or ""."""
        if not len(numbers := np.flatnonzero(~self.usable(length, most_unknown))):
            return ""
        names = [f"{self.intervals[number].chrom}:{self.intervals[number].start:,}" for number in numbers.tolist()]
        noun = f"{self.intervals[0].split} pieces"
        return (
            f"{self.genome.name}: {len(names):,} of {len(self.intervals):,} {noun} have too few known bases for "
            f"a window ({some_names(names)}): they are left out."
        )


def _counts(genome: SpeciesGenome, intervals: Sequence[Interval]) -> list[int]:
    """Count the known bases of each interval."""
    counts = []
    with progress(f"Counting the bases of {genome.name}", sum(map(len, intervals))) as advance:
        for interval in intervals:
            count = 0
            for bases in genome.parts(interval.chrom, interval.start, interval.end):
                count += known_bases(bases)
                advance(len(bases))
            counts.append(count)
    return counts
