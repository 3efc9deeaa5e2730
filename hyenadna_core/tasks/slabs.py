"""Predictions of a split, a slab of consecutive rows at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.evaluation.predictions import activated
from hyenadna_core.labelled.pairs import InMemory, LabelledPairs
from hyenadna_core.labelled.rows import Rows
from hyenadna_core.labelled.targets import Target
from hyenadna_core.task import Model
from hyenadna_core.tasks.length_groups import LengthGroups
from hyenadna_core.tasks.sequence_batches import held, ids_and_cut
from hyenadna_core.tasks.sequence_options import LONG_ROWS
from hyenadna_core.terminal import notice, progress
from hyenadna_core.training.prefetch import prefetched

IN_MEMORY = 1 << 27  # bytes of predictions and targets; those of a larger split go to a file
SLAB = 1 << 25  # bytes of predictions of a slab, if the split does not fit in memory
BYTES = 12  # a float64 prediction and a float32 target


class Slab(NamedTuple):
    """Rows from `start` on, with predictions as probabilities or values.

    Attributes:
        predictions: (m, K), or a list of (L, K) with one class for each base; bases that the model
            has not read are nan.
        targets: (m,) or (m, K), or a list of (L,).
    """

    start: int
    predictions: Sequence[np.ndarray] | np.ndarray
    targets: Sequence[np.ndarray] | np.ndarray


class Pieces(NamedTuple):
    """A batch to predict: the rows (B,), the first base of each piece (B,), and the length.

    The first `own` pieces count; the others repeat rows, so that all batches have one shape.
    """

    slab: range
    rows: np.ndarray
    starts: np.ndarray
    length: int
    own: int


@dataclass(frozen=True)
class Predicting:
    """How a model predicts rows.

    Args:
        bases_at_once: about the bases of a batch, which has rows of like length.
        long_rows: "middle" crops rows longer than the model to their middle; "windows" cuts them
            into the fewest windows that cover them, evenly spread, and averages the predictions.
        both_strands: whether a prediction is the mean of those of the row and of its reverse
            complement.
        batch_size: the most rows of a batch, in place of `bases_at_once`.
        pairs: whether a row has two sequences.
    """

    bases_at_once: int
    long_rows: str = "middle"
    both_strands: bool = False
    batch_size: int | None = None
    pairs: bool = False

    def rows_at_once(self, length: int) -> int:
        """Return the most rows of a batch of this many bases each."""
        return self.batch_size or max(1, self.bases_at_once // (length * (1 + self.pairs)))


def notice_longer(longer: int, total: int, model: Model, long_rows: str) -> None:
    """Tell how many of all rows are longer than the model takes, if there are any."""
    if longer:
        done = "they are cropped to their middle" if long_rows == "middle" else "predictions of windows are averaged"
        place = f"this model has place for {model.max_seq_len:,} bases"
        notice(f"{longer:,} of {total:,} sequences are too long, because {place}: {done}.")


def size_of(rows: Rows, target: Target) -> int:
    """Return the bytes of the predictions and targets of all rows."""
    places = int(rows.lengths.sum()) if target.kind == "bases" else len(rows)
    return places * len(target.names) * BYTES


def predicted_slabs(model: Model, rows: Rows, target: Target, how: Predicting) -> Iterator[Slab]:
    """Yield the predictions of all rows in their order; a split that fits in memory is one slab.

    A thread reads the rows ahead.

    Raises:
        HyenaDNAError: windows of one class for each base would be averaged.
    """
    check_long_rows(how.long_rows, target)
    lengths, long_rows = rows.lengths, how.long_rows
    seq_len = min(int(lengths.max()), model.max_seq_len)
    groups = LengthGroups.of(lengths, seq_len)
    in_group = np.bincount(groups.of_rows, weights=_windows(lengths, seq_len, long_rows)).astype(np.int64)

    def batches() -> Iterator[Pieces]:
        size = size_of(rows, target)
        step = len(rows) if size <= IN_MEMORY else max(1, len(rows) * SLAB // size)
        for start in range(0, len(rows), step):
            slab = range(start, min(start + step, len(rows)))
            for group, length in enumerate(groups.lengths.tolist()):
                pieces, starts = _pieces(lengths, groups.rows_of(group, slab.start, slab.stop), seq_len, long_rows)
                in_split = int(in_group[group])
                count = -(-in_split // -(-in_split // how.rows_at_once(length)))  # of a batch, in all slabs
                whole = -(-len(pieces) // count) * count
                for at in range(0, whole, count):
                    places = np.arange(at, at + count) % len(pieces)
                    yield Pieces(slab, pieces[places], starts[places], length, min(count, len(pieces) - at))

    strands = (False, True) if how.both_strands else (False,)

    def made(pieces: Pieces) -> tuple[Pieces, list[np.ndarray], InMemory, np.ndarray]:
        unique, which = np.unique(pieces.rows, return_inverse=True)
        sequences, numbers = held(rows, target, unique, pairs=how.pairs)
        numbers = numbers[which]
        ids = [ids_of_pieces(sequences, numbers, pieces, other) for other in strands]
        return pieces, ids, sequences, numbers

    with progress("Predicting", int(in_group.sum())) as advance, prefetched(made, batches()) as ready:
        open_slab: _OpenSlab | None = None
        for pieces, ids, sequences, numbers in ready:
            if open_slab is None or open_slab.rows != pieces.slab:
                if open_slab:
                    yield open_slab.closed()
                open_slab = _OpenSlab(pieces.slab, rows, target.kind == "bases")
            outputs = np.mean([activated(model.predict_on_batch(of_strand), target) for of_strand in ids], axis=0)
            open_slab.add(pieces, outputs, sequences, numbers)
            advance(pieces.own)
        if open_slab:
            yield open_slab.closed()


def ids_of_pieces(sequences: InMemory, numbers: np.ndarray, pieces: Pieces, other: bool) -> np.ndarray:
    """Return the token ids of pieces of sequences, or of their reverse complements.

    They are (B, L), or (B, 2, L) for pairs, which are read in their middles.
    """
    starts = None if isinstance(sequences, LabelledPairs) else pieces.starts
    return ids_and_cut(sequences, numbers, pieces.length, starts, np.full(len(numbers), other))[0]


def check_long_rows(long_rows: str, target: Target) -> None:
    """Raise HyenaDNAError if windows of one class for each base would be averaged."""
    if long_rows not in LONG_ROWS:
        raise HyenaDNAError(f"long_rows is {long_rows!r}: choose {' or '.join(LONG_ROWS)}.")
    if long_rows == "windows" and target.kind == "bases":
        raise HyenaDNAError("--long-rows windows averages windows, and the target is bases: leave it out.")


class _OpenSlab:
    """A slab whose rows come in any order."""

    def __init__(self, rows: range, source: Rows, of_bases: bool) -> None:
        self.rows, self.of_bases, self.source = rows, of_bases, source
        self.counts = np.zeros(len(rows), np.int64)
        self.sums: np.ndarray | None = None
        self.of_rows: dict[int, np.ndarray] = {}  # for bases
        self.targets: Any = {} if of_bases else None

    def add(self, pieces: Pieces, outputs: np.ndarray, sequences: InMemory, numbers: np.ndarray) -> None:
        """Add the outputs of a batch, (B, K) or (B, seq_len, K)."""
        places, own = pieces.rows[: pieces.own] - self.rows.start, numbers[: pieces.own]
        if self.of_bases:
            assert not isinstance(sequences, LabelledPairs)  # noqa: S101
            for place, number, output in zip(places.tolist(), own.tolist(), outputs, strict=False):
                length, end = len(sequences[number]), int(sequences.ends[number])
                self.of_rows[place] = _at_its_bases(output, length)
                self.targets[place] = sequences.targets[end - length : end]
            return
        if self.sums is None:
            self.sums = np.full((len(self.rows), *outputs.shape[1:]), -0.0)  # -0.0 + x is x, also if x is -0.0
        np.add.at(self.sums, places, outputs[: pieces.own])
        np.add.at(self.counts, places, 1)
        if not isinstance(self.source, InMemory):
            if self.targets is None:
                self.targets = np.empty((len(self.rows), *sequences.targets.shape[1:]), sequences.targets.dtype)
            self.targets[places] = sequences.targets[own]

    def closed(self) -> Slab:
        """Return the slab with its predictions."""
        if self.of_bases:
            places = range(len(self.rows))
            return Slab(self.rows.start, [self.of_rows[at] for at in places], [self.targets[at] for at in places])
        assert self.sums is not None  # noqa: S101
        targets = self.targets
        if isinstance(self.source, InMemory):
            targets = self.source.targets[self.rows.start : self.rows.stop]
        return Slab(self.rows.start, self.sums / self.counts[:, None], targets)


def _windows(lengths: np.ndarray, seq_len: int, long_rows: str) -> np.ndarray:
    """Return the number of pieces of rows of these lengths: (n,)."""
    if long_rows == "middle":
        return np.broadcast_to(1, len(lengths))
    windows: np.ndarray = np.maximum(1, -(-lengths // seq_len))
    return windows


def _pieces(lengths: np.ndarray, rows: np.ndarray, seq_len: int, long_rows: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the row and the first base of each piece of some rows, (p,) each."""
    excess = np.maximum(0, lengths[rows] - seq_len).astype(np.int64)
    if long_rows == "middle":
        return rows, excess // 2
    counts = _windows(lengths[rows], seq_len, long_rows)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)  # of each piece in its row
    starts = np.repeat(excess, counts) * number // np.maximum(1, np.repeat(counts, counts) - 1)
    return np.repeat(rows, counts), starts


def _at_its_bases(output: np.ndarray, length: int) -> np.ndarray:
    """Place the outputs of a crop or of padded bases at all bases: (seq_len, K) -> (length, K)."""
    whole = np.full((length, output.shape[-1]), np.nan)
    start = max(0, (length - len(output)) // 2)
    whole[start : start + len(output)] = output[:length]
    return whole
