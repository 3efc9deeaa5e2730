"""A cell: one measurement of a contender on a set, and its files."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.runner.contenders import Contender
from hyenadna_core import HyenaDNAError, file_written_aside

CELLS = "cells"
RESULT, PREDICTIONS, ERROR = "cell.json", "predictions.safetensors", "error.json"
SPEC, STARTED, LOG, RUN = "spec.json", "started.json", "log.txt", "run"
AUDIT = Contender("audit", "audit", "audit")
AUDIT_FILE, LEAKED = "audit.json", "leaked.safetensors"


@dataclass(frozen=True)
class Cell:
    """A measurement: of a contender on a set, with a seed, in a fold; or a trial of its options."""

    set: str
    contender: Contender
    seed: int = 0
    fold: int | None = None
    trial: int | None = None

    @property
    def part(self) -> str:
        """The name of its folder in that of the contender."""
        if self.trial is not None:
            return f"trial-{self.trial}"
        if self.fold is not None:
            return f"fold-{self.fold}"
        return f"seed-{self.seed}" if self.contender.seeded else "once"

    @property
    def title(self) -> str:
        part = "" if self.part == "once" else f", {self.part.replace('-', ' ')}"
        return f"{self.set}, {self.contender.name}{part}"

    def folder(self, out: Path) -> Path:
        return out / CELLS / self.set / self.contender.slug / self.part

    def out(self, folder: Path) -> Path:
        """Return the folder of the benchmark, given that of the cell."""
        return folder.parents[3]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Cell":
        return cls(**{**kept, "contender": Contender(**kept["contender"])})


def write_json(path: Path, content: Any) -> None:
    """Write JSON under a temporary name, then rename it."""
    with file_written_aside(path) as aside:
        aside.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any] | None:
    """Return an object in a JSON file, or None if there is no such file or it is cut off."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def finished(folder: Path) -> dict[str, Any] | None:
    """Return the result of a cell, or None if it has none yet."""
    return read_json(folder / RESULT)


def results(cells: Iterable[Cell], out: Path) -> Iterator[tuple[Cell, dict[str, Any]]]:
    """Yield each finished cell with its result."""
    for cell in cells:
        if (result := finished(cell.folder(out))) is not None:
            yield cell, result


def cropped_text(result: Mapping[str, Any]) -> str:
    """Return how many rows were cropped because the model reads fewer bases; "" if none was."""
    cropped = result.get("cropped")
    if not cropped:
        return ""
    return f"{cropped['rows']:,} of {cropped['of']:,} rows are cropped to their middle {cropped['bases']:,} bases"


def first_line(error: Exception) -> str:
    """Return the first line of the message of an error."""
    return (str(error).strip().splitlines() or [""])[0]


def error_of(folder: Path) -> str:
    """Return the line in which a cell without a result failed, or ""."""
    kept = None if finished(folder) else read_json(folder / ERROR)
    return "" if kept is None else str(kept.get("error", "unknown"))


def clear(folder: Path) -> None:
    """Remove what a killed process left unfinished in the folder of a cell, and its error."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob(".*-????????"):
        shutil.rmtree(path, ignore_errors=True)
    (folder / ERROR).unlink(missing_ok=True)


def start(folder: Path, settings: Mapping[str, Any]) -> None:
    """Keep the settings of a run, and remove a run that was started with others."""
    if read_json(folder / STARTED) != json.loads(json.dumps(settings)):
        shutil.rmtree(folder / RUN, ignore_errors=True)
        write_json(folder / STARTED, settings)


def write_predictions(path: Path, predicted: Any, targets: Any) -> None:
    """Write the predictions, (n, K) float32, and the classes of all rows, (n,)."""
    import numpy as np
    from safetensors.numpy import save_file

    arrays = {"predicted": np.ascontiguousarray(predicted, np.float32), "targets": np.asarray(targets, np.int32)}
    with file_written_aside(path) as aside:
        save_file(arrays, aside)


def read_predictions(folder: Path) -> tuple[Any, Any]:
    """Return the predictions of a cell, (n, K) float32, and the classes, (n,).

    Raises:
        HyenaDNAError: the file is missing or damaged.
    """
    predicted, targets = read_arrays(folder / PREDICTIONS, "predicted", "targets")
    return predicted, targets


def read_arrays(path: Path, *names: str) -> list[Any]:
    """Return arrays of a file of a cell.

    Raises:
        HyenaDNAError: the file is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
        return [arrays[name] for name in names]
    except (OSError, KeyError, SafetensorError) as error:
        raise HyenaDNAError(
            f"{path} is damaged ({first_line(error)}): remove {path.parent}, and start the same command again."
        ) from None
