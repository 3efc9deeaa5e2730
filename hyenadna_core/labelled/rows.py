"""Sources of rows: sequences with targets that are in memory, or are read when they are needed."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.labelled.pairs import InMemory, LabelledPairs
from hyenadna_core.labelled.row_faults import asked, asked_of_each, check_rows_read, joined_targets, names_of
from hyenadna_core.labelled.sequences import LabelledSequences
from hyenadna_core.labelled.targets import Target

AT_ONCE = 1 << 22  # bases that a pass over all rows has in memory
ROW, WINDOW = "row({})", "window(draw, {})"  # calls in messages

# Bases (L,) uint8, or those of two sequences; and the target: () or (K,), or (L,) for bases.
Row: TypeAlias = tuple[np.ndarray | tuple[np.ndarray, np.ndarray], Any]
Indices: TypeAlias = Sequence[int] | np.ndarray


class Rows(Protocol):
    """A source of the rows of a split. `LabelledSequences` is one; a plug-in may write another.

    A row of a task of pairs has the bases of two sequences, a tuple of two arrays. `LabelledPairs`
    is such a source.

    A source needs the names below and no base class. It may also have

    - `window(draw, index)`: a row for training in place of `row(index)`, for example another window
      at each epoch, at most as long as the row. It depends only on `draw` (a Draw) and `index`.
      Validation and test use `row`.
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

        For pairs they are those of the longer sequence. Each batch asks for them: keep them.
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
    """Read some rows of a source; with a draw, windows for training if the source has them.

    Raises:
        HyenaDNAError: the source raised an error, which is the cause; the message names the row.
    """
    rows, numbers = _of_source(rows, indices)
    window, many = getattr(rows, "window", None), getattr(rows, "many", None)
    if draw is not None and window:
        return asked_of_each(rows, WINDOW, lambda index: window(draw, index), numbers)
    if many:
        read: list[Row] = asked(rows, f"many({first_names(numbers)})", lambda: list(many(numbers)))
        return read
    return asked_of_each(rows, ROW, rows.row, numbers)


def in_memory(rows: Rows, indices: Indices, target: Target, draw: Any = None, pairs: bool | None = None) -> InMemory:
    """Read some rows into arrays, and check them.

    Args:
        target: of the task.
        draw: for windows of training, if the source has them.
        pairs: whether a row has two sequences; None for as many as the first row has.

    Raises:
        HyenaDNAError: a row is not what `Rows` says, or its target does not fit `target`; the
            message names the row.
    """
    rows, numbers = _of_source(rows, indices)
    whole = draw is None or not hasattr(rows, "window")
    read, call = read_many(rows, numbers, draw), ROW if whole else WINDOW
    check_rows_read(rows, read, numbers, call, whole, pairs)
    targets, names = joined_targets(rows, read, numbers, call, target), names_of(rows, numbers)
    if read and is_pair(read[0][0]):
        return LabelledPairs(*(_joined([bases[side] for bases, _ in read], targets, names) for side in (0, 1)))
    return _joined([bases for bases, _ in read], targets, names)


def _of_source(rows: Rows, indices: Indices) -> tuple[Rows, list[int]]:
    """Return the source of a subset and the indices in it, or the same for other rows."""
    numbers = np.asarray(indices, np.int64)
    while type(rows) is RowsSubset:  # a subclass may change its rows
        subset: Any = rows
        rows, numbers = subset.rows, subset.indices[numbers]
    return rows, numbers.tolist()


def is_pair(bases: Any) -> bool:
    """Return whether the bases of a row are those of two sequences."""
    return isinstance(bases, tuple)


def _joined(sequences: Sequence[Any], targets: np.ndarray, names: tuple[str, ...]) -> LabelledSequences:
    ends = np.cumsum([len(bases) for bases in sequences], dtype=np.int64)
    return LabelledSequences(np.concatenate([np.empty(0, np.uint8), *sequences]), ends, targets, names)


def all_targets(rows: Rows, target: Target) -> Iterator[np.ndarray]:
    """Yield the targets of all rows, some rows at a time."""
    if isinstance(rows, InMemory):
        yield rows.targets
        return
    at_once = max(1, AT_ONCE // max(1, int(rows.lengths.max(initial=1))))
    for start in range(0, len(rows), at_once):
        yield in_memory(rows, range(start, min(start + at_once, len(rows))), target).targets


def same_length(lengths: np.ndarray) -> bool:
    """Return whether all rows have one length, without making an array."""
    return len(lengths) > 0 and (lengths.strides == (0,) or bool(lengths.min() == lengths.max()))
