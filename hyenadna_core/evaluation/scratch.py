"""An array that is too large for the memory: a temporary file, written by rows, read by columns."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import VARIABLE, cache_folder, named


class Scratch:
    """An array (n, K) in a file without a name, column after column.

    The system removes the file when it is closed, also if the process is killed.

    Args:
        folder: the folder of the file.
        rows: the largest number n of rows.
        columns: the number K of columns.
    """

    def __init__(self, folder: Path, rows: int, columns: int, dtype: np.dtype | type) -> None:
        self.most, self.columns, self.dtype, self.rows = rows, columns, np.dtype(dtype), 0
        self._folder = folder
        with named(folder):
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (close() closes it)

    def __len__(self) -> int:
        return self.rows

    def append(self, block: np.ndarray) -> None:
        """Write the next rows, (m, K). Many rows at once make few, long writes."""
        with named(self._folder):
            for column in range(self.columns):
                self._file.seek((column * self.most + self.rows) * self.dtype.itemsize)
                self._file.write(np.ascontiguousarray(block[:, column], self.dtype).data)
        self.rows += len(block)

    def column(self, column: int) -> np.ndarray:
        """Read a column: (n,)."""
        self._file.seek(column * self.most * self.dtype.itemsize)
        return np.fromfile(self._file, self.dtype, self.rows)

    def view(self) -> np.ndarray:
        """Return all rows, (n, K), as a map of the file: numbers are read when they are used."""
        if not self.rows:
            return np.empty((0, self.columns), self.dtype)
        self._file.truncate(self.most * self.columns * self.dtype.itemsize)  # columns that are not full
        mapped: Any = np.memmap(self._file, self.dtype, "r", shape=(self.columns, self.most))
        rows: np.ndarray = mapped.T[: self.rows]
        return rows

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


def scratch_folder(size: int) -> Path:
    """Return the folder for temporary files of `size` bytes.

    Raises:
        HyenaDNAError: the disk has less space.
    """
    folder = cache_folder("scratch")
    free = shutil.disk_usage(folder).free
    if size > free:
        raise HyenaDNAError(
            f"The predictions need {size / 1e9:.1f} GB in {folder}, which has {free / 1e9:.1f} GB: "
            f"set {VARIABLE} to a folder on a larger disk."
        )
    return folder
