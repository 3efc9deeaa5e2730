"""Sources of rows: sequences with targets that are in memory, or are read when they are needed."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.pairs import InMemory, LabelledPairs
from hyenadna_core.labelled.sequences import LabelledSequences

AT_ONCE = 1 << 22  # bases that a pass over all rows has in memory

# Bases (L,) uint8, or those of two sequences; and the target: () or (K,), or (L,) for bases.
Row: TypeAlias = tuple[np.ndarray | tuple[np.ndarray, np.ndarray], Any]
Indices: TypeAlias = Sequence[int] | np.ndarray


class Rows(Protocol):
    """A source of the rows of a split. `LabelledSequences` is one; a plug-in may write another.

    A row of a task of pairs has the bases of two sequences, a tuple of two arrays. `LabelledPairs`
    is such a source.

    A source needs the names below and no base class. It may also have

    - `window(draw, index)`: a row for training in place of `row(index)`, for example another window
      at each epoch. It depends only on `draw` (a Draw) and `index`. Validation and test use `row`.
    - `many(indices)`: a list of rows, if reading several at once is faster.
    - `take(indices)`: some of the rows, if there is a better way than RowsSubset.

    The batches of training are made in another thread than the figures. So the methods are called
    from two threads, maybe at the same time: open files once for each thread, or read without a
    shared position (a memory map, `os.pread`).
    """

    def __len__(self) -> int:
        """Return the number of rows."""

    @property
    def lengths(self) -> np.ndarray:
        """The bases of each row, (n,) integers; for equal lengths np.broadcast_to(length, n).

        For pairs they are those of the longer sequence.
        """

    @property
    def checksum(self) -> str:
        """A text that changes with the data. It is cheap: it does not read all rows.

        For windows of a genome it joins the checksums or sizes of the files and the parameters.
        """

    def row(self, index: int) -> Row:
        """Return the bases of a row, (L,) uint8, and its target, always the same.

        For pairs they are ((bases_a, bases_b), target).
        """

    def name(self, index: int) -> str:
        """Return the name of a row, for predictions and messages."""


class RowsSubset:
    """Some rows of a source, in the given order; each is read when it is needed.

    Args:
        rows: the source.
        indices: rows of it, (m,).
    """

    def __init__(self, rows: Rows, indices: Indices) -> None:
        indices = np.asarray(indices, np.int64)
        if len(indices) and not 0 <= indices.min() <= indices.max() < len(rows):
            raise HyenaDNAError(f"A subset has rows {indices.min()} to {indices.max()} of {len(rows):,} rows.")
        self.rows, self.indices = rows, indices.astype(np.min_scalar_type(len(rows)))
        if hasattr(rows, "window"):
            self.window = self._window

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def lengths(self) -> np.ndarray:
        lengths = self.rows.lengths
        if same_length(lengths):
            return np.broadcast_to(lengths[:1].squeeze(), len(self))
        of_rows: np.ndarray = lengths[self.indices]
        return of_rows

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.rows.checksum.encode() + self.indices.tobytes()).hexdigest()

    def row(self, index: int) -> Row:
        return self.rows.row(int(self.indices[index]))

    def name(self, index: int) -> str:
        return self.rows.name(int(self.indices[index]))

    def many(self, indices: Indices) -> list[Row]:
        return read_many(self.rows, self.indices[np.asarray(indices, np.int64)])

    def _window(self, draw: Any, index: int) -> Row:
        row: Row = self.rows.window(draw, int(self.indices[index]))  # type: ignore[attr-defined]
        return row


def take_rows(rows: Rows, indices: Indices) -> Rows:
    """Return some rows of a source, in the given order."""
    take = getattr(rows, "take", None)
    taken: Rows = take(indices) if take else RowsSubset(rows, indices)
    return taken


def read_many(rows: Rows, indices: Indices, draw: Any = None) -> list[Row]:
    """Read some rows of a source; with a draw, windows for training if the source has them."""
    window, many = getattr(rows, "window", None), getattr(rows, "many", None)
    numbers = np.asarray(indices).tolist()
    if draw is not None and window:
        return [window(draw, index) for index in numbers]
    return list(many(numbers)) if many else [rows.row(index) for index in numbers]


def in_memory(rows: Rows, indices: Indices, of_bases: bool, draw: Any = None) -> InMemory:
    """Read some rows into arrays.

    Args:
        of_bases: whether a row has one target for each of its bases.
        draw: for windows of training, if the source has them.
    """
    read = read_many(rows, indices, draw)
    join = np.concatenate if of_bases and read else np.array
    targets = join([target for _, target in read])
    names = tuple(rows.name(int(index)) for index in indices)
    if read and is_pair(read[0][0]):
        return LabelledPairs(*(_joined([bases[side] for bases, _ in read], targets, names) for side in (0, 1)))
    return _joined([bases for bases, _ in read], targets, names)


def is_pair(bases: Any) -> bool:
    """Return whether the bases of a row are those of two sequences."""
    return isinstance(bases, tuple)


def _joined(sequences: Sequence[Any], targets: np.ndarray, names: tuple[str, ...]) -> LabelledSequences:
    ends = np.cumsum([len(bases) for bases in sequences], dtype=np.int64)
    return LabelledSequences(np.concatenate([np.empty(0, np.uint8), *sequences]), ends, targets, names)


def all_targets(rows: Rows, of_bases: bool) -> Iterator[np.ndarray]:
    """Yield the targets of all rows, some rows at a time."""
    if isinstance(rows, InMemory):
        yield rows.targets
        return
    at_once = max(1, AT_ONCE // max(1, int(rows.lengths.max(initial=1))))
    for start in range(0, len(rows), at_once):
        yield in_memory(rows, range(start, min(start + at_once, len(rows))), of_bases).targets


def same_length(lengths: np.ndarray) -> bool:
    """Return whether all rows have one length, without making an array."""
    return len(lengths) > 0 and (lengths.strides == (0,) or bool(lengths.min() == lengths.max()))
