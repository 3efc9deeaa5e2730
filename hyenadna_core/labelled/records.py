"""Records: sequences with names and labels, as texts. Unusable records are counted."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.fasta_text import SEQUENCE_CHARACTERS, WHITE_SPACE


class Record(NamedTuple):
    """A sequence as it is in a file, and one text for each label column.

    `left_out` is the reason if the reader already knows that the record cannot be used.
    """

    name: str
    sequence: bytes
    labels: tuple[str, ...] = ()
    left_out: str = ""


class Records(NamedTuple):
    """Names, sequences and labels of a file's rows, and the number left out for each reason."""

    names: list[str]
    sequences: list[bytes]
    labels: list[tuple[str, ...]]
    left_out: dict[str, int]


def gather(path: Path, records: Iterable[Record], empty_labels: bool = False) -> Records:
    """Collect the usable records of a file, and count the others.

    Args:
        empty_labels: True accepts an empty text as a label; False leaves out its record.

    Raises:
        HyenaDNAError: a sequence has a character that is not allowed, or no record is usable.
    """
    usable = Records([], [], [], {})
    left_out: Counter[str] = Counter()
    for record in records:
        sequence = record.sequence.translate(None, WHITE_SPACE)
        if strange := sequence.translate(None, SEQUENCE_CHARACTERS):
            raise HyenaDNAError(
                f"{path}, row {record.name}: the sequence has the character {strange[:1]!r}: "
                "check the row, and the column of sequences."
            )
        reason = record.left_out or ("the sequence is empty" if not sequence else "")
        if not reason and not empty_labels and not all(record.labels):
            reason = "the label is empty"
        if reason:
            left_out[reason] += 1
            continue
        usable.names.append(record.name)
        usable.sequences.append(sequence)
        usable.labels.append(record.labels)
    if not usable.names:
        reasons = ", ".join(f"{reason} in {count:,}" for reason, count in left_out.items())
        raise HyenaDNAError(f"{path} has no usable row: {reasons or 'it has no rows'}.")
    return usable._replace(left_out=dict(left_out))
