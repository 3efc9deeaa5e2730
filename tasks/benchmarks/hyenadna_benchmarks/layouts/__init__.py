"""The published layouts of the suites. Each module finds the files of a split and reads them.

A layout has `find(benchmark, folder, split)`, which returns the file or the folder of a published
split, or None, and `read(benchmark, path, split, genomes)`, which returns its rows as texts. The
folder is that of the suite. A new layout is added here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from hyenadna_benchmarks.benchmark_set import BenchmarkSet
from hyenadna_benchmarks.layouts import class_folders, fasta, intervals, tables
from hyenadna_benchmarks.layouts.genome import SetGenome
from hyenadna_benchmarks.layouts.rows import TextRows

Genomes = Mapping[str, SetGenome]  # the genome of each class; "" has that of all others


class Layout(Protocol):
    """A module of this package."""

    def find(self, benchmark: BenchmarkSet, folder: Path, split: str) -> Path | None: ...

    def read(self, benchmark: BenchmarkSet, path: Path, split: str, genomes: Genomes) -> TextRows: ...


LAYOUTS: Mapping[str, tuple[Layout, ...]] = {
    "genomic-benchmarks": (class_folders, intervals, tables),
    "nt-original": (tables, fasta),
    "nt-revised": (tables, fasta),
    "gue": (tables,),
}


def find_split(benchmark: BenchmarkSet, folder: Path, split: str) -> tuple[Layout, Path] | None:
    """Return the layout and the path of a published split in the folder of the suite, or None."""
    for layout in LAYOUTS[benchmark.suite]:
        if (path := layout.find(benchmark, folder, split)) is not None:
            return layout, path
    return None
