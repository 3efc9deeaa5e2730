"""Labelled sequences in every file format: CSV, TSV, Parquet, FASTA, FASTQ and BED, plain or gzip.

A new format is added here: its suffix, and a function that yields its records.
"""

import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.compression import GZIP, check_compression, check_head, check_unpacked
from hyenadna_core.files.input import copied_pipe, name_of, open_pipe
from hyenadna_core.files.text import size_of, suffix_of
from hyenadna_core.genome.fasta_text import BYTE_ORDER_MARK
from hyenadna_core.labelled.fasta import FASTA, fasta_records
from hyenadna_core.labelled.fastq import FASTQ, fastq_records
from hyenadna_core.labelled.records import Record, Records, gather, gather_parts
from hyenadna_core.labelled.regions import region_records
from hyenadna_core.labelled.tables import TABLES, table_records
from hyenadna_core.terminal import Advance, progress

BED = (".bed",)
FIRST_BYTES = {b">": FASTA[0], b"@": FASTQ[0], b"PAR1": ".parquet"}  # the suffix of a pipe's format
HEAD = 1 << 16  # bytes of a pipe that decide its format


def read_labelled(
    path: str | Path,
    *,
    sequence_column: str | Sequence[str] | None = None,
    label_columns: Sequence[str] = (),
    labels: str | Path | None = None,
    fasta: str | Path | None = None,
    needs_labels: bool = True,
    empty_labels: bool = False,
    labels_of_bases: bool = False,
    name_column: str | None = None,
) -> Records:
    """Read the sequences of a file and the text of their labels.

    Args:
        sequence_column: the column of a table; by default the first of sequence, seq, dna that
            exists. Two columns give pairs: tuples of two sequences.
        label_columns: columns of a table; by default the first of label, labels, target, class, y
            that exists.
        labels: a table with the columns name and label, for a FASTA without labels in its headers
            or a FASTQ.
        fasta: the genome of a BED file.
        needs_labels: False reads a file without labels; the records then have empty tuples.
        empty_labels: True accepts an empty text as a label; False leaves out its row.
        labels_of_bases: True takes labels with a character for each base, of any length. False
            leaves out rows whose label stands for a missing value: NA, nan, None and others.
        name_column: the column of a table with the names of the rows; by default the first of name,
            id that exists. Without one, the rows are numbered from 1.

    Raises:
        HyenaDNAError: something cannot be read. The message names the file, the row and the way
            out.
    """
    path = Path(path)
    with _opened(path, sequence_column, name_column, label_columns, labels, fasta, needs_labels) as records:
        return gather(path, records, empty_labels, labels_of_bases)


def read_parts(
    path: Path,
    *,
    most_bases: float,
    most_rows: float,
    sequence_column: str | Sequence[str] | None = None,
    name_column: str | None = None,
    fasta: str | Path | None = None,
) -> Iterator[Records]:
    """Read the sequences of a file, without labels, in parts of about so many bases or rows.

    Raises:
        HyenaDNAError: as in `read_labelled`, when a part is read.
    """
    with _opened(path, sequence_column, name_column, (), None, fasta, needs_labels=False) as records:
        yield from gather_parts(path, records, most_bases=most_bases, most_rows=most_rows)


@contextmanager
def named_by_format(path: Path) -> Iterator[Path]:
    """Yield a file whose suffix names its format.

    It is `path` itself, unless this is "-" for stdin or a pipe of a shell. A pipe is copied into
    the cache until the block ends, and its first bytes decide: FASTA, FASTQ, Parquet, or a table
    with tabs or commas in its first line. It may be compressed with gzip.

    Raises:
        HyenaDNAError: the pipe is closed, empty, or has another format.
    """
    if str(path) == "-" and not sys.stdin:
        raise HyenaDNAError("stdin is closed: name a file, or send sequences to stdin.")
    number = 0 if str(path) == "-" else open_pipe(path)
    if number is None:
        yield path
        return
    with copied_pipe(number) as copy:
        yield copy.rename(copy.with_suffix(_suffix_by_content(copy)))


@contextmanager
def _opened(
    path: Path,
    sequence_column: str | Sequence[str] | None,
    name_column: str | None,
    label_columns: Sequence[str],
    labels: str | Path | None,
    fasta: str | Path | None,
    needs_labels: bool,
) -> Iterator[Iterator[Record]]:
    """Open a file by its suffix; yield its records, which move a progress bar."""
    suffix, table = suffix_of(path), None if labels is None else Path(labels)
    if suffix in (*FASTA, *FASTQ, *BED):
        of_table = table is not None and suffix not in BED
        given = {"sequence": sequence_column, "name": name_column, "label": label_columns and not of_table}
        if options := [f"--{name}-column" for name, value in given.items() if value]:
            raise HyenaDNAError(f"{name_of(path)} has no columns to choose: leave out {' and '.join(options)}.")

    def records(advance: Advance) -> Iterator[Record]:
        if suffix in TABLES:
            return table_records(path, advance, sequence_column, label_columns, needs_labels, name_column)
        if suffix in FASTA:
            return fasta_records(path, advance, table, label_columns, needs_labels)
        if suffix in FASTQ:
            return fastq_records(path, advance, table, label_columns, needs_labels)
        if suffix in BED:
            return region_records(path, advance, None if fasta is None else Path(fasta), needs_labels)
        check_compression(path)
        known = ", ".join((*TABLES, *FASTA, *FASTQ, *BED))
        ending = f"has the suffix {suffix}" if suffix else "has no suffix"
        raise HyenaDNAError(f"{path} {ending}: name it after its format, {known}; .gz may follow.")

    with progress(f"Reading {Path(name_of(path)).name}", size_of(path)) as advance:
        yield records(advance)


def _suffix_by_content(copy: Path) -> str:
    with copy.open("rb") as file:
        head, cut_off = file.read(HEAD), False
    check_head(head, name_of(copy))
    if head.startswith(GZIP):
        try:
            unzip = zlib.decompressobj(wbits=31)
            is_whole, head = len(head) < HEAD, unzip.decompress(head, HEAD)
        except zlib.error as error:
            raise HyenaDNAError(f"{name_of(copy)} is truncated or damaged: {error}.") from None
        cut_off = is_whole and not (unzip.eof or unzip.unconsumed_tail)
        check_unpacked(head, name_of(copy))
    start = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    if not start:
        if cut_off:
            raise HyenaDNAError(f"{name_of(copy)} is truncated or damaged: its gzip data are cut off.")
        raise HyenaDNAError(f"{name_of(copy)} is empty: send FASTA, FASTQ, or a table with a header.")
    for first, suffix in FIRST_BYTES.items():
        if start.startswith(first):
            return suffix
    if b"\0" in start:
        begins = shown(start[:8].decode("latin-1"))
        raise HyenaDNAError(f"{name_of(copy)} is no text, but begins '{begins}': send FASTA, FASTQ, or a table.")
    return ".tsv" if b"\t" in start.splitlines()[0] else ".csv"
