"""A set as tables: one for each split, or one with a column of splits.

The columns are sequence (or seq) and label (or class), as CSV, TSV or Parquet, plain or gzip. A
column `split` chooses the rows of the split. A column `task` chooses the rows of the set: the hub
has it in the files of the Nucleotide Transformer.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from hyenadna_benchmarks.benchmark_set import BenchmarkSet
from hyenadna_benchmarks.layouts.rows import labelled_rows
from hyenadna_core import HyenaDNAError, LabelledSequences, notice, read_labelled, table_columns

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
LABELS = ("label", "class")
CHOICES = ("split", "task")
NAMES_OF_DEV = ("dev", "valid", "validation", "val")


def find(benchmark: BenchmarkSet, folder: Path, split: str) -> Path | None:
    """Return the table of a split, or the table of the set."""
    return next((path for path in _candidates(benchmark, folder, split) if path.is_file()), None)


def read(benchmark: BenchmarkSet, path: Path, split: str, genomes: Mapping[str, Path]) -> LabelledSequences:
    """Read the rows of a split.

    Raises:
        HyenaDNAError: a column is missing, a row is faulty, or there is no row of the split.
    """
    columns = {name.casefold(): name for name in table_columns(path)}
    label = next((columns[name] for name in LABELS if name in columns), None)
    if label is None:
        raise HyenaDNAError(f"{path} has no column label or class; its columns are {', '.join(columns.values())}.")
    chosen = [name for name in CHOICES if name in columns]
    if path.name.partition(".")[0] != split and "split" not in chosen:
        raise HyenaDNAError(
            f"{path} has no column split, which tells its train rows from its test rows: "
            f"add it, or write {benchmark.name}/train.csv and {benchmark.name}/test.csv."
        )
    records = read_labelled(path, label_columns=[label, *(columns[name] for name in chosen)])
    for reason, count in records.left_out.items():
        notice(f"{count:,} rows of {path} were left out: {reason}.")
    wanted = {"split": NAMES_OF_DEV if split == "dev" else (split,), "task": benchmark.folders}
    rows = [
        row
        for row, (_, *values) in enumerate(records.labels)
        if all(value in wanted[name] for name, value in zip(chosen, values, strict=True))
    ]
    if not rows:
        raise HyenaDNAError(
            f"{path} has no {split} rows of {benchmark.full_name} by its columns {' and '.join(chosen)}: "
            "check that it is the right file."
        )
    names, sequences = [records.names[row] for row in rows], [records.sequences[row] for row in rows]
    return labelled_rows(benchmark, path, names, sequences, [records.labels[row][0] for row in rows])


def _candidates(benchmark: BenchmarkSet, folder: Path, split: str) -> Iterator[Path]:
    places = [folder / place / split for place in benchmark.folders]
    if benchmark.suite.startswith("nt-"):
        places.append(folder / split)  # all tasks in one table
    places += [folder / place for place in benchmark.folders]
    for place in places:
        for suffix in SUFFIXES:
            yield place.with_name(place.name + suffix)
