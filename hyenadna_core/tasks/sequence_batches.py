"""Batches of labelled sequences: cropping, padding, strands and class weights."""

import numpy as np

from hyenadna_core.labelled.sequences import LabelledSequences
from hyenadna_core.labelled.targets import Target, standardised
from hyenadna_core.task import Batch
from hyenadna_core.tokens import COMPLEMENT, PAD, TO_ID


def batch_of_rows(
    sequences: LabelledSequences,
    target: Target,
    rows: np.ndarray,
    seq_len: int,
    other_strand: np.ndarray | None = None,
) -> Batch:
    """Return some rows as a batch.

    Ids are (B, seq_len); targets (B,), (B, K) or (B, seq_len); weights (B,) or (B, seq_len).
    Longer sequences are cropped to their middle; shorter ones are padded on the right. Rows with a
    true value in `other_strand`, (B,) bool, are reverse-complemented.
    """
    other = np.zeros(len(rows), bool) if other_strand is None else other_strand
    crops = [_middle(len(sequences[row]), seq_len) for row in rows]
    ids = np.full((len(rows), seq_len), PAD, np.int32)
    for place, (row, crop, turned) in enumerate(zip(rows, crops, other, strict=True)):
        bases = TO_ID["default"][sequences[row]][crop]
        ids[place, : len(bases)] = COMPLEMENT[bases[::-1]] if turned else bases
    if target.kind == "bases":
        classes, weights = np.zeros_like(ids), np.zeros(ids.shape, np.float32)
        for place, (row, crop, turned) in enumerate(zip(rows, crops, other, strict=True)):
            labels = sequences.target(row)[crop][:: -1 if turned else 1]
            weights[place, : len(labels)] = labels >= 0
            classes[place, : len(labels)] = np.maximum(labels, 0)
        return Batch(ids, classes, weights)
    values = np.array([sequences.target(row) for row in rows])
    if target.kind == "regression":
        values = standardised(values, target)
    dtype = np.int32 if target.kind == "classes" else np.float32
    return Batch(ids, values.astype(dtype), np.ones(len(rows), np.float32))


def weights_of_classes(targets: np.ndarray, classes: int) -> np.ndarray:
    """Return a weight for each class, (K,), so that all classes count the same.

    The weight is the number of all rows over the number of classes times the rows of the class.
    """
    counts = np.bincount(targets, minlength=classes)
    return np.asarray(counts.sum() / (len(counts) * np.maximum(counts, 1)), np.float32)


def without_targets(sequences: list[bytes], target: Target, names: list[str]) -> LabelledSequences:
    """Return new sequences with placeholder targets, so that a model can predict them."""
    if target.kind == "bases":
        targets = np.full(sum(map(len, sequences)), -1, np.int32)
    elif target.kind == "classes":
        targets = np.zeros(len(sequences), np.int32)
    else:
        targets = np.zeros((len(sequences), len(target.names)), np.float32)
    return LabelledSequences.of(sequences, targets, names)


def _middle(length: int, seq_len: int) -> slice:
    start = max(0, (length - seq_len) // 2)
    return slice(start, start + seq_len)
