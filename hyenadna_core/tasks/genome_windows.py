"""Windows of a genome: random or original ones to train on, consecutive ones to measure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.genome.original_windows import window_bases, window_ids
from hyenadna_core.task import Batch, Draw, next_base_batch
from hyenadna_core.tokens import COMPLEMENT, PAD, TO_ID

TABLES = (TO_ID["default"], COMPLEMENT[TO_ID["default"]])
STRANDS = tuple(table.astype(np.uint8).tobytes() for table in TABLES)  # from byte to id, and to its complement


class Places(NamedTuple):
    """Intervals, and the cumulative number of places for a window in them, (n,) int64."""

    intervals: list[Interval]
    until: np.ndarray

    @classmethod
    def of(cls, intervals: Sequence[Interval], width: int, genome: str = "") -> "Places":
        """Count the places for windows of `width` bases in the intervals of one genome.

        An interval that is shorter than the window has as many places as bases, so that each base
        is drawn about as often as others.
        """
        chosen = [interval for interval in intervals if interval.chrom.startswith(f"{genome}:" if genome else "")]
        lengths = [len(interval) for interval in chosen]
        return cls(chosen, np.cumsum([length - width + 1 if length >= width else length for length in lengths]))


def draw_places(
    draw: Draw, random: np.random.Generator, places: Mapping[str, Places], weights: Mapping[str, float]
) -> list[tuple[Interval, int]]:
    """Draw an interval, and the number of a place in it, for each window of a batch.

    Args:
        places: the places in each genome, by name.
        weights: how often windows come from each genome, in proportion.
    """
    names = list(weights)
    if len(names) == 1:
        genome_of_row = np.zeros(draw.batch_size, int)
    else:
        share = np.array([weights[name] for name in names])
        genome_of_row = random.choice(len(names), size=draw.batch_size, p=share / share.sum())
    drawn: dict[int, tuple[Interval, int]] = {}
    for number, name in enumerate(names):
        rows = np.flatnonzero(genome_of_row == number)
        if len(rows) == 0:
            continue
        intervals, until = places[name]
        numbers = random.integers(until[-1], size=len(rows))
        for row, place, index in zip(rows, numbers, np.searchsorted(until, numbers, side="right"), strict=True):
            drawn[int(row)] = intervals[index], int(place - (until[index - 1] if index else 0))
    return [drawn[row] for row in range(draw.batch_size)]


def random_batch(
    genome: Genome, draw: Draw, places: Mapping[str, Places], weights: Mapping[str, float], reverse_complements: bool
) -> Batch:
    """Return windows drawn evenly from all places; shorter intervals are padded on the right.

    With `reverse_complements`, half of the windows are read from the other strand.
    """
    random = draw.generator()
    width = draw.seq_len + 1  # the targets are the inputs, one base later
    windows = np.full((draw.batch_size, width), PAD, np.uint8)
    drawn = draw_places(draw, random, places, weights)
    other_strand = random.random(draw.batch_size) < 0.5 if reverse_complements else np.zeros(len(drawn), bool)
    for row, (interval, place), other in zip(windows, drawn, other_strand, strict=True):
        start = interval.start + place if len(interval) >= width else interval.start
        end = min(start + width, interval.end)
        bases = genome.read(interval.chrom, start, end).tobytes().translate(STRANDS[bool(other)])
        row[: end - start] = np.frombuffer(bases, np.uint8)[:: -1 if other else 1]
    return next_base_batch(windows.astype(np.int32))


def original_batch(genome: Genome, draw: Draw, intervals: Sequence[Interval], reverse_complements: bool) -> Batch:
    """Return drawn intervals, cropped, ended and padded as in the original.

    Every target counts in the loss.
    """
    random = draw.generator()
    rows = random.integers(len(intervals), size=draw.batch_size)
    other_strand = (random.random(draw.batch_size) < 0.5) & reverse_complements
    max_length = draw.seq_len + 1  # the last token is [SEP]
    ids = np.empty((draw.batch_size, max_length), np.int32)
    for row, (index, other) in enumerate(zip(rows, other_strand, strict=True)):
        ids[row] = window_ids(window_bases(genome, intervals[index], max_length, other), max_length)
    return Batch(ids[:, :-1], ids[:, 1:], np.ones((draw.batch_size, draw.seq_len), np.float32))


def consecutive_windows(intervals: Sequence[Interval], seq_len: int, most_bases: int) -> list[Interval]:
    """Return consecutive windows of seq_len + 1 bases, each sharing one base with the next.

    So each base is predicted once, except the first of an interval. If the intervals have more
    than `most_bases`, windows spread evenly over them are returned.
    """
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


def batches_of_windows(
    genome: Genome, windows: Sequence[Interval], seq_len: int, batch_size: int, encoding: str
) -> Iterator[Batch]:
    """Yield the windows in batches of the shape (batch_size, seq_len); the last batch is padded."""
    table = TO_ID[encoding]
    for first in range(0, len(windows), batch_size):
        ids = np.full((batch_size, seq_len + 1), PAD, np.int32)
        for row, window in enumerate(windows[first : first + batch_size]):
            ids[row, : len(window)] = table[genome.read(window.chrom, window.start, window.end)]
        yield next_base_batch(ids)
