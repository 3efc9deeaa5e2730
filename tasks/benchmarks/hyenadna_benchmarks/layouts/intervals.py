"""GenomicBenchmarks as it is published: intervals, SET/SPLIT/CLASS.csv.gz, of a reference genome.

The columns are id, region, start, end (0-based, the end excluded) and strand. Names of contigs meet
with or without "chr", and without the version that the FASTA has: ENST00000371014.8.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from hyenadna_benchmarks.benchmark_set import BenchmarkSet
from hyenadna_benchmarks.layouts.genome import SetGenome
from hyenadna_benchmarks.layouts.rows import TextRows
from hyenadna_core import HyenaDNAError, open_table, progress

COLUMNS = ("id", "region", "start", "end", "strand")
SUFFIXES = (".csv.gz", ".csv")
STRANDS = ("+", "-", ".")


class Line(NamedTuple):
    """A line of a file: its name, and its interval with the name of the contig in the genome."""

    name: str
    interval: tuple[str, int, int, str]  # contig, start, end, strand


def find(benchmark: BenchmarkSet, folder: Path, split: str) -> Path | None:
    """Return the folder of a split if it has the file of a class."""
    path = folder / benchmark.folder / split
    return path if any(_file(path, name) is not None for name in benchmark.classes) else None


def read(benchmark: BenchmarkSet, path: Path, split: str, genomes: Mapping[str, SetGenome]) -> TextRows:
    """Read the rows of a split: class by class, in the order of the files.

    Raises:
        HyenaDNAError: a class has no file or no genome, or a line is not an interval of its genome.
    """
    names, sequences, labels = [], [], []
    with progress(f"Reading {path.parent.name}/{split}", len(benchmark.classes)) as advance:
        for label in benchmark.classes:
            file = _file(path, label)
            if file is None:
                raise HyenaDNAError(f"{path} has no {label}.csv.gz, the intervals of a class: download the set again.")
            genome = genomes.get(label) or genomes.get("")
            if genome is None:
                raise HyenaDNAError(
                    f"{file} has intervals but no bases: give its genome with --fasta, or --class-fasta {label}=PATH."
                )
            for line in _lines(file, genome):
                names.append(f"{label}/{line.name}")
                sequences.append(genome.bases(*line.interval))
                labels.append(label)
            advance(1)
    return TextRows(names, sequences, labels)


def _file(folder: Path, label: str) -> Path | None:
    return next((path for suffix in SUFFIXES if (path := folder / f"{label}{suffix}").is_file()), None)


def _lines(path: Path, genome: SetGenome) -> Iterator[Line]:
    """Read the intervals of a class, and check each against its genome."""
    contigs: dict[str, str | None] = {}
    for number, row in enumerate(_rows(path), start=1):
        place = f"{path}, row {number}"
        region, start, end, strand = row["region"], row["start"], row["end"], row["strand"]
        if region not in contigs:
            contigs[region] = genome.contig(region)
        contig = contigs[region]
        if contig is None:
            raise HyenaDNAError(f"{place}: {genome.path} has no contig {region!r}: is it the genome of this class?")
        if not (start.isdecimal() and end.isdecimal() and int(start) < int(end)):
            raise HyenaDNAError(f"{place}: {start!r} to {end!r} is no interval: download the set again.")
        if int(end) > genome.contigs[contig]:
            raise HyenaDNAError(
                f"{place}: the interval ends at {int(end):,}, but {contig} has {genome.contigs[contig]:,} bases in "
                f"{genome.path}: is it the genome of this class, in the right version?"
            )
        if strand not in STRANDS:
            raise HyenaDNAError(f"{place}: the strand is {strand!r}, not one of {', '.join(STRANDS)}.")
        yield Line(row["id"], (contig, int(start), int(end), strand))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Read the rows of a table that has the columns of intervals."""
    table = open_table(path, lambda done: None)
    numbers = {name: table.find_usual((name,)) for name in COLUMNS}
    missing = [name for name, number in numbers.items() if number is None]
    if missing:
        raise HyenaDNAError(f"{path} has no column {missing[0]}: its columns should be {', '.join(COLUMNS)}.")
    for fields in table.rows([number for number in numbers.values() if number is not None]):
        yield dict(zip(COLUMNS, fields, strict=True))
