"""Markov models of DNA, the baseline that a language model has to beat: the next base given the last few."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from hyenadna_core.evaluation.likelihood import Likelihood
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.terminal import progress
from hyenadna_core.tokens import TO_ID, A, T

HIGHEST_ORDER = 12
LONGEST = HIGHEST_ORDER + 1  # the k-mers counted for the highest order: its context and the base behind it
CHUNK = 1 << 20  # bases worked on at a time
ONCE = np.uint32(1)  # of the counts' own type: NumPy adds others twenty times slower


def kmers(sequence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each position of a sequence of bytes, (L,): the k-mer that ends there, and how many bases of it are known.

    Codes have two bits a base, the last base lowest, so that the low 2 k bits are the k-mer of the last k bases. The
    known bases, at most LONGEST, reach back to the sequence's start or to what is not A, C, G or T.
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
    """What stood some bases before each position, 0 where that is before the start: (L,) -> (L,)."""
    return np.concatenate([np.zeros(bases, values.dtype), values])[: len(values)]


class MarkovModels:
    """Markov models of every order from 0 to 12, with add-one smoothing."""

    def __init__(self, counts: list[np.ndarray]) -> None:
        self.counts = counts  # of the k-mers of length order + 1: (4 ** (order + 1),) each

    @classmethod
    def fit(cls, genome: Genome, intervals: Sequence[Interval]) -> "MarkovModels":
        """Count every k-mer that lies wholly within one of the intervals, on the forward strand."""
        counts = [np.zeros(4**length, np.uint32) for length in range(1, LONGEST + 1)]
        with progress("Fitting Markov models", sum(len(interval) for interval in intervals)) as advance:
            for sequence, fresh in _chunks(genome, intervals):
                codes, known = (array[fresh:] for array in kmers(sequence))
                np.add.at(counts[-1], codes[known == LONGEST], ONCE)
                codes, known = codes[known < LONGEST], known[known < LONGEST]
                for length in range(1, LONGEST):  # the shorter ones, where no k-mer of full length ends
                    np.add.at(counts[length - 1], codes[known >= length] & (4**length - 1), ONCE)
                advance(len(sequence) - fresh)
        whole = counts[-1]
        for length in range(LONGEST - 1, 0, -1):
            whole = whole.reshape(4, -1).sum(axis=0, dtype=np.uint32)  # over the oldest base
            counts[length - 1] += whole
        return cls(counts)

    def count_both_strands(self) -> None:
        """Count the reverse complements too: in place, as the counts of the highest order take 256 MiB."""
        for count in self.counts:
            count += _reverse_complement(count)

    def likelihoods(self, genome: Genome, windows: Iterable[Interval]) -> list[Likelihood]:
        """The likelihood of every base of the windows but the first of each, by order.

        The context may reach back over the start of the window; near an N it is as long as it can be.
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
        return [Likelihood(float(total) / max(bases, 1), bases) for total in nats]

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
    """The intervals' bytes in chunks, each led by the bases before it, and how long that lead is.

    Without `reach_back` no lead goes over the start of its interval.
    """
    for interval in intervals:
        for start in range(interval.start, interval.end, CHUNK):
            lead = min(HIGHEST_ORDER, start if reach_back else start - interval.start)
            yield genome.read(interval.chrom, start - lead, min(start + CHUNK, interval.end)), lead


def _reverse_complement(count: np.ndarray) -> np.ndarray:
    """Counts by k-mer, (4 ** k,), as counts by the reverse complement of each k-mer."""
    k = round(np.log2(len(count)) / 2)
    return np.flip(count.reshape((4,) * k).transpose()).reshape(-1)
