"""Sequences with a name and labels each, as files have them."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.fasta import SEQUENCE_CHARACTERS, WHITE_SPACE


class Record(NamedTuple):
    """A sequence as it stands in a file, and a text for each of its label columns.

    `left_out` is the reason why the record cannot be used, where its reader knows one.
    """

    name: str
    sequence: bytes
    labels: tuple[str, ...] = ()
    left_out: str = ""


class Records(NamedTuple):
    """What a file has: names, sequences and labels of the rows in order; and by reason, how many were left out."""

    names: list[str]
    sequences: list[bytes]
    labels: list[tuple[str, ...]]
    left_out: dict[str, int]


def gather(path: Path, records: Iterable[Record], empty_labels: bool = False) -> Records:
    """The records of a file that can be used, the others counted.

    Args:
        empty_labels: whether an empty label is one, and not one that is missing.

    Raises:
        HyenaDNAError: a character that is not of a sequence, or no record is left.
    """
    found = Records([], [], [], {})
    left_out: Counter[str] = Counter()
    for record in records:
        sequence = record.sequence.translate(None, WHITE_SPACE)
        if strange := sequence.translate(None, SEQUENCE_CHARACTERS):
            raise HyenaDNAError(
                f"{path}, row {record.name}: {strange[:1]!r} is no letter of a sequence: is it the right column?"
            )
        reason = record.left_out or ("the sequence is empty" if not sequence else "")
        if not reason and not empty_labels and not all(record.labels):
            reason = "the label is empty"
        if reason:
            left_out[reason] += 1
            continue
        found.names.append(record.name)
        found.sequences.append(sequence)
        found.labels.append(record.labels)
    if not found.names:
        reasons = ", ".join(f"{reason} in {count:,}" for reason, count in left_out.items())
        raise HyenaDNAError(f"{path} has no row that can be used: {reasons or 'it has none at all'}.")
    return found._replace(left_out=dict(left_out))
