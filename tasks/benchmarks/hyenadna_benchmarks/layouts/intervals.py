"""GenomicBenchmarks as it is published: intervals, SET/SPLIT/CLASS.csv.gz, of a reference genome.

The columns are id, region, start, end (0-based, the end excluded) and strand. Names of contigs meet
with or without "chr".
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hyenadna_benchmarks.benchmark_set import BenchmarkSet
from hyenadna_benchmarks.layouts.rows import labelled_rows
from hyenadna_core import HyenaDNAError, LabelledSequences, open_genome, open_table, progress, read_labelled

COLUMNS = ("id", "region", "start", "end", "strand")
SUFFIXES = (".csv.gz", ".csv")
STRANDS = ("+", "-", ".")


class Line(NamedTuple):
    """A line of a file: where it is, for messages, and its interval with the name in the genome."""

    place: str
    name: str
    bed: tuple[str, int, int, str]  # contig, start, end, strand


def find(benchmark: BenchmarkSet, folder: Path, split: str) -> Path | None:
    """Return the folder of a split if it has the file of a class."""
    path = folder / benchmark.folder / split
    return path if any(_file(path, name) is not None for name in benchmark.classes) else None


def read(benchmark: BenchmarkSet, path: Path, split: str, genomes: Mapping[str, Path]) -> LabelledSequences:
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
            fasta = genomes.get(label) or genomes.get("")
            if fasta is None:
                raise HyenaDNAError(
                    f"{file} has intervals but no bases: give its genome with --fasta, or --class-fasta {label}=PATH."
                )
            lines = list(_lines(file, open_genome(fasta)))
            names += [f"{label}/{line.name}" for line in lines]
            sequences += _bases(lines, fasta)
            labels += [label] * len(lines)
            advance(1)
    return labelled_rows(benchmark, path, names, sequences, labels)


def _file(folder: Path, label: str) -> Path | None:
    return next((path for suffix in SUFFIXES if (path := folder / f"{label}{suffix}").is_file()), None)


def _lines(path: Path, genome: Any) -> Iterator[Line]:
    """Read the intervals of a class, and check each against its genome."""
    contigs: dict[str, str | None] = {}
    for number, row in enumerate(_rows(path), start=1):
        place = f"{path}, row {number}"
        region, start, end, strand = row["region"], row["start"], row["end"], row["strand"]
        if region not in contigs:
            contigs[region] = _contig(region, genome)
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
        yield Line(place, row["id"], (contig, int(start), int(end), strand))


def _contig(region: str, genome: Any) -> str | None:
    names = (region, f"chr{region}", region.removeprefix("chr"))
    return next((name for name in names if name in genome.contigs), None)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Read the rows of a table that has the columns of intervals."""
    table = open_table(path, lambda done: None)
    numbers = {name: table.find_usual((name,)) for name in COLUMNS}
    missing = [name for name, number in numbers.items() if number is None]
    if missing:
        raise HyenaDNAError(f"{path} has no column {missing[0]}: its columns should be {', '.join(COLUMNS)}.")
    for fields in table.rows([number for number in numbers.values() if number is not None]):
        yield dict(zip(COLUMNS, fields, strict=True))


def _bases(lines: list[Line], fasta: Path) -> list[bytes]:
    """Return the bases of intervals on their strands, which the core reads from a BED file."""
    with tempfile.TemporaryDirectory() as folder:
        bed = Path(folder) / "intervals.bed"
        with bed.open("w", encoding="utf-8") as file:
            file.writelines(f"{c}\t{start}\t{end}\t.\t0\t{strand}\n" for _, _, (c, start, end, strand) in lines)
        return read_labelled(bed, fasta=fasta, needs_labels=False).sequences if lines else []
