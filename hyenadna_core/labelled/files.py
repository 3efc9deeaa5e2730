"""Labelled sequences in every file format: CSV, TSV, Parquet, FASTA and BED, plain or gzip.

A new format is added here: its suffix, and a function that yields its records.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.text import size_of, suffix_of
from hyenadna_core.labelled.fasta import FASTA, fasta_records
from hyenadna_core.labelled.records import Record, Records, gather
from hyenadna_core.labelled.regions import region_records
from hyenadna_core.labelled.tables import TABLES, table_records
from hyenadna_core.terminal import Advance, progress

BED = (".bed",)


def read_labelled(
    path: str | Path,
    *,
    sequence_column: str | None = None,
    label_columns: Sequence[str] = (),
    labels: str | Path | None = None,
    fasta: str | Path | None = None,
    needs_labels: bool = True,
    empty_labels: bool = False,
    labels_of_bases: bool = False,
) -> Records:
    """Read the sequences of a file and the text of their labels.

    Args:
        sequence_column: the column of a table; by default the first of sequence, seq, dna that
            exists.
        label_columns: columns of a table; by default the first of label, labels, target, class, y
            that exists.
        labels: a table with the columns name and label, for a FASTA file without labels in its
            headers.
        fasta: the genome of a BED file.
        needs_labels: False reads a file without labels; the records then have empty tuples.
        empty_labels: True accepts an empty text as a label; False leaves out its row.
        labels_of_bases: True takes labels with a character for each base, of any length. False
            leaves out rows whose label stands for a missing value: NA, nan, None and others.

    Raises:
        HyenaDNAError: something cannot be read. The message names the file, the row and the way
            out.
    """
    path = Path(path)
    suffix = suffix_of(path)
    if suffix in (*FASTA, *BED) and (sequence_column or len(label_columns) > 0):
        raise HyenaDNAError(f"{path} has no columns to choose: leave out --sequence-column and --label-column.")

    def records(advance: Advance) -> Iterator[Record]:
        if suffix in TABLES:
            return table_records(path, advance, sequence_column, label_columns, needs_labels)
        if suffix in FASTA:
            return fasta_records(path, advance, None if labels is None else Path(labels), label_columns, needs_labels)
        if suffix in BED:
            return region_records(path, advance, None if fasta is None else Path(fasta), needs_labels)
        known = ", ".join((*TABLES, *FASTA, *BED))
        ending = f"has the suffix {suffix}" if suffix else "has no suffix"
        raise HyenaDNAError(f"{path} {ending}: name it after its format, {known}; .gz may follow.")

    with progress(f"Reading {path.name}", size_of(path)) as advance:
        return gather(path, records(advance), empty_labels, labels_of_bases)
