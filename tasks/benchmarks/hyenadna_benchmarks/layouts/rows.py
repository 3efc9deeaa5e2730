"""Rows of a set from texts: each label becomes a class of the set, by name in every split."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hyenadna_benchmarks.benchmark_set import BenchmarkSet
from hyenadna_core import HyenaDNAError, LabelledSequences


def labelled_rows(
    benchmark: BenchmarkSet, path: Path, names: Sequence[str], sequences: Sequence[bytes], labels: Sequence[str]
) -> LabelledSequences:
    """Return rows with the classes of their labels.

    Raises:
        HyenaDNAError: there are no rows, or a label is not a class of the set; the message names
            the row.
    """
    if not len(names):
        raise HyenaDNAError(f"{path} has no rows of {benchmark.full_name}: check that it is the right file.")
    ids = {label: benchmark.class_id(label) for label in set(labels)}
    if None in ids.values():
        name, label = next((name, label) for name, label in zip(names, labels, strict=True) if ids[label] is None)
        raise HyenaDNAError(
            f"{path}, row {name}: the label {label!r} is no class of {benchmark.full_name}: "
            f"its classes are {', '.join(benchmark.classes)}."
        )
    return LabelledSequences.of(sequences, np.array([ids[label] for label in labels], np.int32), names=names)
