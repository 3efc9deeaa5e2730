"""Markov models of DNA, the baseline of a language model: the next base from the last few bases."""

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from hyenadna_core.evaluation.likelihood import Likelihood
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.terminal import progress
from hyenadna_core.tokens import TO_ID, A, T

HIGHEST_ORDER = 12
LONGEST = HIGHEST_ORDER + 1  # length of the k-mers for the highest order: its context and the next base
CHUNK = 1 << 20  # bases processed in one step
ONCE = np.uint32(1)  # has the type of the counts: NumPy adds other types twenty times slower


def kmers(sequence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the code of the k-mer that ends at each position of a sequence of bytes, (L,).

    A code has two bits for each base, with the last base in the lowest bits. So the low 2 k bits
    are the k-mer of the last k bases. Also return the number of known bases of each code, at most
    LONGEST: the bases since the start of the sequence, or since the last character that is not A,
    C, G or T.
    """
    ids = TO_ID["default"][sequence]
    known = (ids >= A) & (ids <= T)
    bases = np.where(known, ids - A, 0).astype(np.int32)
    two = bases | _behind(bases, 1) << 2
    four = two | _behind(two, 2) << 4
    eight = four | _behind(four, 4) << 8
    codes = eight | _behind(four, 8) << 16 | _behind(bases, 12) << 24  # 8 + 4 + 1 bases: LONGEST
    positions = np.arange(len(ids))
    last_unknown = np.maximum.accumulate(np.where(known, -1, positions))
    return codes, np.minimum(positions - last_unknown, LONGEST)


def _behind(values: np.ndarray, bases: int) -> np.ndarray:
    """Shift values to later positions, with 0 before the start: (L,) -> (L,)."""
    return np.concatenate([np.zeros(bases, values.dtype), values])[: len(values)]


class MarkovModels:
    """Markov models of every order from 0 to 12, with add-one smoothing."""

    def __init__(self, counts: list[np.ndarray]) -> None:
        self.counts = counts  # by order, of the k-mers of length order + 1: (4 ** (order + 1),)

    @classmethod
    def fit(cls, genome: Genome, intervals: Sequence[Interval]) -> "MarkovModels":
        """Count every k-mer within an interval, on the forward strand."""
        counts = [np.zeros(4**length, np.uint32) for length in range(1, LONGEST + 1)]
        with progress("Fitting Markov models", sum(len(interval) for interval in intervals)) as advance:
            for sequence, fresh in _chunks(genome, intervals):
                codes, known = (array[fresh:] for array in kmers(sequence))
                np.add.at(counts[-1], codes[known == LONGEST], ONCE)
                codes, known = codes[known < LONGEST], known[known < LONGEST]
                for length in range(1, LONGEST):  # shorter k-mers at positions without a full k-mer
                    np.add.at(counts[length - 1], codes[known >= length] & (4**length - 1), ONCE)
                advance(len(sequence) - fresh)
        whole = counts[-1]
        for length in range(LONGEST - 1, 0, -1):
            whole = whole.reshape(4, -1).sum(axis=0, dtype=np.uint32)  # over the first base
            counts[length - 1] += whole
        return cls(counts)

    def count_both_strands(self) -> None:
        """Add the counts of the other strand, in place: those of the highest order take 256 MiB."""
        for count in self.counts:
            count += _reverse_complement(count)

    def likelihoods(self, genome: Genome, windows: Iterable[Interval]) -> list[Likelihood]:
        """Compute the likelihood of every base except the first of each window, for each order.

        The context may start before the window. After an N, the context is shorter.
        """
        nats, bases = np.zeros(len(self.counts)), 0
        for window in windows:
            predicted = Interval(window.chrom, window.start + 1, window.end, window.split)
            for sequence, fresh in _chunks(genome, [predicted], reach_back=True):
                codes, known = (array[fresh:] for array in kmers(sequence))
                codes, known = codes[known > 0], known[known > 0]
                bases += len(codes)
                for order in range(len(self.counts)):
                    nats[order] += self._nats(order, codes, known)
        return [Likelihood(float(total) / bases if bases else math.nan, bases) for total in nats]

    def _nats(self, order: int, codes: np.ndarray, known: np.ndarray) -> float:
        length = np.minimum(known, order + 1)
        total = 0.0
        for used in np.unique(length):
            kmer = codes[length == used] & (4 ** int(used) - 1)
            by_context = self.counts[used - 1].reshape(-1, 4)[kmer >> 2].astype(np.float64)  # (n, 4)
            chosen = np.take_along_axis(by_context, (kmer & 3)[:, None], axis=1)[:, 0]
            total -= float(np.log((chosen + 1) / (by_context.sum(axis=1) + 4)).sum())
        return total


def _chunks(
    genome: Genome, intervals: Iterable[Interval], reach_back: bool = False
) -> Iterator[tuple[np.ndarray, int]]:
    """Read intervals in chunks. Each chunk starts with its context; also return its length.

    Without `reach_back`, the context does not start before the interval.
    """
    for interval in intervals:
        for start in range(interval.start, interval.end, CHUNK):
            lead = min(HIGHEST_ORDER, start if reach_back else start - interval.start)
            yield genome.read(interval.chrom, start - lead, min(start + CHUNK, interval.end)), lead


def _reverse_complement(count: np.ndarray) -> np.ndarray:
    """Reorder counts of k-mers to those of their reverse complements: (4 ** k,) -> (4 ** k,)."""
    k = round(np.log2(len(count)) / 2)
    return np.flip(count.reshape((4,) * k).transpose()).reshape(-1)
