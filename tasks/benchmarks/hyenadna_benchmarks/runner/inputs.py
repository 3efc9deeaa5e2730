"""The files, rows and weights that measurements read: the same checksums in the whole folder."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.benchmark_set import find_set
from hyenadna_benchmarks.data_folder import missing_data, missing_splits, suite_folder
from hyenadna_benchmarks.runner.contenders import RANDOM
from hyenadna_core import HyenaDNAError
from hyenadna_core.task import SPLITS

ROWS, WEIGHTS = "rows_sha256", "weights_sha256"  # in cell.json


def check_files(suite: str, names: Sequence[str], folder: str | None) -> None:
    """Check that sets have all their files, before any is read; without a folder, download them.

    Raises:
        HyenaDNAError: files are missing; the line names all sets without them.
    """
    places = {name: suite_folder(find_set(suite, name), folder) for name in names}
    missing = [name for name, place in places.items() if missing_splits(find_set(suite, name), place)]
    if missing:
        first = str(missing_data(find_set(suite, missing[0]), places[missing[0]]))
        several = f"{len(missing)} of {len(names)} sets are not there: {', '.join(missing)}. "
        raise HyenaDNAError(several * (len(missing) > 1) + first)


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
