"""Random windows of several species: fixed ones to measure on, others at each step of training."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np

from hyenadna_core import HyenaDNAError, progress
from hyenadna_core.task import Draw
from hyenadna_species.genome import known_bases
from hyenadna_species.pieces import Pieces

TRIES = 100  # to find a window with enough known bases
MOST_APART = 0.01  # species may differ by this much in their lengths


class Drawing(NamedTuple):
    """How windows are drawn.

    Attributes:
        species_evenly: whether all species have as many windows; else by their known bases.
        contigs_evenly: whether windows come as often from each contig; else by its known bases.
        most_unknown: the largest share of a window that may be N.
    """

    species_evenly: bool = True
    contigs_evenly: bool = False
    most_unknown: float = 0.5


class Windows:
    """Rows whose bases are a window of a species, and whose target is the number of the species.

    The species of a row never changes. A row as long as the window is drawn from all pieces in
    which the window fits. A shorter row is one whole piece. `row` is always the same; `window` is
    drawn anew by each draw.

    Args:
        split: its name is part of the seed of the rows.
        species: the pieces of each species.
        count: number of rows.
        length: bases of a window.
    """

    def __init__(self, split: str, species: Sequence[Pieces], count: int, length: int, drawing: Drawing) -> None:
        self.split, self.species, self.count, self.drawing = split, species, count, drawing
        self.cut(length)

    def cut(self, length: int) -> None:
        """Set the length of the windows."""
        self.length = length
        self.species_of_rows: np.ndarray = np.sort(np.arange(self.count) % len(self.species))
        if not self.drawing.species_evenly:
            self.species_of_rows = spread([pieces.known.sum() for pieces in self.species], self.count)
        self.own = np.full(self.count, -1)  # the piece of a shorter row
        self.lengths = np.full(self.count, length, np.int64)
        self._long: list[np.ndarray] = []
        for number, pieces in enumerate(self.species):
            usable = pieces.usable(length, self.drawing.most_unknown)
            weights = pieces.weights(self.drawing.contigs_evenly) * (usable if usable.any() else 1)
            fits, rows = pieces.lengths >= length, np.flatnonzero(self.species_of_rows == number)
            share = weights[~fits].sum() / weights.sum() if weights.any() else 0.0
            own = spread(weights * ~fits, round(share * len(rows)))
            self.own[rows[: len(own)]] = own
            self.lengths[rows[: len(own)]] = pieces.lengths[own]
            self._long.append(np.cumsum(weights * fits))
        self.shorter = np.bincount(self.species_of_rows[self.own >= 0], minlength=len(self.species))
        of_pieces = [(pieces.genome.sha256, pieces.intervals) for pieces in self.species]
        facts = (self.split, self.count, length, tuple(self.drawing), of_pieces)
        self.checksum = hashlib.sha256(repr(facts).encode()).hexdigest()

    def check(self) -> None:
        """Raise HyenaDNAError if a species has no row, or no piece with a window of this length."""
        for number, pieces in enumerate(self.species):
            if number not in self.species_of_rows:
                evenly = "" if self.drawing.species_evenly else ", or --draw-species evenly"
                raise HyenaDNAError(
                    f"{pieces.genome.name} has none of the {self.count:,} {self.split} windows: "
                    f"give more --{self.split}-windows{evenly}."
                )
            if not pieces.usable(self.length, self.drawing.most_unknown).any():
                raise HyenaDNAError(
                    f"{pieces.genome.name} has no {self.split} window of {self.length:,} bases with at most "
                    f"{self.drawing.most_unknown:g} unknown ones: give a larger --most-n, or shorter --stages."
                )

    def sentences(self) -> list[str]:
        """Return sentences that count what is left out and what is shorter."""
        sentences = [pieces.left_out(self.length, self.drawing.most_unknown) for pieces in self.species]
        totals = np.bincount(self.species_of_rows, minlength=len(self.species))
        for pieces, shorter, total in zip(self.species, self.shorter, totals, strict=True):
            if shorter:
                sentences.append(
                    f"{pieces.genome.name}: {shorter:,} of {total:,} {self.split} windows are whole contigs or "
                    f"blocks of less than {self.length:,} bases: they are padded on the right."
                )
        return [*filter(None, sentences), *self._about_lengths(totals)]

    def _about_lengths(self, totals: np.ndarray) -> list[str]:
        """Return a sentence if species differ in the lengths of their rows, or no sentence."""
        shares = self.shorter / np.maximum(totals, 1)
        means = np.bincount(self.species_of_rows, self.lengths, len(self.species)) / np.maximum(totals, 1)
        if max(np.ptp(shares), np.ptp(means) / self.length) <= MOST_APART:
            return []
        of_species = "; ".join(
            f"{pieces.genome.name} has {share:.1%} shorter than {self.length:,} bases, and a mean of {mean:,.1f}"
            for pieces, share, mean in zip(self.species, shares, means, strict=True)
        )
        return [
            f"The lengths of {self.split} windows may give the species away: {of_species}. "
            "Shorter --stages avoid this, or genomes without short contigs."
        ]

    def repeated(self) -> list[str]:
        """Return sentences that count how many rows of each species differ in their place."""
        with progress(f"Comparing {self.split} windows", self.count) as advance:
            names = []
            for index in range(self.count):
                names.append(self.name(index))
                advance(1)
        sentences = []
        for number, pieces in enumerate(self.species):
            rows = np.flatnonzero(self.species_of_rows == number)
            if (different := len({names[row] for row in rows})) < len(rows):
                sentences.append(
                    f"{pieces.genome.name}: {different:,} of {len(rows):,} {self.split} windows differ; the others "
                    "repeat them, and figures are less certain than their number tells."
                )
        return sentences

    def __len__(self) -> int:
        return self.count

    def row(self, index: int) -> tuple[np.ndarray, int]:
        """Return the bases of a row, (L,), and the number of its species."""
        bases = self._drawn(index, self.lengths[index], self._generator(index))[2]
        return bases, int(self.species_of_rows[index])

    def window(self, draw: Draw, index: int) -> tuple[np.ndarray, int]:
        """Return a window for training, as long as the draw says, or as a shorter row."""
        random = np.random.default_rng([draw.seed, crc32(draw.split.encode()), draw.step, index])
        bases = self._drawn(index, min(draw.seq_len, self.lengths[index]), random)[2]
        return bases, int(self.species_of_rows[index])

    def name(self, index: int) -> str:
        contig, start, bases = self._drawn(index, self.lengths[index], self._generator(index))
        genome = self.species[self.species_of_rows[index]].genome
        return f"{genome.name}:{contig}:{start}-{start + len(bases)}"

    def _generator(self, index: int) -> np.random.Generator:
        return np.random.default_rng([crc32(self.split.encode()), index])

    def _drawn(self, index: int, length: int, random: np.random.Generator) -> tuple[str, int, np.ndarray]:
        """Draw a window: (contig, start, bases). Of all tries, that with the fewest N is used."""
        number, own = self.species_of_rows[index], self.own[index]
        pieces, until = self.species[number], self._long[number]
        best: tuple[str, int, np.ndarray] | None = None
        most_known = -1
        for _ in range(TRIES):
            chosen = own if own >= 0 else np.searchsorted(until, random.random() * until[-1], side="right")
            interval = pieces.intervals[chosen]
            start = int(random.integers(interval.start, interval.end - length, endpoint=True))
            bases = pieces.genome.read(interval.chrom, start, int(start + length))
            known = known_bases(bases)
            if known > most_known:
                best, most_known = (interval.chrom, start, bases), known
            if known >= (1 - self.drawing.most_unknown) * length:
                break
        assert best is not None  # noqa: S101 (the first try is better than none)
        return best


def spread(weights: Sequence[float] | np.ndarray, count: int) -> np.ndarray:
    """Return `count` numbers of items, ascending, each about as often as its weight says."""
    until = np.cumsum(np.asarray(weights, np.float64))
    if not count or not until[-1]:
        return np.empty(0, np.int64)
    numbers: np.ndarray = np.searchsorted(until, (np.arange(count) + 0.5) / count * until[-1], side="right")
    return numbers
