"""The sets of the Nucleotide Transformer as FASTA: SET/train.fna and test.fna.

A header is >NAME|LABEL. HyenaDNA's own files have .fasta in place of .fna, and a name with the word
"train" or "test", such as x_train.fasta; the label is the last character of the header.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from hyenadna_benchmarks.benchmark_set import BenchmarkSet
from hyenadna_benchmarks.layouts.genome import SetGenome
from hyenadna_benchmarks.layouts.rows import TextRows
from hyenadna_core import HyenaDNAError, notice, read_labelled

SUFFIXES = (".fna", ".fasta", ".fa", ".fna.gz", ".fasta.gz", ".fa.gz")


def find(benchmark: BenchmarkSet, folder: Path, split: str) -> Path | None:
    """Return the FASTA of a split.

    Raises:
        HyenaDNAError: the folder of the set has several.
    """
    for place in benchmark.folders:
        files = sorted(path for path in (folder / place).glob(f"*{split}*") if _is_of(split, path.name))
        if len(files) > 1:
            raise HyenaDNAError(
                f"{folder / place} has {len(files)} FASTA files of {split}, {files[0].name} and {files[1].name}: "
                "keep one."
            )
        if files:
            return files[0]
    return None


def read(benchmark: BenchmarkSet, path: Path, split: str, genomes: Mapping[str, SetGenome]) -> TextRows:
    """Read the rows of a split.

    Raises:
        HyenaDNAError: the file is not FASTA.
    """
    records = read_labelled(path, empty_labels=True)
    for reason, count in records.left_out.items():
        notice(f"{count:,} rows of {path} were left out: {reason}.")
    ends = [label or name for name, (label,) in zip(records.names, records.labels, strict=True)]
    labels = [end.rpartition("|")[2] if "|" in end else end[-1:] for end in ends]
    return TextRows(records.names, records.sequences, labels)


def _is_of(split: str, name: str) -> bool:
    """Return whether the name of a file is that of a FASTA, and has the split as a whole word."""
    return name.endswith(SUFFIXES) and split in re.split(r"[^A-Za-z0-9]+", name)
