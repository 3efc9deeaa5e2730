"""FASTQ files: reads with qualities, which are not used. Labels come from a separate table."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hyenadna_core.errors import NAME, HyenaDNAError, shown
from hyenadna_core.files.input import name_of
from hyenadna_core.files.text import text_lines
from hyenadna_core.labelled.fasta import first_word, with_labels
from hyenadna_core.labelled.records import Record
from hyenadna_core.terminal import Advance

FASTQ = (".fastq", ".fq")


def fastq_records(
    path: Path, advance: Advance, table: Path | None, label_columns: Sequence[str], needs_labels: bool
) -> Iterator[Record]:
    """Read the sequences of a FASTQ file.

    The first word after "@" is the sequence's name; without it, its number from 1 is the name. A
    table has the labels, as for a FASTA.

    Raises:
        HyenaDNAError: the file is not FASTQ, or labels are needed and there is no table.
    """
    if needs_labels and table is None:
        raise HyenaDNAError(f"{name_of(path)} has no labels: give --labels, a table with the columns name and label.")
    entries = enumerate(_entries(path, advance), start=1)
    named = ((first_word(header, number), sequence) for number, (header, sequence) in entries)
    if needs_labels and table is not None:
        yield from with_labels(named, path, table, label_columns)
    else:
        yield from (Record(name, sequence) for name, sequence in named)


def _entries(path: Path, advance: Advance) -> Iterator[tuple[str, bytes]]:
    """Read each header, without its "@", and its bases; both may go over several lines.

    A line of qualities may start with "@" or "+", so their number decides where they end.
    """
    lines = (line.rstrip() for line in text_lines(path, advance, name_of(path)))
    for number, line in enumerate(filter(None, lines), start=1):
        place = f"{name_of(path)}, record {number}"
        if not line.startswith("@"):
            fault = "" if number > 1 else ": this is no FASTQ"
            raise HyenaDNAError(f"{place} starts with {line[:1]!r}, not with '@'{fault}.")
        header = line[1:]
        place = f"{place} ({shown(header, NAME)})"
        parts = []
        for text in lines:
            if text.startswith("+"):
                break
            parts.append(text)
        else:
            raise HyenaDNAError(f"{place} is cut off: it has no line with '+'.")
        bases = "".join(parts)
        if text[1:] not in ("", header):
            raise HyenaDNAError(f"{place} has another name after '+': '{shown(text[1:], NAME)}'.")
        if len(bases.split()) > 1:
            raise HyenaDNAError(f"{place} has white space between its bases: remove it.")
        qualities = 0
        while qualities < len(bases):
            if (scores := next(lines, None)) is None:
                raise HyenaDNAError(f"{place} is cut off: it has {qualities:,} qualities for {len(bases):,} bases.")
            qualities += len(scores)
        if qualities > len(bases):
            raise HyenaDNAError(f"{place} has {qualities:,} qualities for {len(bases):,} bases.")
        yield header, bases.encode()
