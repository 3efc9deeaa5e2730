"""Records: sequences with names and labels, as texts. Unusable records are counted."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from hyenadna_core.errors import NAME, HyenaDNAError, shown
from hyenadna_core.files.input import name_of
from hyenadna_core.genome.fasta_text import SEQUENCE_CHARACTERS, WHITE_SPACE

# Spellings of a missing value, as R, pandas and databases write it.
MISSING = frozenset(("NA", "N/A", "n/a", "<NA>", "NaN", "nan", "None", "NULL", "null"))
LONGEST_LABEL = 200  # characters
KMERS = range(3, 9)  # lengths of the words of a sequence that may be its k-mers
FEWEST_KMERS = 3


class Record(NamedTuple):
    """A sequence as it is in a file, and one text for each label column.

    `sequence` is a tuple of two for a pair. `left_out` is the reason if the reader already knows
    that the record cannot be used.
    """

    name: str
    sequence: bytes | tuple[bytes, ...]
    labels: tuple[str, ...] = ()
    left_out: str = ""


class Records(NamedTuple):
    """Names, sequences and labels of a file's rows, and the number left out for each reason.

    A sequence is bytes, or a tuple of two for a pair.
    """

    names: list[str]
    sequences: list[Any]
    labels: list[tuple[str, ...]]
    left_out: dict[str, int]


def gather(path: Path, records: Iterable[Record], empty_labels: bool = False, labels_of_bases: bool = False) -> Records:
    """Collect the usable records of a file, and count the others.

    Args:
        empty_labels: True accepts an empty text as a label; False leaves out its record.
        labels_of_bases: True takes labels of any length, which may spell NA; False leaves out a
            record if its label stands for a missing value.

    Raises:
        HyenaDNAError: a sequence has a character that is not allowed, a label is too long, or no
            record is usable.
    """
    (whole,) = gather_parts(path, records, empty_labels=empty_labels, labels_of_bases=labels_of_bases)
    return whole


def gather_parts(
    path: Path,
    records: Iterable[Record],
    *,
    most_bases: float = math.inf,
    most_rows: float = math.inf,
    empty_labels: bool = False,
    labels_of_bases: bool = False,
) -> Iterator[Records]:
    """Collect the usable records of a file in parts, which together are those of `gather`.

    A part ends with the record by which it has `most_bases` bases or `most_rows` rows. The last one
    may have no rows, but only counts.

    Raises:
        HyenaDNAError: as in `gather`, when the part is read.
    """
    part, bases, left_out, parts = Records([], [], [], {}), 0, Counter[str](), 0
    known: set[tuple[str, ...]] = set()  # labels without a fault
    for record in records:
        sequence = bases_of(path, record)
        sides = sequence if isinstance(sequence, tuple) else (sequence,)
        reason = record.left_out or ("" if all(sides) else "the sequence is empty")
        if not reason and not empty_labels and not all(record.labels):
            reason = "the label is empty"
        if not reason and not labels_of_bases and record.labels not in known:
            reason = _missing(record, path)
            if not reason:
                known.add(record.labels)
        if reason:
            left_out[reason] += 1
            continue
        part.names.append(record.name)
        part.sequences.append(sequence)
        part.labels.append(record.labels)
        bases += sum(map(len, sides))
        if bases >= most_bases or len(part.names) >= most_rows:
            yield part._replace(left_out=dict(left_out))
            part, bases, left_out, parts = Records([], [], [], {}), 0, Counter[str](), parts + 1
    if not part.names and not parts:
        reasons = ", ".join(f"{reason} in {count:,}" for reason, count in left_out.items())
        raise HyenaDNAError(f"{name_of(path)} has no usable row: {reasons or 'it has no rows'}.")
    if part.names or left_out:
        yield part._replace(left_out=dict(left_out))


def left_out_sentences(left_out: Mapping[str, int], source: object) -> list[str]:
    """Return a sentence for each reason for which rows of a source were left out."""
    counts = {reason: f"{count:,} row{'s' * (count != 1)}" for reason, count in left_out.items()}
    return [
        f"{rows} of {source} {'was' if rows == '1 row' else 'were'} left out: {reason}."
        for reason, rows in counts.items()
    ]


def bases_of(path: Path, record: Record) -> Any:
    """Return the sequence of a record, bytes or a tuple of two, without white space.

    Raises:
        HyenaDNAError: it has a character that is not allowed, or is written as k-mers.
    """
    if isinstance(record.sequence, tuple):
        return tuple(bases_of(path, record._replace(sequence=side)) for side in record.sequence)
    if k := _length_of_kmers(record.sequence):
        raise HyenaDNAError(
            f"{name_of(path)}, row {shown(record.name, NAME)}: the sequence is written as overlapping {k}-mers, which "
            "repeat its bases: write it as plain bases."
        )
    sequence = record.sequence.translate(None, WHITE_SPACE)
    if strange := sequence.translate(None, SEQUENCE_CHARACTERS):
        raise HyenaDNAError(
            f"{name_of(path)}, row {shown(record.name, NAME)}: the sequence has the character {_first(strange)!r}: "
            "check the row, and the column of sequences."
        )
    return sequence


def _length_of_kmers(sequence: bytes) -> int:
    """Return k if a sequence is written as its overlapping k-mers, as in ACG CGT GTA, else 0.

    DNABERT has such files. Blocks of ten bases, as in GenBank, are no k-mers.
    """
    if b" " not in sequence:
        return 0
    words = sequence.split()
    k = len(words[0]) if words else 0
    if len(words) < FEWEST_KMERS or k not in KMERS or len(set(words)) == 1:
        return 0
    follow = all(len(word) == k and word[:-1] == before[1:] for before, word in pairwise(words))
    return k if follow else 0


def _missing(record: Record, path: Path) -> str:
    """Return the reason to leave out a record whose label stands for a missing value, or nothing.

    Raises:
        HyenaDNAError: the label is too long.
    """
    if (longest := max(map(len, record.labels), default=0)) > LONGEST_LABEL:
        raise HyenaDNAError(
            f"{name_of(path)}, row {record.name}: the label has {longest:,} characters, more than {LONGEST_LABEL}: "
            "check the column of labels; only --target bases takes one character for each base."
        )
    if missing := MISSING.intersection(record.labels):
        return f"the label is {min(missing)}, which stands for a missing value (a class needs another name)"
    return ""


def _first(strange: bytes) -> str | bytes:
    """Return the first character of UTF-8, or else the first byte."""
    text = strange[:4].decode("utf-8", errors="ignore")
    return text[0] if text else strange[:1]
