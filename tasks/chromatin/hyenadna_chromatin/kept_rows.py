"""Rows that were read once from a large file, and are kept in the cache as records of one size.

A folder has `labels.bin`, with a bit for each label; `facts.json`, written last, with the
sizes of the other files; and what else the format needs, such as places or bases. Records are read
with `os.pread`, so a run holds none in memory, and several threads may read.
"""

import json
import os
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core import HyenaDNAError, dataset_folder

VERSION = 1  # of the format; another one is read anew
FACTS = "facts.json"
SIZES = "sizes"  # the fact that has the bytes of each other file
AT_ONCE = 1 << 16  # records that a pass over all of them has in memory


class Records:
    """Records of `size` bytes in a file."""

    def __init__(self, path: Path, size: int) -> None:
        self.size, self._file = size, path.open("rb", buffering=0)

    def read(self, index: int, count: int = 1) -> np.ndarray:
        """Return some records from `index` on: (count, size) uint8."""
        content = os.pread(self._file.fileno(), count * self.size, index * self.size)
        return np.frombuffer(content, np.uint8).reshape(count, self.size)


class KeptRows:
    """The rows of a file in the cache, without a genome: labels, and facts by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts: Mapping[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        self.labels = int(self.facts["labels"])
        self.packed = Records(folder / "labels.bin", bytes_of(self.labels))
        self.checksum = str(self.facts["checksum"])

    def __len__(self) -> int:
        return int(self.facts["rows"])

    def labels_of(self, index: int) -> np.ndarray:
        """Return the labels of a row: (K,) float32."""
        return np.unpackbits(self.packed.read(index)[0], count=self.labels).astype(np.float32)

    def positives(self, indices: np.ndarray) -> np.ndarray:
        """Count the rows with each label among some rows: (m,) -> (K,)."""
        wanted = np.zeros(len(self), bool)
        wanted[indices] = True
        counts = np.zeros(self.labels, np.int64)
        for start in range(0, len(self), AT_ONCE):
            packed = self.packed.read(start, min(AT_ONCE, len(self) - start))[wanted[start : start + AT_ONCE]]
            for first in range(0, len(packed), 1 << 12):  # 4 MB of unpacked labels
                counts += np.unpackbits(packed[first : first + (1 << 12)], axis=1, count=self.labels).sum(
                    axis=0, dtype=np.int64
                )
        return counts

    @cached_property
    def codes(self) -> np.ndarray:
        """The number of the contig of each row, (n,); for coordinates."""
        codes: np.ndarray = np.load(self.folder / "codes.npy")
        return codes

    @cached_property
    def starts(self) -> np.ndarray:
        """The first base of each row, (n,), from 0; for coordinates."""
        starts: np.ndarray = np.load(self.folder / "starts.npy")
        return starts


def bytes_of(labels: int) -> int:
    """Return the bytes of the labels of a row."""
    return -(-labels // 8)


def kept_folder(path: Path, *settings: object) -> Path:
    """Return the folder of the cache for the rows of a file, read with these settings.

    It depends on the name, the size and the time of the file. `is_kept` tells whether it
    has them.

    Raises:
        HyenaDNAError: there is no such file.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise HyenaDNAError(f"Cannot read {path}: {error.strerror}.") from None
    if not path.is_file():
        raise HyenaDNAError(f"{path} is not a regular file: name a file.")
    key = repr((VERSION, str(path.resolve()), state.st_size, state.st_mtime_ns, *settings))
    return dataset_folder("chromatin") / sha256(key.encode()).hexdigest()[:32]


def is_kept(folder: Path) -> bool:
    """Return whether the rows in a folder are complete: each file is there, and has its size."""
    try:
        sizes = json.loads((folder / FACTS).read_bytes())[SIZES]
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # what is left of a cut or an old file
        return False
