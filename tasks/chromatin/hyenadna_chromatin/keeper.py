"""Writing the rows of a file into the cache, some rows at a time."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from hyenadna_chromatin.kept_rows import FACTS, SIZES, VERSION
from hyenadna_core import file_written_aside


class Keeper:
    """A context manager that writes records of rows; `close_with` makes them complete.

    Args:
        folder: of the cache, which `kept_folder` returns.
        labels: of each row.
        names: the files with records of one size, such as "labels.bin".
    """

    def __init__(self, folder: Path, labels: int, names: tuple[str, ...] = ("labels.bin",)) -> None:
        self.folder, self.labels, self.names = folder, labels, names
        self.rows, self._digest, self._stack = 0, sha256(str((VERSION, labels)).encode()), ExitStack()
        self._files: dict[str, BinaryIO] = {}

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for name in self.names:
                aside = stack.enter_context(file_written_aside(self.folder / name))
                self._files[name] = stack.enter_context(aside.open("wb"))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> bool | None:
        return self._stack.__exit__(*error)

    def add(self, labels: np.ndarray, **records: np.ndarray) -> None:
        """Add rows: labels (m, K) of 0 and 1, and records (m, size) of the other files."""
        for name, array in {"labels": np.packbits(labels, axis=1), **records}.items():
            content = np.ascontiguousarray(array).tobytes()
            self._files[f"{name}.bin"].write(content)
            self._digest.update(content)
        self.rows += len(labels)

    def close_with(self, facts: Mapping[str, Any], **arrays: np.ndarray) -> None:
        """Write arrays and facts, after all rows; the rows are then complete."""
        self._stack.close()
        for name, array in arrays.items():
            self._digest.update(array.tobytes())
            with file_written_aside(self.folder / f"{name}.npy") as aside:
                np.save(aside, array)
        self._digest.update(json.dumps(facts, sort_keys=True).encode())
        own = {"rows": self.rows, "labels": self.labels, "checksum": self._digest.hexdigest()}
        sizes = {
            name: (self.folder / name).stat().st_size for name in (*self.names, *(f"{name}.npy" for name in arrays))
        }
        with file_written_aside(self.folder / FACTS) as aside:
            aside.write_text(json.dumps({**facts, **own, SIZES: sizes}), encoding="utf-8")
