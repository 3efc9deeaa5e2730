"""Groups of sequences of like length, so that a batch of them has little padding."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np

from hyenadna_core.labelled.rows import same_length
from hyenadna_core.task import Draw

MOST = 8  # groups; JAX compiles for each
CANDIDATES = 200  # lengths to choose from, and one in each step of CLOSE
CLOSE = 1.05  # so much longer at most: the padding of all candidates is small
EPOCHS_KEPT = 2  # a batch may begin in one epoch and end in the next
WORTH_BASES, WORTH_SHARE = 1 << 14, 0.03  # the least padding that one more group must save


@dataclass(frozen=True, eq=False)
class LengthGroups:
    """Sequences in groups, each padded to one length.

    Args:
        lengths: of the groups in bases, in ascending order: (k,) int64.
        of_rows: the group of each sequence: (n,) integers; zeros without memory for one group.
    """

    lengths: np.ndarray
    of_rows: np.ndarray

    @classmethod
    def of(cls, lengths: np.ndarray, longest: int) -> "LengthGroups":
        """Group sequences of these lengths, (n,); longer ones are cropped to `longest` bases.

        The groups have the least padding. There are at most eight, and each of them saves at least
        3 % of all bases, and 16,384 bases.
        """
        if same_length(lengths):
            return cls._one(min(int(lengths[0]), longest), len(lengths))
        lengths = np.minimum(lengths, longest)
        chosen, before = lengths[:0], None
        for ends, padded in islice(groupings(lengths), MOST):
            if before is not None and before - padded < max(WORTH_BASES, WORTH_SHARE * before):
                break
            chosen, before = ends, padded
        return cls._chosen(chosen, lengths)

    @classmethod
    def with_padding(cls, lengths: np.ndarray, most: float) -> "LengthGroups":
        """Form the fewest groups whose padded bases are at most `most` times the bases: (n,)."""
        chosen = next(ends for ends, padded in groupings(lengths) if padded <= most * lengths.sum())
        return cls._chosen(chosen, lengths)

    @classmethod
    def _one(cls, length: int, rows: int) -> "LengthGroups":
        return cls(np.array([length]), np.broadcast_to(np.uint8(0), rows))

    @classmethod
    def _chosen(cls, chosen: np.ndarray, lengths: np.ndarray) -> "LengthGroups":
        """Group the lengths, (n,), by the chosen ones in ascending order."""
        if len(chosen) == 1:
            return cls._one(int(chosen[0]), len(lengths))
        return cls(chosen, np.searchsorted(chosen, lengths).astype(np.min_scalar_type(len(chosen))))

    def rows_of(self, group: int, start: int, stop: int) -> np.ndarray:
        """Return the rows of a group from row `start` to row `stop`, in ascending order: (m,)."""
        if len(self.lengths) == 1:
            return np.arange(start, stop)
        return start + np.flatnonzero(self.of_rows[start:stop] == group)


def groupings(lengths: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
    """Yield the grouping with the least padding for 1, 2, 3, ... groups of sequences: (n,).

    Each is a pair: the lengths of the groups in ascending order, and the sum of padded bases. If
    there are many lengths, the groups end at some of them.
    """
    values, counts = np.unique(lengths, return_counts=True)
    even = np.linspace(0, len(values) - 1, CANDIDATES).round().astype(int)
    close = np.flatnonzero(np.diff(np.log(values) // math.log(CLOSE), append=np.inf))  # the last of each step
    steps = np.union1d(even, close)
    of_steps = np.add.reduceat(counts, np.concatenate([[0], steps[:-1] + 1]))
    values, rows = values[steps], np.concatenate([[0], np.cumsum(of_steps)])
    # padded[i, j]: bases if all rows from value i to value j are one group
    padded = np.where(np.tri(len(values), dtype=bool).T, values * (rows[1:] - rows[:-1, None]), np.inf)
    least, ends = padded[0], [[end] for end in range(len(values))]  # bases and groups up to each value
    while True:
        yield values[ends[-1]], float(least[-1])
        if len(ends[-1]) == len(values):
            return
        more = np.concatenate([[0], least[:-1]])[:, None] + padded
        first = more.argmin(axis=0)  # value of the last group
        ends = [[*(ends[start - 1] if start else []), end] for end, start in enumerate(first.tolist())]
        least = more.min(axis=0)


def rows_of_draw(draw: Draw, groups: LengthGroups) -> np.ndarray:
    """Return the rows of a batch, (B,). Each epoch has all rows once, in a new order."""
    positions = draw.step * draw.batch_size + np.arange(draw.batch_size)
    epochs, places = np.divmod(positions, len(groups.of_rows))
    of_epochs = [
        epoch_order(groups, draw.seed, draw.split, epoch, draw.batch_size)[places[epochs == epoch]]
        for epoch in np.unique(epochs).tolist()
    ]
    return np.concatenate(of_epochs).astype(np.int64)


@lru_cache(maxsize=EPOCHS_KEPT)
def epoch_order(groups: LengthGroups, seed: int, split: str, epoch: int, batch_size: int) -> np.ndarray:
    """Return the order of the rows of a split in one epoch, (n,) int32, or int64 for many rows.

    The rows of a batch are of one group, except for one batch between two groups. A batch that
    begins in one epoch and ends in the next has the longest rows of both, or the shortest.
    """
    random = Draw(split, epoch, 0, 0, seed).generator()
    rows = len(groups.of_rows)
    order = np.arange(rows, dtype=np.int32 if rows <= np.iinfo(np.int32).max else np.int64)
    random.shuffle(order)  # as random.permutation(rows), with half of its memory
    if len(groups.lengths) == 1:
        return order
    order = order[np.argsort(groups.of_rows[order], kind="stable")]
    order = order[::-1].copy() if epoch % 2 else order
    first = -epoch * len(order) % batch_size  # the rows that complete the last batch of the epoch before
    whole = max(0, len(order) - first) // batch_size
    batches = order[first : first + whole * batch_size].reshape(whole, batch_size)
    order[first : first + whole * batch_size] = random.permutation(batches).reshape(-1)
    return order
