"""Genome intervals, 0-based half-open, each with its split; and the reader of BED files."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.genome.fasta import Genome

SPLITS = ("train", "valid", "test")
HELD_OUT = 0.1  # the share of each contig, at its end, held out for validation without a BED file


@dataclass(frozen=True)
class Interval:
    """Bases start to end of a contig, 0-based half-open."""

    chrom: str
    start: int
    end: int
    split: str

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
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            numbered = [(number, line.rstrip("\r\n")) for number, line in enumerate(lines, start=1)]
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise HyenaDNAError(f"Cannot read the BED {path}: {reason}.") from None
    intervals = [
        _interval(line, f"{path}:{number}", genome)
        for number, line in numbered
        if line.strip() and not line.startswith(("#", "track", "browser"))
    ]
    if not any(interval.split == "train" for interval in intervals):
        raise HyenaDNAError(f"{path} has no interval marked train in column 4: mark at least one.")
    return intervals


def _interval(line: str, place: str, genome: Genome) -> Interval:
    columns = line.split("\t") if "\t" in line else line.split()
    if len(columns) < 4:
        raise HyenaDNAError(f"{place}: expected contig, start, end and split in columns 1 to 4, found {line!r}.")
    split = columns[3].strip()
    interval = interval_of(columns, split, place, genome)
    if split not in SPLITS:
        raise HyenaDNAError(f"{place}: column 4 is {split!r}, expected one of {', '.join(SPLITS)}.")
    return interval


def interval_of(columns: Sequence[str], split: str, place: str, genome: Genome) -> Interval:
    """Return the interval in the first three columns of a BED line.

    Args:
        place: the file and line number, for error messages.

    Raises:
        HyenaDNAError: the line lacks these columns, the genome lacks the contig, the interval is
            empty, or it ends after the end of the contig.
    """
    if len(columns) < 3 or not (columns[1].isdecimal() and columns[2].isdecimal()):
        raise HyenaDNAError(f"{place}: expected contig, start and end in columns 1 to 3, found {' '.join(columns)!r}.")
    chrom, start, end = columns[0], int(columns[1]), int(columns[2])
    if chrom not in genome.contigs:
        raise HyenaDNAError(f"{place}: no contig {chrom!r} in {genome.path}; it has {first_names(genome.contigs)}.")
    if start >= end:
        raise HyenaDNAError(f"{place}: the interval {start}-{end} has no bases.")
    if end > genome.contigs[chrom]:
        raise HyenaDNAError(
            f"{place}: the interval ends at {end:,} but {chrom} in {genome.path} has {genome.contigs[chrom]:,} bases."
        )
    return Interval(chrom, start, end, split)
