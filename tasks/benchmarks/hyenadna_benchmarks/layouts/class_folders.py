"""The layout of GenomicBenchmarks after its download: SET/SPLIT/CLASS/ID.txt, one sequence each."""

import os
from collections.abc import Mapping
from pathlib import Path

from hyenadna_benchmarks.benchmark_set import BenchmarkSet
from hyenadna_benchmarks.layouts.genome import SetGenome
from hyenadna_benchmarks.layouts.rows import TextRows
from hyenadna_core import HyenaDNAError, progress

STEP = 256  # files between two steps of the progress bar


def find(benchmark: BenchmarkSet, folder: Path, split: str) -> Path | None:
    """Return the folder of a split if it has a folder of a class."""
    path = folder / benchmark.folder / split
    return path if any((path / name).is_dir() for name in benchmark.classes) else None


def read(benchmark: BenchmarkSet, path: Path, split: str, genomes: Mapping[str, SetGenome]) -> TextRows:
    """Read the rows of a split: class by class, each in the order of its file names.

    The name of a row is CLASS/ID.

    Raises:
        HyenaDNAError: the folder of a class is missing or has no files, or a file is no sequence.
    """
    strange = sorted(entry.name for entry in os.scandir(path) if entry.is_dir() and entry.name not in benchmark.classes)
    if strange:
        raise HyenaDNAError(
            f"{path / strange[0]} is no class of {benchmark.full_name}: its classes are {', '.join(benchmark.classes)}."
        )
    files = {label: _files(path / label) for label in benchmark.classes}
    names, sequences, labels = [], [], []
    with progress(f"Reading {path.parent.name}/{split}", sum(map(len, files.values()))) as advance:
        for label, of_class in files.items():
            labels += [label] * len(of_class)
            for number, name in enumerate(of_class, start=1):
                sequences.append(_sequence(path / label / name))
                names.append(f"{label}/{name.removesuffix('.txt')}")
                if number % STEP == 0:
                    advance(STEP)
            advance(len(of_class) % STEP)
    return TextRows(names, sequences, labels)


def _files(folder: Path) -> list[str]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(".txt"))
    except OSError as error:
        raise HyenaDNAError(f"Cannot read {folder}: {error.strerror}.") from None
    if not names:
        raise HyenaDNAError(f"{folder} has no .txt files: download the set again.")
    return names


def _sequence(path: Path) -> bytes:
    try:
        sequence = b"".join(path.read_bytes().split())
    except OSError as error:
        raise HyenaDNAError(f"Cannot read {path}: {error.strerror}.") from None
    if not sequence:
        raise HyenaDNAError(f"{path} is empty: download the set again.")
    if not sequence.isalpha():
        raise HyenaDNAError(f"{path} is no sequence: it has characters that are not letters, as {sequence[:20]!r}.")
    return sequence
