"""A first look at the rows of a job: lengths, rows that are left out, and names that come twice."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import islice
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
        repeated: the numbers of rows, among those without a fault, that come again.
    """

    lengths: np.ndarray
    left_out: dict[str, tuple[int, str]]
    repeated: frozenset[int] = frozenset()

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
        HyenaDNAError: two rows have one name, unless the source allows it, or no row can have a
            vector.
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
    return _without_repeated(found, source, name, np.frombuffer(digests, f"V{DIGEST}"))


def _without_repeated(found: Survey, source: RowSource, name: str, digests: np.ndarray) -> Survey:
    """Leave out rows whose name came before, where a source allows them.

    Raises:
        HyenaDNAError: it does not.
    """
    _, first = np.unique(digests, return_index=True)
    repeated = np.setdiff1d(np.arange(len(digests)), first)
    if not repeated.size:
        return found
    example = shown(next(islice(usable_rows(source), int(repeated[0]), None)).name, NAME)
    if source.remedy:
        count = "a name is used" if repeated.size == 1 else f"{repeated.size:,} names are used"
        raise HyenaDNAError(f"{name}: {count} twice, first {example}: {source.remedy}.")
    return Survey(
        np.delete(found.lengths, repeated, axis=0),
        found.left_out | {"repeated allele": (repeated.size, example)},
        frozenset(repeated.tolist()),
    )


def usable_rows(source: RowSource, repeated: frozenset[int] = frozenset()) -> Iterator[Row]:
    """Yield the rows that are not left out."""
    rows = (row for row in source.rows(lambda done: None) if not row.fault)
    return (row for number, row in enumerate(rows) if number not in repeated)


def _digest(row: Row) -> bytes:
    return hashlib.blake2b(row.name.encode(), digest_size=DIGEST).digest()
