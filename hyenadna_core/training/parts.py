"""The parts of a step, which are computed one after another, with little padding."""

from collections.abc import Sequence

import numpy as np

from hyenadna_core.task import Batch
from hyenadna_core.tokens import PAD

PARTS = 8  # of a batch whose sequences differ in length
WORTH = 0.8  # parts by length must cost less than this share of the whole batch


def parts_of(batch: Batch, size: int, lengths: Sequence[int] = (), devices: int = 1) -> list[Batch]:
    """Split a batch into parts without padding that no sequence of the part needs.

    Args:
        size: how many of the longest sequences are computed at a time; it divides the batch.
        lengths: the lengths in bases to which parts may be padded, in ascending order.
        devices: the number of sequences of a part is a multiple of it.

    Each length has at most two sizes of parts: one for batches of like length, and one for batches
    of different lengths, which are sorted. The last one may repeat a sequence with the weight 0.
    """
    count, seq_len = len(batch.ids), batch.ids.shape[-1]  # ids may be pairs (B, 2, L)
    if len(lengths) < 2:
        return [_part(batch, np.arange(row, row + size), seq_len) for row in range(0, count, size)]
    known = np.append(lengths, seq_len)
    padded_to = known[np.searchsorted(known, _needed(batch))]
    longest = int(padded_to.max())
    few = min(size, devices * -(-count // (PARTS * devices)))
    order = np.argsort(padded_to, kind="stable")
    sorted_rows = np.concatenate([np.full(-count % few, order[0]), order])
    by_length = [sorted_rows[row : row + few] for row in range(0, len(sorted_rows), few)]
    lengths_of_parts = [int(padded_to[rows[-1]]) for rows in by_length]
    if few * sum(lengths_of_parts) < WORTH * count * longest:
        parts = [_part(batch, rows, length) for rows, length in zip(by_length, lengths_of_parts, strict=True)]
        parts[0].weights[: -count % few] = 0
        return parts
    sizes = (rows for rows in range(devices, count + 1, devices) if count % rows == 0)
    at_once = max(rows for rows in sizes if rows <= max(size, size * seq_len // longest))
    return [_part(batch, np.arange(row, row + at_once), longest) for row in range(0, count, at_once)]


def _part(batch: Batch, rows: np.ndarray, length: int) -> Batch:
    """Return some rows of a batch, and their first `length` positions."""
    ids, targets, weights = (array[rows] for array in batch)
    if weights.ndim == 2:
        targets, weights = targets[:, :length], weights[:, :length]
    return Batch(ids[..., :length], targets, weights)


def _needed(batch: Batch) -> np.ndarray:
    """Count the positions of each row up to its last real or weighted one: (B,)."""
    used = (batch.ids != PAD).reshape(len(batch.ids), -1, batch.ids.shape[-1]).any(axis=1)  # (B, L), of both of a pair
    if batch.weights.ndim == 2:
        used = used | (batch.weights > 0)
    return np.where(used.any(axis=1), used.shape[1] - used[:, ::-1].argmax(axis=1), 0)
