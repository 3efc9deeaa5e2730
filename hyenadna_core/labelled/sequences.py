"""Labelled sequences of any lengths, held as arrays."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.tokens import as_bytes


@dataclass(frozen=True)
class LabelledSequences:
    """n sequences joined in one array, and their targets: a source of rows that is in memory.

    Args:
        bases: bytes of all sequences, (ends[-1],) uint8.
        ends: the end of each sequence in `bases`, (n,) int64.
        targets: (n,) int32 classes; (n, K) float32 labels or quantities; or one int32 class for
            each base, as long as `bases`.
        names: the names of the rows, for messages and predictions.
    """

    bases: np.ndarray
    ends: np.ndarray
    targets: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def of(
        cls, sequences: Sequence[str | bytes], targets: np.ndarray, names: Sequence[str] | None = None
    ) -> "LabelledSequences":
        """Join sequences and their targets, which have the same order.

        Without names, the rows are numbered from 1.

        Raises:
            HyenaDNAError: the number of targets is neither that of sequences nor that of bases, or
                the number of names is not that of sequences.
        """
        lengths = np.fromiter((len(sequence) for sequence in sequences), np.int64, len(sequences))
        bases, ends = _joined(lengths, np.uint8)
        for sequence, end, length in zip(sequences, ends, lengths, strict=True):
            bases[end - length : end] = as_bytes(sequence)
        if len(targets) not in (len(ends), len(bases)):
            raise HyenaDNAError(
                f"There are {len(targets):,} targets for {len(ends):,} sequences of {len(bases):,} bases: "
                "give one for each sequence, or for each base."
            )
        names = tuple(str(row) for row in range(1, len(ends) + 1)) if names is None else tuple(names)
        if len(names) != len(ends):
            raise HyenaDNAError(f"There are {len(names):,} names for {len(ends):,} sequences: give each its own.")
        return cls(bases, ends, np.asarray(targets), names)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} sequences{text_of_lengths(self.lengths)})"

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, row: int) -> np.ndarray:
        """Return the bases of a row as bytes: (L,) uint8."""
        return self.bases[self._place(row)]

    def __iter__(self) -> Iterator[np.ndarray]:
        """Iterate over the bases of each row."""
        return map(self.__getitem__, range(len(self)))

    @property
    def lengths(self) -> np.ndarray:
        """Return the number of bases in each row, (n,) int64."""
        return np.diff(self.ends, prepend=0)

    @property
    def of_bases(self) -> bool:
        """Return True if there is one target for each base, which the number of targets shows."""
        return len(self.targets) != len(self.ends)

    def target(self, row: int) -> np.ndarray:
        """Return the target of a row: () or (K,), or (L,) with one target for each base."""
        target: np.ndarray = self.targets[self._place(row) if self.of_bases else row]
        return target

    @cached_property
    def checksum(self) -> str:
        """Return the SHA-256 of the sequences and targets."""
        digest = hashlib.sha256()
        for array in (self.bases, self.ends, self.targets):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def row(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the bases of a row, (L,) uint8, and its target."""
        return self[index], self.target(index)

    def name(self, index: int) -> str:
        """Return the name of a row."""
        return self.names[index]

    def take(self, rows: Sequence[int] | np.ndarray) -> "LabelledSequences":
        """Copy some rows, in the given order."""
        rows = np.asarray(rows, np.int64)
        lengths = self.lengths[rows]
        bases, ends = _joined(lengths, np.uint8)
        targets, _ = _joined(lengths, self.targets.dtype) if self.of_bases else (self.targets[rows], ends)
        for row, end, length in zip(rows, ends, lengths, strict=True):
            bases[end - length : end] = self[row]
            if self.of_bases:
                targets[end - length : end] = self.target(row)
        return LabelledSequences(bases, ends, targets, tuple(self.names[row] for row in rows))

    def _place(self, row: int) -> slice:
        if not 0 <= row < len(self.ends):
            raise IndexError(f"row {row} of {len(self.ends)}")
        return slice(int(self.ends[row - 1]) if row else 0, int(self.ends[row]))


def text_of_lengths(lengths: np.ndarray) -> str:
    """Return the shortest and the longest length of rows as text: " of 101 bases"."""
    if not len(lengths):
        return ""
    return f" of {' to '.join(f'{length:,}' for length in sorted({int(lengths.min()), int(lengths.max())}))} bases"


def _joined(lengths: np.ndarray, dtype: np.dtype | type) -> tuple[np.ndarray, np.ndarray]:
    """Allocate an array for joined sequences of these lengths, and compute the end of each."""
    ends = np.cumsum(lengths, dtype=np.int64)
    return np.empty(ends[-1] if len(ends) else 0, dtype), ends
