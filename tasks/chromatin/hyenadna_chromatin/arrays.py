"""The arrays of DeepSEA: train.mat (MATLAB v7.3, which is HDF5), valid.mat and test.mat (v5).

A file has `trainxdata`, one-hot bases (n, 4, 1000) in the order A, G, C, T, and `traindata`, labels
(n, 919); valid and test likewise. HDF5 has the axes reversed: (1000, 4, n). Rows are read once, and
kept in the cache with half a byte for each base.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hyenadna_chromatin.keeper import Keeper
from hyenadna_chromatin.kept_rows import KeptRows, Records, is_kept, kept_folder
from hyenadna_chromatin.label_set import LabelSet
from hyenadna_core import HyenaDNAError, notice, progress
from hyenadna_core.errors import shown

BASES, CHANNELS = 1_000, 4
LETTERS = np.frombuffer(b"AGCTN", np.uint8)  # by code: the order of the channels, and N
UNKNOWN = 4  # the code of a base without a 1
PAIRS = np.stack(
    [LETTERS[np.minimum(np.arange(256) >> 4, UNKNOWN)], LETTERS[np.minimum(np.arange(256) & 15, UNKNOWN)]], axis=1
)
OTHER = np.arange(256, dtype=np.uint8)
OTHER[np.frombuffer(b"ACGT", np.uint8)] = np.frombuffer(b"TGCA", np.uint8)
AT_ONCE = 1 << 12  # rows: 16 MB of one-hot bases
LARGEST = 1 << 30  # bytes of one-hot bases that are read at once
COMPARED = 64  # rows that show whether half of them are reverse complements
FOLD_ROWS = 10_000  # consecutive rows that stay together in folds: they overlap


class Arrays(NamedTuple):
    """One-hot bases and labels of a file, in slices of rows that it reads well."""

    bases: Any
    labels: Any
    reversed: bool  # whether the axes are (1000, 4, n)
    step: int  # rows that are read at once
    path: Path  # of the file

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.bases.shape[-1 if self.reversed else 0])

    def read(self, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Return one-hot bases (m, 4, 1000) and labels (m, K).

        Raises:
            HyenaDNAError: a chunk of the file is damaged.
        """
        if not self.reversed:
            return self.bases[start:end], self.labels[start:end]
        try:
            return self.bases[:, :, start:end].transpose(2, 1, 0), self.labels[:, start:end].T
        except OSError as error:
            raise HyenaDNAError(
                f"{self.path}, rows {start + 1} to {end}: the file is damaged: {shown(error)}: copy or download it "
                "again."
            ) from None


class ArrayRows:
    """The rows of a file of DeepSEA: 1,000 bases with their labels.

    Args:
        kept: the rows in the cache.
        path: the file, for messages.
        forward: leave out the second half of the rows, which are the reverse complements of the
            first half.

    Raises:
        HyenaDNAError: the second half is something else.
    """

    def __init__(self, kept: KeptRows, path: Path, forward: bool = False) -> None:
        self.kept, self.path, self.count = kept, path, len(kept)
        self._bases = Records(kept.folder / "bases.bin", BASES // 2)
        if forward:
            self._check_halves()
            self.count //= 2
        self.lengths = np.broadcast_to(BASES, self.count)
        self.checksum = f"{kept.checksum} {self.count}"

    def _check_halves(self) -> None:
        half = self.count // 2
        rows = np.unique(np.linspace(0, max(0, half - 1), COMPARED).astype(int))
        if self.count % 2 or not all(self._is_other_strand(row, row + half) for row in rows.tolist()):
            raise HyenaDNAError(
                f"The second half of the {self.count:,} rows of {self.path} is not the reverse complements of the "
                "first: leave out --no-rc."
            )

    def _is_other_strand(self, row: int, other: int) -> bool:
        (bases, labels), (other_bases, other_labels) = self.row(row), self.row(other)
        return np.array_equal(OTHER[bases[::-1]], other_bases) and np.array_equal(labels, other_labels)

    def __len__(self) -> int:
        return self.count

    def name(self, index: int) -> str:
        """Return the number of a row in its file, from 1."""
        return f"row {index + 1}"

    def row(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the bases, (1000,), and the labels, (K,), of a row."""
        return PAIRS[self._bases.read(index)[0]].reshape(-1), self.kept.labels_of(index)

    def groups(self, indices: np.ndarray) -> np.ndarray:
        """Return the group of each row, (m,), for folds; the strands of a window are together."""
        half = len(self.kept) // 2 if self.count == len(self.kept) else self.count
        return indices % max(1, half) // FOLD_ROWS


def read_arrays(path: Path, labels: LabelSet) -> KeptRows:
    """Read a .mat file once, and keep its rows in the cache.

    Raises:
        HyenaDNAError: the file lacks an array, or one has another shape, or a base or a label is
            not 0 or 1.
    """
    folder = kept_folder(path, "arrays", len(labels.names))
    if not is_kept(folder):
        from hyenadna_chromatin.mat_files import open_arrays

        with open_arrays(path, len(labels.names)) as arrays:
            _keep(path, arrays, len(labels.names), folder)
    kept = KeptRows(folder)
    if count := kept.facts["unknown"]:
        notice(f"{count:,} bases of {path} have no 1: they are read as N.")
    return kept


def _keep(path: Path, arrays: Arrays, labels: int, folder: Path) -> None:
    unknown = 0
    with (
        progress(f"Reading {path.name}", arrays.rows) as advance,
        Keeper(folder, labels, ("labels.bin", "bases.bin")) as keeper,
    ):
        for start in range(0, arrays.rows, arrays.step):
            one_hot, of_rows = arrays.read(start, min(start + arrays.step, arrays.rows))
            for first in range(0, len(one_hot), AT_ONCE):
                part, values = one_hot[first : first + AT_ONCE], of_rows[first : first + AT_ONCE]
                codes = codes_of(part, path, start + first)
                unknown += int((codes == UNKNOWN).sum())
                keeper.add(checked_labels(values, path, start + first), bases=codes[:, ::2] << 4 | codes[:, 1::2])
                advance(len(part))
        keeper.close_with({"unknown": unknown})


def codes_of(one_hot: np.ndarray, path: Path, first: int) -> np.ndarray:
    """Return the channel of each base, or 4 if it has no 1: (m, 4, L) -> (m, L) uint8.

    Raises:
        HyenaDNAError: a value is not 0 or 1, a base has two, or a row has none at all.
    """
    other = (one_hot != 0) & (one_hot != 1)
    if other.any():
        row, channel, base = (int(place[0]) for place in np.nonzero(other))
        raise HyenaDNAError(
            f"{path}, row {first + row + 1}: base {base + 1} has {one_hot[row, channel, base]:.6g} in channel "
            f"{'AGCT'[channel]}: one-hot bases are 0 or 1: convert them."
        )
    hot = one_hot.astype(np.uint8)
    ones = hot.sum(axis=1, dtype=np.uint8)  # (m, L)
    several = np.nonzero(ones > 1)
    if len(several[0]):
        row, base = int(several[0][0]), int(several[1][0])
        raise HyenaDNAError(
            f"{path}, row {first + row + 1}: base {base + 1} has {ones[row, base]} channels with a 1, and should have "
            "one: is the order (rows, 4, bases)?"
        )
    empty = np.flatnonzero(~ones.any(axis=1))
    if len(empty):
        raise HyenaDNAError(f"{path}, row {first + int(empty[0]) + 1} has no base with a 1: remove the row.")
    codes = hot[:, 1] + 2 * hot[:, 2] + 3 * hot[:, 3]
    codes[ones == 0] = UNKNOWN
    return codes


def checked_labels(values: np.ndarray, path: Path, first: int) -> np.ndarray:
    """Return labels as uint8: (m, K) -> (m, K).

    Raises:
        HyenaDNAError: one is not 0 or 1.
    """
    other = np.nonzero((values != 0) & (values != 1))
    if len(other[0]):
        row, label = int(other[0][0]), int(other[1][0])
        raise HyenaDNAError(
            f"{path}, row {first + row + 1}: label {label + 1} is {values[row, label]:.6g}: labels are 0 or 1."
        )
    return values.astype(np.uint8)
