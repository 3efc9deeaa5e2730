"""A first look at the rows of a job: lengths, rows that are left out, and names that come twice."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from hyenadna_core.errors import NAME, HyenaDNAError, shown
from hyenadna_core.inference.embedded import Row, RowSource
from hyenadna_core.terminal import progress

DIGEST = 16  # bytes, of a name


class Survey(NamedTuple):
    """What a source holds.

    Attributes:
        lengths: bases of each sequence of each row: (rows, reads) int64.
        left_out: the number of rows left out by reason, and the name of the first.
    """

    lengths: np.ndarray
    left_out: dict[str, tuple[int, str]]

    def line(self) -> str:
        """Return a line about the rows that are left out, or nothing."""
        count = sum(number for number, _ in self.left_out.values())
        return f"Left out {count:,} of {count + len(self.lengths):,}: {self.reasons}." if count else ""

    @property
    def reasons(self) -> str:
        """The reasons, with the number of rows and the first name of each."""
        return ", ".join(f"{reason} in {count:,} (first {first})" for reason, (count, first) in self.left_out.items())


def survey(source: RowSource, name: str) -> Survey:
    """Read all rows once. Memory grows by a few bytes for each row.

    Raises:
        HyenaDNAError: two rows have one name, or no row can have a vector.
    """
    lengths, digests = bytearray(), bytearray()
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    with progress(f"Reading {name}", source.size) as advance:
        for row in source.rows(advance):
            if row.fault:
                counts[row.fault] += 1
                first.setdefault(row.fault, shown(row.name, NAME))
                continue
            lengths += np.array([len(read.bases) for read in row.reads], np.int64).tobytes()
            digests += _digest(row)
    found = Survey(
        np.frombuffer(lengths, np.int64).reshape(-1, len(source.reads)),
        {reason: (count, first[reason]) for reason, count in counts.items()},
    )
    if not len(found.lengths):
        raise HyenaDNAError(f"{name} has no sequence that can have a vector: {found.reasons or 'it has no rows'}.")
    names = np.sort(np.frombuffer(digests, f"V{DIGEST}"))
    if (same := names[1:][names[1:] == names[:-1]]).size:
        twice = _first_twice(source, {bytes(each) for each in same})
        count = "a name comes" if same.size == 1 else f"{same.size:,} names come"
        raise HyenaDNAError(f"{name}: {count} twice, first {shown(twice, NAME)}: {source.remedy}.")
    return found


def usable_rows(source: RowSource) -> Iterator[Row]:
    """Yield the rows that are not left out."""
    return (row for row in source.rows(lambda done: None) if not row.fault)


def _digest(row: Row) -> bytes:
    return hashlib.blake2b(row.name.encode(), digest_size=DIGEST).digest()


def _first_twice(source: RowSource, digests: set[bytes]) -> str:
    """Return the first name that comes a second time."""
    seen: set[bytes] = set()
    for row in usable_rows(source):
        digest = _digest(row)
        if digest in seen:
            return row.name
        if digest in digests:
            seen.add(digest)
    raise HyenaDNAError("The file was changed in the meantime: start again.")
