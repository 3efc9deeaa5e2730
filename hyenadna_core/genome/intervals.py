"""Genome intervals, 0-based half-open, each with its split; and the reader of BED files."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.files.text import size_of, text_lines
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.terminal import Advance, progress

SPLITS = ("train", "valid", "test")
SETTINGS = ("track", "browser")  # first words of lines for a genome browser
POSITION = re.compile(r"[0-9]{1,18}")  # no genome has more bases than an int64 can count
HELD_OUT = 0.1  # the share of each contig, at its end, held out for validation without a BED file


@dataclass(frozen=True)
class Interval:
    """Bases start to end of a contig, 0-based half-open; for training, with one of SPLITS."""

    chrom: str
    start: int
    end: int
    split: str = ""

    def __len__(self) -> int:
        return self.end - self.start


def split_by_position(genome: Genome) -> list[Interval]:
    """Split each contig by position: the last tenth is "valid", the rest is "train"."""
    intervals = []
    for chrom, length in genome.contigs.items():
        cut = length - int(length * HELD_OUT)
        intervals += [Interval(chrom, 0, cut, "train"), Interval(chrom, cut, length, "valid")]
    return [interval for interval in intervals if len(interval)]


def read_bed(path: str | Path, genome: Genome) -> list[Interval]:
    """Read the intervals of a BED file, plain or gzip, whose column 4 is train, valid or test.

    Raises:
        HyenaDNAError: the file cannot be read, no interval is marked train, or a line is not an
            interval of this genome. The last message names the line.
    """
    path = Path(path)
    with progress(f"Reading {path.name}", size_of(path)) as advance:
        intervals = [_interval(columns, place, genome) for place, columns in bed_lines(path, advance)]
    if not any(interval.split == "train" for interval in intervals):
        raise HyenaDNAError(f"{path} has no interval marked train in column 4: mark at least one.")
    return intervals


def bed_lines(path: Path, advance: Advance) -> Iterator[tuple[str, list[str]]]:
    """Read the lines of a BED file with intervals: (place for messages, columns).

    Columns are separated by tabs, or by spaces in a line without tabs. Empty lines, comments, and
    lines of settings for a genome browser are left out. A setting begins with the word track or
    browser; a contig of this name has positions in the next two columns.

    Raises:
        HyenaDNAError: the file cannot be read.
    """
    for number, line in enumerate(text_lines(path, advance), start=1):
        line = line.rstrip("\r\n")
        if not line.strip() or line.startswith("#"):
            continue
        columns = line.split("\t") if "\t" in line else re.split(" +", line.strip(" "))
        if columns[0].partition(" ")[0] not in SETTINGS or _has_positions(columns):
            yield f"{path}:{number}", columns


def shared_bases(intervals: Sequence[Interval], split: str, other: str) -> int:
    """Count the bases that lie both in intervals of one split and in intervals of another."""
    edges = sorted(
        (interval.chrom, position, interval.split, step)
        for interval in intervals
        if interval.split in (split, other)
        for position, step in ((interval.start, 1), (interval.end, -1))
    )
    shared, before = 0, 0
    covering = {split: 0, other: 0}  # how many intervals cover the bases before an edge; none between contigs
    for _, position, name, step in edges:
        if all(covering.values()):
            shared += position - before
        covering[name] += step
        before = position
    return shared


def _has_positions(columns: Sequence[str]) -> bool:
    return len(columns) > 2 and all(map(POSITION.fullmatch, columns[1:3]))


def _interval(columns: Sequence[str], place: str, genome: Genome) -> Interval:
    if len(columns) < 4:
        raise HyenaDNAError(
            f"{place}: expected contig, start, end and split in columns 1 to 4, found '{shown(' '.join(columns))}'."
        )
    split = columns[3].strip()
    interval = interval_of(columns, split, place, genome)
    if split not in SPLITS:
        raise HyenaDNAError(f"{place}: column 4 is '{shown(split)}', expected one of {', '.join(SPLITS)}.")
    return interval


def interval_of(columns: Sequence[str], split: str, place: str, genome: Genome) -> Interval:
    """Return the interval in the first three columns of a BED line.

    Args:
        place: the file and line number, for error messages.

    Raises:
        HyenaDNAError: the line lacks these columns, the genome lacks the contig, the interval is
            empty, or it ends after the end of the contig.
    """
    if not _has_positions(columns):
        raise HyenaDNAError(
            f"{place}: expected contig, start and end in columns 1 to 3, found '{shown(' '.join(columns))}'."
        )
    chrom, start, end = columns[0], int(columns[1]), int(columns[2])
    if chrom not in genome.contigs:
        raise HyenaDNAError(
            f"{place}: no contig '{shown(chrom)}' in {genome.path}; it has {first_names(genome.contigs)}."
        )
    if start >= end:
        raise HyenaDNAError(f"{place}: the interval {start}-{end} has no bases.")
    if end > (length := genome.contigs[chrom]):
        raise HyenaDNAError(
            f"{place}: the interval ends at {end:,} but {shown(chrom)} in {genome.path} has {length:,} bases."
        )
    return Interval(chrom, start, end, split)
