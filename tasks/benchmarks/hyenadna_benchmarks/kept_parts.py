"""Results of a long computation, kept part by part in a folder, so that a stopped one goes on."""

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core import HyenaDNAError, file_written_aside, notice

Arrays = Mapping[str, np.ndarray]
JOB = "job.json"
DAMAGED = (zipfile.BadZipFile, EOFError, KeyError, OSError, ValueError)


class KeptParts:
    """The parts of a job in a folder; without a folder nothing is kept.

    Args:
        folder: where the parts are, as NAME.npz; it is made when the first part is written.
        job: everything that the numbers depend on, as JSON holds it.

    Raises:
        HyenaDNAError: the folder has the parts of another job, or a damaged job.json.
    """

    def __init__(self, folder: Path | None, job: Mapping[str, Any]) -> None:
        self.folder, self.reused = folder, 0
        if folder is None:
            return
        path = folder / JOB
        wanted = json.loads(json.dumps(job))
        if path.exists():
            _check(path, wanted)
        else:
            with file_written_aside(path) as aside:
                aside.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")

    def part(self, name: str, compute: Callable[[], Arrays]) -> Arrays:
        """Return the arrays of a part; compute them, and keep them, if they are not there yet."""
        path = self.folder and self.folder / f"{name}.npz"
        if path and path.exists():
            try:
                with np.load(path, allow_pickle=False) as file:
                    arrays = {key: file[key] for key in file.files}
            except DAMAGED:
                notice(f"{path} is damaged: it is computed again.")
            else:
                self.reused += 1
                return arrays
        made = compute()
        if path:
            with file_written_aside(path) as aside, aside.open("wb") as file:
                np.savez(file, **dict[str, Any](made))
        return made


def _check(path: Path, wanted: Mapping[str, Any]) -> None:
    """Raise HyenaDNAError if a job.json is damaged or differs from a job."""
    if names := differing(kept_job(path), wanted):
        raise HyenaDNAError(
            f"{path.parent} has results with another {', '.join(names)}: choose another --out, or remove this folder."
        )


def kept_job(path: Path) -> dict[str, Any]:
    """Read the settings that a folder was started with.

    Raises:
        HyenaDNAError: the file is damaged.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = None
    if not isinstance(kept, dict):
        raise HyenaDNAError(f"{path} is damaged: choose another --out, or remove the folder {path.parent}.")
    return kept


def differing(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings that differ."""
    return [name for name in {**kept, **wanted} if kept.get(name) != wanted.get(name)]
