"""The checksums of the rows and weights that measurements read: one set of them in a folder."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.runner.contenders import RANDOM
from hyenadna_core import HyenaDNAError
from hyenadna_core.task import SPLITS

ROWS, WEIGHTS = "rows_sha256", "weights_sha256"  # in cell.json


def rows_sha256(task: Any) -> dict[str, str]:
    """Return the checksum of each split that a task has."""
    return {split: task.checksum(split) for split in SPLITS if task.has(split)}


def sha256_of_weights(source: str | None) -> str | None:
    """Load weights, and return their checksum; None for random ones.

    Raises:
        HyenaDNAError: there are no such weights.
    """
    if source in (None, RANDOM):
        return None
    from hyenadna_core import load, weights_sha256  # Keras, which simple models can do without

    return weights_sha256(load(str(source)))


def check_rows(name: str, out: Path, results: Iterable[Mapping[str, Any]]) -> None:
    """Check that results, or new checksums of rows, are all of the same rows.

    Raises:
        HyenaDNAError: a split differs; the line names it.
    """
    known: dict[str, str] = {}
    for result in results:
        for split, checksum in result.get(ROWS, {}).items():
            if known.setdefault(split, checksum) != checksum:
                raise _changed(f"The {split} rows of {name}", out)


def check_weights(out: Path, results: Iterable[tuple[str | None, Mapping[str, Any]]]) -> None:
    """Check that the results of each source of weights have the same checksum.

    Raises:
        HyenaDNAError: weights differ; the line names them.
    """
    known: dict[str | None, str] = {}
    for source, result in results:
        if (checksum := result.get(WEIGHTS)) and known.setdefault(source, checksum) != checksum:
            raise _changed(f"The weights {source}", out)


def _changed(what: str, out: Path) -> HyenaDNAError:
    return HyenaDNAError(f"{what} have changed since {out} was started: restore them, or choose another --out.")
