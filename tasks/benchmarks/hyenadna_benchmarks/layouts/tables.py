"""A set as tables: one for each split, or one with a column of splits.

The columns are sequence (or seq) and label (or class), as CSV, TSV or Parquet, plain or gzip. A
column `split` chooses the rows of the split. A column `task` chooses the rows of the set: the hub
has it in the files of the Nucleotide Transformer. The table of a split may be in the parts of the
hub, train-00000-of-00002.parquet, in the folder of the set or in its folder `data`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.benchmark_set import BenchmarkSet
from hyenadna_benchmarks.layouts.genome import SetGenome
from hyenadna_benchmarks.layouts.rows import TextRows
from hyenadna_core import HyenaDNAError, notice, read_labelled, table_columns
from hyenadna_core.errors import first_names

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
LABELS = ("label", "class")
CHOICES = ("split", "task")
NAMES_OF_DEV = ("dev", "valid", "validation", "val")
PART = re.compile(r"([a-z]+)-([0-9]+)-of-([0-9]+)(-[^.]*)?\.parquet")  # split, number from 0, how many


def find(benchmark: BenchmarkSet, folder: Path, split: str) -> Path | None:
    """Return the table of a split, its first part, or the table of the set."""
    return next((path for path in _candidates(benchmark, folder, split) if path.is_file()), None)


def read(benchmark: BenchmarkSet, path: Path, split: str, genomes: Mapping[str, SetGenome]) -> TextRows:
    """Read the rows of a split. A notice counts the rows that are in no split of the set.

    Raises:
        HyenaDNAError: a column or a part is missing, a row is faulty, or there is no row of the
            split.
    """
    columns = {name.casefold(): name for name in table_columns(path)}
    label = next((columns[name] for name in LABELS if name in columns), None)
    if label is None:
        raise HyenaDNAError(f"{path} has no column label or class; its columns are {', '.join(columns.values())}.")
    chosen = [name for name in CHOICES if name in columns]
    is_of_split = re.split("[.-]", path.name)[0] == split
    if not is_of_split and "split" not in chosen:
        raise HyenaDNAError(
            f"{path} has no column split, which tells its train rows from its test rows: "
            f"add it, or write {benchmark.name}/train.csv and {benchmark.name}/test.csv."
        )
    names, sequences, labels = _joined(_parts(path), [label, *(columns[name] for name in chosen)])
    rows, others = _chosen_rows(benchmark, split, [dict(zip(chosen, values, strict=True)) for _, *values in labels])
    if others and (is_of_split or split == benchmark.splits[0]):  # once for the table of a set
        counts = ", ".join(f"{name} {count:,}" for name, count in others.most_common())
        notice(
            f"{others.total():,} rows of {path} are in no split of {benchmark.full_name} and do not count: {counts}."
        )
    if not rows:
        raise HyenaDNAError(
            f"{path} has no {split} rows of {benchmark.full_name} by its columns {' and '.join(chosen)}: "
            "check that it is the right file."
        )
    return TextRows([names[row] for row in rows], [sequences[row] for row in rows], [labels[row][0] for row in rows])


def _chosen_rows(benchmark: BenchmarkSet, split: str, choices: list[dict[str, str]]) -> tuple[list[int], Counter[str]]:
    """Choose the rows of a split of a set, and count the rows of the set that are in no split.

    Args:
        choices: the texts in the columns split and task of each row, if the table has these.
    """
    known = {name for each in benchmark.splits for name in _names_of(each)}
    rows, others = [], Counter[str]()
    for row, choice in enumerate(choices):
        if choice.get("task", benchmark.folder) not in benchmark.folders:
            continue
        if (value := choice.get("split", split)) in _names_of(split):
            rows.append(row)
        elif value not in known:
            others[value] += 1
    return rows, others


def _names_of(split: str) -> tuple[str, ...]:
    return NAMES_OF_DEV if split == "dev" else (split,)


def _candidates(benchmark: BenchmarkSet, folder: Path, split: str) -> Iterator[Path]:
    folders = [folder / place for place in benchmark.folders]
    with_all_tasks = [folder] if benchmark.suite.startswith("nt-") else []
    for place in [*folders, *with_all_tasks]:
        yield from (place / f"{split}{suffix}" for suffix in SUFFIXES)
        yield from (*_parts_in(place, split), *_parts_in(place / "data", split))
    for place in folders:
        yield from (place.with_name(place.name + suffix) for suffix in SUFFIXES)


def _parts_in(folder: Path, split: str) -> list[Path]:
    return sorted(path for path in folder.glob(f"{split}-*.parquet") if PART.fullmatch(path.name))


def _parts(path: Path) -> list[Path]:
    """Return all parts of the table that has this first part, or the table itself.

    Raises:
        HyenaDNAError: a part is missing, or there are parts of several copies.
    """
    first = PART.fullmatch(path.name)
    if first is None:
        return [path]
    split, count = first[1], int(first[3])
    parts = _parts_in(path.parent, split)
    expected = [f"{split}-{number:0{len(first[2])}}-of-{first[3]}" for number in range(count)]
    if len(parts) != count or not all(map(str.startswith, (part.name for part in parts), expected)):
        raise HyenaDNAError(
            f"{path.parent} does not have each of the {count} parts of {split} once, but "
            f"{first_names(part.name for part in parts)}: download all parts of one copy."
        )
    return parts


def _joined(parts: list[Path], columns: list[str]) -> tuple[list[str], list[Any], list[tuple[str, ...]]]:
    """Read the tables of all parts: names, sequences and the texts of the columns.

    The row 7 of one of several parts is named PART/7.
    """
    names, sequences, labels = [], [], []
    for part in parts:
        records = read_labelled(part, label_columns=columns)
        for reason, count in records.left_out.items():
            notice(f"{count:,} rows of {part} were left out: {reason}.")
        names += records.names if len(parts) == 1 else [f"{part.stem}/{name}" for name in records.names]
        sequences += records.sequences
        labels += records.labels
    return names, sequences, labels
