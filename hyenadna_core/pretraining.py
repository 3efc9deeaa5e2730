"""The task `causal-lm`: predict each base of a genome from those before it."""

from collections.abc import Iterator, Sequence

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome import Genome
from hyenadna_core.intervals import Interval
from hyenadna_core.original_windows import window_bases, window_ids
from hyenadna_core.task import Batch, Draw, Task
from hyenadna_core.tokens import PAD, TO_ID, A, T, reverse_complement

WINDOWS = {"random": "default", "original": "original"}  # where they are taken from: how they are encoded


class CausalLMTask(Task):
    """Windows of a genome, and for each of their bases the next one as its target.

    Args:
        genome, intervals: where windows come from; the training windows from the intervals of split "train".
        reverse_complements: read every other window, by draw, from the other strand.
        windows: "random" takes any position of the intervals, and N and unknown characters bear no loss; "original"
            is the rule of the original's training code: rows of the intervals by draw, each with the one window that
            it has (original_windows.py), and all targets bear loss.
    """

    name = "causal-lm"

    def __init__(
        self,
        genome: Genome,
        intervals: Sequence[Interval],
        reverse_complements: bool = True,
        windows: str = "random",
    ) -> None:
        if windows not in WINDOWS:
            raise HyenaDNAError(f"windows is {windows!r}: choose one of {', '.join(WINDOWS)}.")
        self.genome, self.intervals, self.reverse_complements = genome, intervals, reverse_complements
        self.windows = windows
        self._places: dict[tuple[str, int], tuple[list[Interval], np.ndarray]] = {}

    @property
    def held_out_split(self) -> str:
        """The split that the figure at the end is measured on: valid, or test where there is no valid."""
        return "valid" if self.intervals_of("valid") else "test"

    def intervals_of(self, split: str) -> list[Interval]:
        return [interval for interval in self.intervals if interval.split == split]

    def check(self, seq_len: int) -> list[Interval]:
        """The training intervals that are too short for a window of `seq_len` targets; the original extends those.

        Raises:
            HyenaDNAError: nothing is held out, or all are too short for windows at random.
        """
        if not self.intervals_of(self.held_out_split):
            raise HyenaDNAError("Nothing is held out: mark some intervals valid or test in column 4 of the BED.")
        train = self.intervals_of("train")
        longest = max(len(interval) for interval in train)
        if longest <= seq_len and self.windows == "random":
            raise HyenaDNAError(
                f"No sequence of {self.genome.path} is longer than the window of {seq_len:,} bases: the longest "
                f"stretch to train on has {longest:,}. Choose shorter stages, as in --stages {longest // 2 or 1}."
            )
        needed = seq_len + 1 if self.windows == "random" else seq_len  # the last target is then [SEP]
        return [interval for interval in train if len(interval) < needed]

    def batch(self, draw: Draw) -> Batch:
        """Windows of the split: (B, L) ids, (B, L) targets, (B, L) weights."""
        return self._random_batch(draw) if self.windows == "random" else self._original_batch(draw)

    def _random_batch(self, draw: Draw) -> Batch:
        """Windows drawn evenly from all positions of the split."""
        random = draw.generator()
        width = draw.seq_len + 1  # the targets are the inputs moved on by one base
        intervals, starts_until = self.places(draw.split, width)
        windows = np.empty((draw.batch_size, width), np.int32)
        for row, place in enumerate(random.integers(starts_until[-1], size=draw.batch_size)):
            index = int(np.searchsorted(starts_until, place, side="right"))
            end = intervals[index].end - int(starts_until[index] - 1 - place)
            windows[row] = TO_ID["default"][self.genome.read(intervals[index].chrom, end - width, end)]
        if self.reverse_complements:
            other_strand = random.random(draw.batch_size) < 0.5
            windows[other_strand] = reverse_complement(windows[other_strand])
        return next_base_batch(windows)

    def _original_batch(self, draw: Draw) -> Batch:
        """Intervals of the split by draw, each as the original cuts, ends and pads it; every target bears weight."""
        random = draw.generator()
        intervals = self.intervals_of(draw.split)
        rows = random.integers(len(intervals), size=draw.batch_size)
        other_strand = (random.random(draw.batch_size) < 0.5) & self.reverse_complements
        max_length = draw.seq_len + 1  # of which the last is [SEP]
        ids = np.empty((draw.batch_size, max_length), np.int32)
        for row, (index, other) in enumerate(zip(rows, other_strand, strict=True)):
            ids[row] = window_ids(window_bases(self.genome, intervals[index], max_length, other), max_length)
        return Batch(ids[:, :-1], ids[:, 1:], np.ones((draw.batch_size, draw.seq_len), np.float32))

    def places(self, split: str, width: int) -> tuple[list[Interval], np.ndarray]:
        """The intervals with room for a window of `width` bases, and how many starts there are up to each."""
        if (split, width) not in self._places:
            intervals = [interval for interval in self.intervals_of(split) if len(interval) >= width]
            starts = np.cumsum([len(interval) - width + 1 for interval in intervals])
            self._places[split, width] = intervals, starts
        return self._places[split, width]

    def held_out_windows(self, seq_len: int, most_bases: int) -> list[Interval]:
        """The held-out split in consecutive windows of seq_len + 1 bases that share one base with the next.

        So each base is predicted once, but for the first of an interval. Where the split has more than `most_bases`,
        windows spread evenly over it.
        """
        intervals = self.intervals_of(self.held_out_split)
        windows_until = np.cumsum([-(-(len(interval) - 1) // seq_len) for interval in intervals])
        chosen = np.arange(windows_until[-1])
        if len(chosen) > (most := max(1, most_bases // seq_len)):
            chosen = np.linspace(0, len(chosen) - 1, most).round().astype(np.int64)
        windows = []
        for index, number in zip(np.searchsorted(windows_until, chosen, side="right"), chosen, strict=True):
            interval = intervals[index]
            start = interval.start + seq_len * int(number - (windows_until[index - 1] if index else 0))
            windows.append(Interval(interval.chrom, start, min(start + seq_len + 1, interval.end), interval.split))
        return windows

    def held_out_batches(self, windows: Sequence[Interval], seq_len: int, batch_size: int) -> Iterator[Batch]:
        """The windows in batches of the shape (batch_size, seq_len); what the last of them lack is padding."""
        table = TO_ID[WINDOWS[self.windows]]
        for first in range(0, len(windows), batch_size):
            ids = np.full((batch_size, seq_len + 1), PAD, np.int32)
            for row, window in enumerate(windows[first : first + batch_size]):
                ids[row, : len(window)] = table[self.genome.read(window.chrom, window.start, window.end)]
            yield next_base_batch(ids)


def next_base_batch(windows: np.ndarray) -> Batch:
    """Windows of token ids, (B, L + 1), as inputs and targets (B, L); only A, C, G and T bear weight."""
    targets = windows[:, 1:]
    return Batch(windows[:, :-1], targets, ((targets >= A) & (targets <= T)).astype(np.float32))
