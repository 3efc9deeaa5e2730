"""Files that a command will write, checked before a long computation."""

import os
from collections.abc import Sequence
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError

ASIDE = len(".-12345678")  # characters that a temporary name has more (cache.py)


def check_outputs(outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Check that files can be written, and that none is an input or has the name of another output.

    Raises:
        HyenaDNAError: one of them cannot be written.
    """
    for number, path in enumerate(outputs):
        if path.is_dir():
            raise HyenaDNAError(f"{path} is a folder: name a file.")
        for other in inputs:
            if path.exists() and other.exists() and path.samefile(other):
                raise HyenaDNAError(f"{path} is the input {other}: name another file.")
        if path.resolve() in [other.resolve() for other in outputs[:number]]:
            raise HyenaDNAError(f"{path} is named for two outputs: give each its own name.")
        folder = next(each for each in path.absolute().parents if each.exists())
        if not folder.is_dir():
            raise HyenaDNAError(f"Cannot write {path}: {folder} is no folder: name another one.")
        if len(os.fsencode(path.name)) + ASIDE > os.pathconf(folder, "PC_NAME_MAX"):
            raise HyenaDNAError(f"Cannot write {path}: the name is too long: choose a shorter one.")
        if not os.access(folder, os.W_OK):
            raise HyenaDNAError(f"Cannot write {path}: you may not write into {folder}: name another folder.")
