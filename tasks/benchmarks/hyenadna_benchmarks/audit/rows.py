"""The sequences of a split as the model reads them, and which are equal on either strand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hyenadna_core import encode, reverse_complement

BLOCK = 1 << 22  # bases that are encoded at once


@dataclass(frozen=True)
class Rows:
    """n sequences joined in one array of token ids.

    Lower case is read as upper case, U as T, and the other letters of IUPAC as N.

    Args:
        ids: token ids of all sequences, (ends[-1],) uint8.
        ends: the end of each sequence in `ids`, (n,) int64.
    """

    ids: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, sequences: Sequence[bytes | np.ndarray]) -> "Rows":
        """Encode sequences: bytes, or arrays of bytes, (L,) uint8."""
        ends = np.cumsum(np.fromiter(map(len, sequences), np.int64, len(sequences)))
        ids = np.empty(ends[-1] if len(ends) else 0, np.uint8)
        for first, last in blocks(np.diff(ends, prepend=0), BLOCK):
            start = ends[first - 1] if first else 0
            ids[start : ends[last - 1]] = encode(b"".join(bytes(sequences[row]) for row in range(first, last)))
        return cls(ids, ends)

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def starts(self) -> np.ndarray:
        """Return the start of each sequence in `ids`, (n,) int64."""
        return np.append(np.zeros(1, np.int64), self.ends)[: len(self.ends)]


@dataclass(frozen=True)
class Groups:
    """Which rows are equal: rows of all splits with the same number are.

    Args:
        either: a number for each row, (n,) int64: the same for a sequence and its reverse
            complement.
        stranded: (n,) int64: the same only for the same sequence.
    """

    either: np.ndarray
    stranded: np.ndarray


def groups_of(splits: Mapping[str, Rows]) -> dict[str, Groups]:
    """Give a number to each sequence of all splits."""
    numbers: dict[bytes, int] = {}
    groups = {}
    for split, rows in splits.items():
        other = reverse_complement(rows.ids).astype(np.uint8).tobytes()
        ids, total = rows.ids.tobytes(), len(other)
        stranded = np.empty(len(rows), np.int64)
        for row, (start, end) in enumerate(zip(rows.starts.tolist(), rows.ends.tolist(), strict=True)):
            forward, reverse = ids[start:end], other[total - end : total - start]
            number = numbers.setdefault(min(forward, reverse), len(numbers))
            stranded[row] = 2 * number + (reverse < forward)
        groups[split] = Groups(stranded // 2, stranded)
    return groups


def blocks(sizes: np.ndarray, most: int, most_rows: int | None = None) -> Iterator[tuple[int, int]]:
    """Cut rows into blocks of about `most` in sum of their sizes: yield (first, last) of each.

    A block has at least one row, and at most `most_rows`.
    """
    ends, first = np.cumsum(sizes, dtype=np.int64), 0
    while first < len(ends):
        before = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + most, "right")))
        last = min(last, first + most_rows) if most_rows else last
        yield first, last
        first = last
