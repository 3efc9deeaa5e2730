"""Rows of a set from texts: each label becomes a class of the set, by name in every split."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hyenadna_benchmarks.benchmark_set import BenchmarkSet
from hyenadna_core import HyenaDNAError, LabelledSequences, notice

NAMES, NUMBERS = "names", "numbers"  # the kinds of labels of a set whose classes have names


class TextRows(NamedTuple):
    """The rows of a split as a layout reads them: names, sequences and the texts of labels."""

    names: Sequence[str]
    sequences: Sequence[bytes]
    labels: Sequence[str]


def labelled_rows(benchmark: BenchmarkSet, path: Path, rows: TextRows, files: dict[str, Path]) -> LabelledSequences:
    """Return rows with the classes of their labels.

    Args:
        files: the first file of the set whose labels are "names", and the first with "numbers";
            `path` is added. A notice prints once which class each number is.

    Raises:
        HyenaDNAError: there are no rows, a label is not a class of the set, or the set has names
            and numbers as labels. The message names the row or the files.
    """
    if not len(rows.names):
        raise HyenaDNAError(f"{path} has no rows of {benchmark.full_name}: check that it is the right file.")
    ids = {label: benchmark.class_id(label) for label in set(rows.labels)}
    if None in ids.values():
        name, label = next((name, label) for name, _, label in zip(*rows, strict=True) if ids[label] is None)
        raise HyenaDNAError(
            f"{path}, row {name}: the label {label!r} is no class of {benchmark.full_name}: "
            f"its classes are {', '.join(benchmark.classes)}."
        )
    if benchmark.has_names:
        _check_kinds(benchmark, path, ids, files)
    return LabelledSequences.of(
        rows.sequences, np.array([ids[label] for label in rows.labels], np.int32), names=rows.names
    )


def _check_kinds(benchmark: BenchmarkSet, path: Path, labels: Iterable[str], files: dict[str, Path]) -> None:
    """Check that the labels of a set are all names, or all numbers; print what numbers mean."""
    are_new = NUMBERS not in files
    for label in labels:
        files.setdefault(NAMES if label in benchmark.classes else NUMBERS, path)
    if len(files) > 1:
        raise HyenaDNAError(
            f"{benchmark.full_name} has names of classes as labels in {files[NAMES]}, and numbers in {files[NUMBERS]}: "
            "write the names in all of its files, because copies of a set may number its classes in another order."
        )
    if are_new and NUMBERS in files:
        places = ", ".join(f"{number} = {name}" for number, name in enumerate(benchmark.classes))
        notice(f"The labels of {benchmark.full_name} are numbers, read as {places}: check the order of your copy.")
