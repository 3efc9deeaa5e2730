"""FASTA files with a label in each header, or with a separate table of labels."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.text import text_lines
from hyenadna_core.labelled.records import Record
from hyenadna_core.labelled.tables import NAME_COLUMNS, find_labels, open_table
from hyenadna_core.terminal import Advance

FASTA = (".fa", ".fasta", ".fna")
LABEL = re.compile(r"\blabel=([^\s|]*)")
BLANKS = re.compile(r"[ \t\v\f]+")  # only these end a name, as in a genome


def fasta_records(
    path: Path, advance: Advance, table: Path | None, label_columns: Sequence[str], needs_labels: bool
) -> Iterator[Record]:
    """Read the sequences of a FASTA file.

    The first word of a header is the sequence's name; without it, its number from 1 is the name.
    The label is label=X anywhere in the header, else the last word after the name. With a table,
    the labels come from it, by its column name or id. A sequence without a label is left out, and
    so is a label without a sequence.

    Raises:
        HyenaDNAError: the file is not FASTA, or the table names a sequence twice.
    """
    labels = _labels_of(table, label_columns) if needs_labels and table is not None else None
    sequence_names = set()
    for number, (header, sequence) in enumerate(_entries(path, advance), start=1):
        name, *words = BLANKS.split(header)
        name = name or str(number)
        if labels is not None and table is not None:
            sequence_names.add(name)
            left_out = "" if name in labels else f"no label in {table.name}"
            yield Record(name, sequence, labels.get(name, ()), left_out)
        elif needs_labels:
            match = LABEL.search(header)
            yield Record(name, sequence, (match[1] if match else "".join(words[-1:]),))
        else:
            yield Record(name, sequence)
    for name in (labels or {}).keys() - sequence_names:
        yield Record(name, b"", left_out=f"a label without a sequence in {path.name}")


def _entries(path: Path, advance: Advance) -> Iterator[tuple[str, bytes]]:
    """Read each header, without its '>', and its bases."""
    header: str | None = None
    lines: list[str] = []
    for line in text_lines(path, advance):
        if line.startswith(">"):
            if header is not None:
                yield header, "".join(lines).encode()
            header, lines = line[1:].strip(" \t\v\f\r\n"), []
        elif header is not None:
            lines.append(line.rstrip("\r\n"))
        elif line.strip():
            raise HyenaDNAError(f"{path} is not a FASTA: it starts with {line[:1]!r}, not with '>'.")
    if header is not None:
        yield header, "".join(lines).encode()


def _labels_of(path: Path, label_columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    table = open_table(path, lambda done: None)
    wanted = [table.find(None, NAME_COLUMNS), *find_labels(table, label_columns)]
    labels: dict[str, tuple[str, ...]] = {}
    for number, (name, *texts) in enumerate(table.rows(wanted), start=1):
        if name in labels:
            raise HyenaDNAError(f"{path}, row {number}: {name!r} has a second row: keep one of them.")
        labels[name] = tuple(texts)
    return labels
