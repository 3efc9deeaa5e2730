"""The layout of GUE: SET/train.csv, dev.csv and test.csv with the columns sequence and label."""

from pathlib import Path

import numpy as np

from hyenadna_benchmarks.benchmark_set import BenchmarkSet
from hyenadna_core import LabelledSequences, read_labelled


def read_split(benchmark: BenchmarkSet, folder: Path, split: str) -> LabelledSequences:
    """Read a published split: "train", "dev" or "test"."""
    base = folder / benchmark.folder / f"{split}.csv"
    path = base if base.exists() else base.with_name(f"{split}.csv.gz")
    records = read_labelled(path)
    classes = [benchmark.classes.index(label) for (label,) in records.labels]
    return LabelledSequences.of(records.sequences, np.array(classes, np.int32), names=records.names)
