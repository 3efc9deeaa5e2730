"""FASTA files with a label in each header, or with a separate table of labels."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.input import name_of
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
    entries = enumerate(_entries(path, advance), start=1)
    if needs_labels and table is not None:
        named = ((first_word(header, number), sequence) for number, (header, sequence) in entries)
        yield from with_labels(named, path, table, label_columns)
        return
    for number, (header, sequence) in entries:
        match = LABEL.search(header)
        label = match[1] if match else "".join(BLANKS.split(header)[1:][-1:])
        yield Record(first_word(header, number), sequence, (label,) if needs_labels else ())


def first_word(header: str, number: int) -> str:
    """Return the name of a sequence: the first word of its header, else its number."""
    return BLANKS.split(header, maxsplit=1)[0] or str(number)


def with_labels(
    named: Iterable[tuple[str, bytes]], path: Path, table: Path, label_columns: Sequence[str]
) -> Iterator[Record]:
    """Join the named sequences of a file and the labels of a table, in the order of the file.

    A sequence without a label is left out, and so is a label without a sequence.

    Raises:
        HyenaDNAError: the table has no such columns, or names a sequence twice.
    """
    labels, sequence_names = _labels_of(table, label_columns), set()
    for name, sequence in named:
        sequence_names.add(name)
        yield Record(name, sequence, labels.get(name, ()), "" if name in labels else f"no label in {table.name}")
    for name in labels.keys() - sequence_names:
        yield Record(name, b"", left_out=f"a label without a sequence in {Path(name_of(path)).name}")


def _entries(path: Path, advance: Advance) -> Iterator[tuple[str, bytes]]:
    """Read each header, without its '>', and its bases."""
    header: str | None = None
    lines: list[str] = []
    for line in text_lines(path, advance, name_of(path)):
        if line.startswith(">"):
            if header is not None:
                yield header, "".join(lines).encode()
            header, lines = line[1:].strip(" \t\v\f\r\n"), []
        elif header is not None:
            lines.append(line.rstrip("\r\n"))
        elif line.strip():
            raise HyenaDNAError(f"{name_of(path)} is not a FASTA: it starts with {line[:1]!r}, not with '>'.")
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
