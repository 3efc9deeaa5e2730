"""What an audit reads: the files of the splits, or a set of a suite."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hyenadna_core import HyenaDNAError, notice, read_labelled, spellings

INTERVALS = "genomic-benchmarks"  # the suite with sets that are published as intervals


class Source(NamedTuple):
    """The rows of each split: sequences, targets, and the texts of names and labels."""

    sequences: Mapping[str, Any]
    targets: Mapping[str, np.ndarray]
    names: Mapping[str, Sequence[str]]
    labels: Mapping[str, Sequence[str]]


def read_files(files: Mapping[str, Path], sequence_column: str | None, label_column: str | None) -> Source:
    """Read labelled sequences in any format that `hyenadna train` reads.

    A line names labels that may mean the same, such as 1 and 1.0: they count as different.

    Raises:
        HyenaDNAError: a file cannot be read.
    """
    sequences, targets, names, labels = {}, {}, {}, {}
    for split, path in files.items():
        columns = [label_column] if label_column else []
        records = read_labelled(path, sequence_column=sequence_column, label_columns=columns)
        for reason, count in records.left_out.items():
            notice(f"{count:,} rows of {path} were left out: {reason}.")
        sequences[split], names[split] = records.sequences, records.names
        labels[split] = [", ".join(texts) for texts in records.labels]
        targets[split] = np.array(labels[split])
    for sentence in spellings({label for of_split in labels.values() for label in of_split}):
        notice(sentence)
    return Source(sequences, targets, names, labels)


def read_set(name: str, folder: Path | None, fasta: Path | None = None, class_fasta: Sequence[Any] = ()) -> Source:
    """Read the published splits of a set of a suite, such as gue/tf_0.

    Args:
        folder: of the suite.
        fasta: genome of a set of GenomicBenchmarks that is published as intervals.
        class_fasta: genomes of single classes.

    Raises:
        HyenaDNAError: there is no such set, or its files cannot be read.
    """
    from hyenadna_benchmarks.audit.splits import rows_of
    from hyenadna_benchmarks.benchmark_set import SUITES
    from hyenadna_benchmarks.tasks import task_of

    suite, _, set_name = name.partition("/")
    if suite not in SUITES or not set_name:
        raise HyenaDNAError(f"There is no set {name!r}: name it SUITE/SET, with the suite {' or '.join(SUITES)}.")
    genomes: dict[str, Any] = {"fasta": fasta, "class_fasta": class_fasta} if fasta or class_fasta else {}
    if genomes and suite != INTERVALS:
        raise HyenaDNAError(
            f"--fasta and --class-fasta are for sets of {INTERVALS}, and this is {name}: leave them out."
        )
    task = task_of(suite, set_name, folder, **genomes)
    rows, targets = rows_of(task)
    for sentence in task.cautions.values():
        notice(sentence)
    labels = {split: [task.set.classes[target] for target in each.tolist()] for split, each in targets.items()}
    return Source(rows, targets, {split: each.names for split, each in rows.items()}, labels)
