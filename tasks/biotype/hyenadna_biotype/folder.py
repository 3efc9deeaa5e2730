"""The folder of a run: one command writes into it, and its vectors have one set of settings."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hyenadna_core import HyenaDNAError, file_written_aside, locked

LOCK, SETTINGS = ".lock", "settings.json"
FORMAT = "hyenadna-biotype-1"  # of settings.json


def claim_folder(out: Path, names: Sequence[str]) -> None:
    """Make a folder that of a run, unless it is already; `names` are what a run writes.

    Raises:
        HyenaDNAError: it has a file with one of the names that is not of a run.
    """
    if os.path.lexists(out / SETTINGS):
        read_settings(out)
        return
    if strange := [name for name in names if os.path.lexists(out / name)]:
        raise HyenaDNAError(f"{out / strange[0]} was not written by hyenadna biotype: name another --out.")
    write_settings(out, {})


def read_settings(out: Path) -> dict[str, Any]:
    """Read the settings of a run: those of the vectors, and those of the map, if it is drawn.

    Raises:
        HyenaDNAError: the file is damaged, or of something else.
    """
    path = out / SETTINGS
    try:
        kept = dict(json.loads(path.read_text(encoding="utf-8")))
        is_ours = kept.pop("format") == FORMAT and all(isinstance(each, dict) for each in kept.values())
    except (OSError, ValueError, TypeError, KeyError):
        is_ours = False
    if not is_ours:
        raise HyenaDNAError(f"{path} is damaged, or was not written by hyenadna biotype: name another --out.")
    return kept


def write_settings(out: Path, kept: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the settings of a run, with the format."""
    with file_written_aside(out / SETTINGS) as aside:
        aside.write_text(json.dumps({"format": FORMAT, **kept}, indent=2) + "\n", encoding="utf-8")


def check_vectors(out: Path, numbers: Mapping[str, Any]) -> None:
    """Compare the settings of the vectors with those of the run that made them.

    Raises:
        HyenaDNAError: they differ.
    """
    kept = read_settings(out).get("vectors", {})
    for name, value in numbers.items():
        if kept.get(name) != value:
            raise HyenaDNAError(
                f"{out} has vectors of other settings: {name} is {kept.get(name)} there, and {value} now: "
                "name another --out."
            )


def renew_vectors(out: Path, numbers: Mapping[str, Any], results: Sequence[str]) -> None:
    """Keep the settings of vectors which are not made yet; results of other vectors are removed."""
    if read_settings(out).get("vectors") != numbers:
        remove(out, results)
        write_settings(out, {"vectors": numbers})


def remove(out: Path, names: Sequence[str]) -> None:
    """Remove files of a run."""
    for name in names:
        (out / name).unlink(missing_ok=True)


@contextmanager
def locked_folder(out: Path) -> Iterator[None]:
    """Make a folder, and let no other command write into it.

    Raises:
        HyenaDNAError: another command uses it, or it cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(out / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+")
    except OSError as error:
        raise HyenaDNAError(f"Cannot make the folder {out}: {error.strerror}.") from None
    with file:
        if not locked(file, out):
            raise HyenaDNAError(f"{out} is in use by another command: wait for it, or choose another --out.")
        yield
