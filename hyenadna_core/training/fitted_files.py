"""The files of a fitted model: their formats, none of which runs code when it is read."""

import json
import zipfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.weights.checkpoints import STATE
from hyenadna_core.weights.safetensors_file import open_safetensors

BLOCK = 1 << 20  # characters of a text at a time
PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))  # the first bytes of a pickle


def _is_json(path: Path) -> bool:
    json.loads(path.read_bytes())
    return True


def _is_safetensors(path: Path) -> bool:
    open_safetensors(path)
    return True


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK" and zipfile.is_zipfile(file)


def _is_text(path: Path) -> bool:
    with path.open(encoding="utf-8") as file:
        return not any("\0" in block for block in iter(partial(file.read, BLOCK), ""))


# Add a format here: its suffix, and a function that returns if a file has it, or raises an error.
FORMATS: dict[str, Callable[[Path], bool]] = {
    ".json": _is_json,
    ".safetensors": _is_safetensors,
    ".skops": _is_zip,
    ".tsv": _is_text,
    ".txt": _is_text,
}


def fitted_names(task: str, folder: Path, written: bool = False) -> list[str]:
    """Return the names of the files of a fitted model.

    Args:
        task: the name of the task, for messages.
        written: whether the folder is that of a run, with state.json; else it is a temporary one.

    Raises:
        HyenaDNAError: there is none, or one is a folder, a link, or has another suffix.
    """
    paths = sorted(path for path in folder.glob("*") if not (written and path.name == STATE))
    for path in paths:
        if path.is_symlink() or not path.is_file() or path.suffix not in FORMATS or path.name == STATE:
            raise HyenaDNAError(
                f"The task {task} writes {path.name} for its fitted model: only files {', '.join(FORMATS)} "
                f"other than {STATE} are allowed."
            )
    if not paths:
        place = f" in {folder}: fit again in another --out" if written else ": `save_fitted` has to write one"
        raise HyenaDNAError(f"The task {task} has no file of its fitted model{place}.")
    return [path.name for path in paths]


def check_formats(task: str, folder: Path, names: Iterable[str]) -> None:
    """Check that each file has the format of its suffix, and is no pickle.

    Raises:
        HyenaDNAError: one has another content; the message does not name the folder.
    """
    for path in (folder / name for name in names):
        try:
            with path.open("rb") as file:
                is_pickle = file.read(2) in PICKLES
            fits = not is_pickle and FORMATS[path.suffix](path)
        except (HyenaDNAError, ValueError, RecursionError):
            is_pickle = fits = False
        except OSError as error:
            raise HyenaDNAError(f"The task {task}: cannot read {path.name}: {error.strerror}.") from None
        if not fits:
            content = "a pickle, which runs code when it is read" if is_pickle else f"not in the format {path.suffix}"
            allowed = first_names(FORMATS)
            raise HyenaDNAError(
                f"The file {path.name} of the fitted model of the task {task} is {content}: write {allowed}."
            )
