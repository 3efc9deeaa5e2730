"""Results of a long computation, kept part by part in a folder, so that a stopped one goes on."""

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core import HyenaDNAError, file_written_aside, notice

Arrays = Mapping[str, np.ndarray]
JOB = "job.json"
RUNNERS = {"SUITE": "cells", "recall": f"measured/{JOB}", "traitgym": f"scores/{JOB}"}  # in the folder of each
PLAN, TABLES = "benchmark.json", ("table.tsv", "table.md", "table.html")
DAMAGED = (  # what NumPy and zipfile raise for a damaged file; RuntimeError: an unknown compression, a password
    EOFError,
    KeyError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class KeptParts:
    """The parts of a job in a folder; without a folder nothing is kept.

    Args:
        folder: where the parts are, as NAME.npz; it is made when the first part is written.
        job: everything that the numbers depend on, as JSON holds it, with the name of its runner.

    Raises:
        HyenaDNAError: the folder has the parts of another job, or a damaged job.json, or the folder
            above it has the results of another runner.
    """

    def __init__(self, folder: Path | None, job: Mapping[str, Any]) -> None:
        self.folder, self.reused = folder, 0
        if folder is None:
            return
        check_runner(folder.parent, job.get("runner"))
        path = folder / JOB
        wanted = json.loads(json.dumps(job))
        if path.exists():
            _check(path, wanted)
        else:
            with file_written_aside(path) as aside:
                aside.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")

    def part(self, name: str, names: Collection[str], compute: Callable[[], Arrays]) -> Arrays:
        """Return the arrays of a part, which have these names.

        They are computed, and kept, if they are not there yet or the file is damaged.
        """
        path = self.folder and self.folder / f"{name}.npz"
        if path and path.exists():
            arrays = _read(path, names)
            if arrays is not None:
                self.reused += 1
                return arrays
            notice(f"{path} is damaged: it is computed again.")
        computed = compute()
        if path:
            with file_written_aside(path) as aside, aside.open("wb") as file:
                np.savez(file, **dict[str, Any](computed))
        return computed


def check_runner(out: Path, runner: str | None) -> None:
    """Check that a folder has no results of another runner, or of a person, which would be lost.

    Raises:
        HyenaDNAError: it has some.
    """
    for other, mark in RUNNERS.items():
        if runner in RUNNERS and other != runner and (out / mark).exists():
            raise HyenaDNAError(f"{out} has results of `hyenadna benchmark {other}`: choose another --out.")
    is_ours = runner not in RUNNERS or (out / RUNNERS[runner]).exists() or (out / PLAN).exists()
    if not is_ours and (strange := [name for name in TABLES if os.path.lexists(out / name)]):
        raise HyenaDNAError(f"{out / strange[0]} was not written by hyenadna benchmark: choose another --out.")


def _read(path: Path, names: Collection[str]) -> Arrays | None:
    """Return the arrays of a file, or None if it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except DAMAGED:
        return None
    return arrays if arrays.keys() == set(names) else None


def _check(path: Path, wanted: Mapping[str, Any]) -> None:
    """Raise HyenaDNAError if a job.json cannot be read, is damaged, or differs from a job."""
    if names := differing(kept_job(path), wanted):
        raise HyenaDNAError(
            f"{path.parent} has results with another {', '.join(names)}: choose another --out, or remove this folder."
        )


def kept_job(path: Path) -> dict[str, Any]:
    """Read the settings that a folder was started with.

    Raises:
        HyenaDNAError: the file cannot be read, or is damaged.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HyenaDNAError(f"Cannot read {path}: {error.strerror}: choose another --out.") from None
    except (ValueError, RecursionError):
        kept = None
    if not isinstance(kept, dict):
        raise HyenaDNAError(f"{path} is damaged: choose another --out, or remove the folder {path.parent}.")
    return kept


def differing(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings that differ."""
    return [name for name in {**kept, **wanted} if kept.get(name) != wanted.get(name)]
