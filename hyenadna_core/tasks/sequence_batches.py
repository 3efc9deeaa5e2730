"""Batches of labelled sequences: cropping, padding, strands and class weights."""

from typing import Any, NamedTuple

import numpy as np

from hyenadna_core.labelled.pairs import InMemory, LabelledPairs, sides_of
from hyenadna_core.labelled.rows import Rows, all_targets, in_memory, is_pair
from hyenadna_core.labelled.sequences import LabelledSequences
from hyenadna_core.labelled.targets import Target, standardised
from hyenadna_core.task import Batch, Draw
from hyenadna_core.terminal import progress
from hyenadna_core.tokens import COMPLEMENT, PAD, TO_ID


class Cut(NamedTuple):
    """The bases that a batch has of each row: their places in `bases`, and where there are none.

    Attributes:
        places: (B, seq_len); any place where there is no base.
        empty: (B, seq_len), true where a shorter row is padded on the right.
    """

    places: np.ndarray
    empty: np.ndarray


def batch_of_rows(
    rows: Rows,
    target: Target,
    indices: np.ndarray,
    seq_len: int,
    other_strand: np.ndarray | None = None,
    draw: Draw | None = None,
    pairs: bool | None = None,
) -> Batch:
    """Return some rows as a batch.

    Ids are (B, seq_len), or (B, 2, seq_len) for pairs; targets (B,), (B, K) or (B, seq_len);
    weights (B,) or (B, seq_len).
    Longer sequences are cropped to their middle; shorter ones are padded on the right. Rows with a
    true value in `other_strand`, (B,) bool, are reverse-complemented. With a draw, rows are windows
    of training if the source has them. `pairs` is whether rows have two sequences, if known.
    """
    sequences, numbers = held(rows, target, indices, draw, pairs)
    other = np.zeros(len(numbers), bool) if other_strand is None else other_strand
    ids, cut = ids_and_cut(sequences, numbers, seq_len, other=other)
    if target.kind == "bases":
        labels = np.where(cut.empty, -1, sequences.targets[cut.places])
        return Batch(ids, np.maximum(labels, 0).astype(np.int32), (labels >= 0).astype(np.float32))
    values = sequences.targets[numbers]
    if target.kind == "regression":
        values = standardised(values, target)
    dtype = np.int32 if target.kind == "classes" else np.float32
    return Batch(ids, values.astype(dtype), np.ones(len(numbers), np.float32))


def held(
    rows: Rows, target: Target, indices: np.ndarray, draw: Draw | None = None, pairs: bool | None = None
) -> tuple[InMemory, np.ndarray]:
    """Return sequences in memory that have some rows of a source, and their numbers in them."""
    if isinstance(rows, InMemory):
        return rows, indices
    return in_memory(rows, indices, target, draw, pairs), np.arange(len(indices))


def ids_and_cut(
    sequences: InMemory,
    rows: np.ndarray,
    seq_len: int,
    starts: np.ndarray | None = None,
    other: np.ndarray | None = None,
) -> tuple[np.ndarray, Cut]:
    """Return the token ids of rows, and the cut of the (first) sequence of each.

    Ids are (B, seq_len) int32, or (B, 2, seq_len) for pairs, whose sequences are each cropped to
    their own middle. Rows that are true in `other`, (B,) bool, are reverse-complemented.
    """
    sides = sides_of(sequences)
    cuts = [cut_of_rows(side, rows, seq_len, starts, other) for side in sides]
    ids = [ids_of_cut(side, cut) for side, cut in zip(sides, cuts, strict=True)]
    joined = ids[0] if len(ids) == 1 else np.stack(ids, axis=1)
    if other is not None and other.any():
        joined[other] = COMPLEMENT[joined[other]]
    return joined, cuts[0]


def cut_of_rows(
    sequences: LabelledSequences,
    rows: np.ndarray,
    seq_len: int,
    starts: np.ndarray | None = None,
    other: np.ndarray | None = None,
) -> Cut:
    """Find at most seq_len bases of each row: from `starts`, (B,), or else those in its middle.

    A row that ends before seq_len bases is empty after its end: no base of another row is read.
    Rows that are true in `other`, (B,) bool, are read from their last base to their first.
    """
    ends = sequences.ends[rows]
    firsts = np.where(rows > 0, sequences.ends[rows - 1], 0)
    lengths = ends - firsts
    starts = np.maximum(0, (lengths - seq_len) // 2) if starts is None else np.clip(starts, 0, lengths)
    firsts, lengths = firsts + starts, np.minimum(lengths - starts, seq_len)
    offsets = np.arange(seq_len)
    places = firsts[:, None] + offsets
    if other is not None and other.any():
        places[other] = (firsts + lengths - 1)[other, None] - offsets
    return Cut(np.clip(places, 0, len(sequences.bases) - 1, out=places), offsets >= lengths[:, None])


def ids_of_cut(sequences: LabelledSequences, cut: Cut) -> np.ndarray:
    """Return the token ids of a cut, (B, seq_len) int32, with padding on the right."""
    ids: np.ndarray = TO_ID["default"][sequences.bases[cut.places]]
    ids[cut.empty] = PAD
    return ids


def class_counts(rows: Rows, target: Target) -> np.ndarray:
    """Count the rows of each class of the target, (K,)."""
    counts = np.zeros(len(target.names), np.int64)
    with progress("Counting the classes", len(rows)) as advance:
        for targets in all_targets(rows, target):
            counts += np.bincount(targets, minlength=len(counts))
            advance(len(targets))
    return counts


def weights_of_classes(counts: np.ndarray) -> np.ndarray:
    """Return a weight for each class, (K,), so that all classes count the same.

    The weight is the number of all rows over the number of classes times the rows of the class.
    """
    return np.asarray(counts.sum() / (len(counts) * np.maximum(counts, 1)), np.float32)


def without_targets(sequences: list[Any], target: Target, names: list[str]) -> InMemory:
    """Return new sequences or pairs with placeholder targets, so that a model can predict them."""
    if target.kind == "bases":
        targets = np.full(sum(map(len, sequences)), -1, np.int32)
    elif target.kind == "classes":
        targets = np.zeros(len(sequences), np.int32)
    else:
        targets = np.zeros((len(sequences), len(target.names)), np.float32)
    return labelled(sequences, targets, names)


def labelled(sequences: list[Any], targets: np.ndarray, names: list[str]) -> InMemory:
    """Join the sequences of a file, or its pairs, which are tuples of two."""
    if sequences and is_pair(sequences[0]):
        first, second = zip(*sequences, strict=True)
        return LabelledPairs.of(first, second, targets, names)
    return LabelledSequences.of(sequences, targets, names)
