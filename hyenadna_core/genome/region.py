"""Regions of a genome: chr1:1,001-2,000 as people write it, and the union of many."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.files.text import size_of
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.intervals import Interval, bed_lines, interval_of
from hyenadna_core.terminal import progress

REGION = re.compile(r"(?P<chrom>.+?):(?P<first>[0-9][0-9,]{0,23})-(?P<last>[0-9][0-9,]{0,23})")
EXAMPLE = "chr1:1,001-2,000"


def parse_region(text: str, genome: Genome) -> Interval:
    """Read a region such as chr1:1,001-2,000, which counts from 1 and has its last base, or chr1.

    Raises:
        HyenaDNAError: the genome has no such contig, or the contig no such bases.
    """
    if text in genome.contigs:
        return Interval(text, 0, genome.contigs[text])
    match = REGION.fullmatch(text)
    chrom = match["chrom"] if match else next((name for name in genome.contigs if text.startswith(f"{name}:")), text)
    if chrom not in genome.contigs:
        raise HyenaDNAError(
            f"No contig '{shown(chrom)}' in {genome.path}; it has {first_names(genome.contigs)}. Write a region as in "
            f"{EXAMPLE}."
        )
    if match is None:
        raise HyenaDNAError(f"'{shown(text)}' is no region: write it as in {EXAMPLE}.")
    length = genome.contigs[chrom]
    first, last = (int(match[name].replace(",", "")) for name in ("first", "last"))
    if not 1 <= first <= length or last > length:
        raise HyenaDNAError(
            f"The region '{shown(text)}' is not in {shown(chrom)}, which has the bases 1 to {length:,}: choose others."
        )
    if last < first:
        raise HyenaDNAError(f"The region '{shown(text)}' ends before it starts: write the smaller position first.")
    return Interval(chrom, first - 1, last)


def read_regions(path: Path, genome: Genome) -> list[Interval]:
    """Read the intervals of a BED file; only its first three columns count.

    Raises:
        HyenaDNAError: the file cannot be read, has no interval, or a line is not an interval of
            this genome. The last message names the line.
    """
    with progress(f"Reading {path.name}", size_of(path)) as advance:
        intervals = [interval_of(columns, "", place, genome) for place, columns in bed_lines(path, advance)]
    if not intervals:
        raise HyenaDNAError(f"{path} has no intervals: write contig, start and end in each line.")
    return intervals


def check_interval(interval: Interval, genome: Genome) -> None:
    """Raise HyenaDNAError if a genome does not have the bases of an interval."""
    length = genome.contigs.get(interval.chrom)
    if length is None:
        raise HyenaDNAError(
            f"No contig '{shown(interval.chrom)}' in {genome.path}; it has {first_names(genome.contigs)}."
        )
    if not 0 <= interval.start <= interval.end <= length:
        raise HyenaDNAError(
            f"The interval {interval.start:,} to {interval.end:,} is not in {shown(interval.chrom)}, which has the "
            f"bases 0 to {length:,} (start counts from 0, end is not included)."
        )


def union(intervals: Iterable[Interval], genome: Genome) -> list[Interval]:
    """Return the bases of intervals as intervals that do not touch, in the order of the genome."""
    numbers = {chrom: number for number, chrom in enumerate(genome.contigs)}
    joined: list[Interval] = []
    for one in sorted(intervals, key=lambda each: (numbers[each.chrom], each.start)):
        if joined and joined[-1].chrom == one.chrom and one.start <= joined[-1].end:
            joined[-1] = Interval(one.chrom, joined[-1].start, max(joined[-1].end, one.end))
        else:
            joined.append(Interval(one.chrom, one.start, one.end))
    return joined


def cut(intervals: Sequence[Interval], length: int) -> list[Interval]:
    """Cut intervals at the multiples of `length` on their contigs."""
    pieces = []
    for chrom, start, end in ((each.chrom, each.start, each.end) for each in intervals):
        borders = [start, *range((start // length + 1) * length, end, length), end]
        pieces += [Interval(chrom, *edges) for edges in pairwise(borders)]
    return pieces
