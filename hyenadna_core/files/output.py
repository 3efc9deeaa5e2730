"""Files that a command will write, checked before a long computation."""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.run_names import check_not_of_run

ASIDE = len(".-12345678")  # characters that are added to make a temporary name (cache.py)


def check_outputs(outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Check that files can be written, and that none is an input, of a run, or named twice.

    Raises:
        HyenaDNAError: one of them cannot be written.
    """
    for number, path in enumerate(outputs):
        check_not_of_run(path)
        if path.is_dir():
            raise HyenaDNAError(f"{path} is a folder: name a file.")
        if path.exists() and not path.is_file():
            raise HyenaDNAError(f"{path} is not a regular file: name another one.")
        for other in inputs:
            if path.exists() and other.exists() and path.samefile(other):
                raise HyenaDNAError(f"{path} is the input {other}: name another file.")
        if path.resolve() in [other.resolve() for other in outputs[:number]]:
            raise HyenaDNAError(f"{path} is named for two outputs: give each its own name.")
        folder = next(each for each in path.absolute().parents if os.path.lexists(each))
        if not folder.is_dir():
            raise HyenaDNAError(f"Cannot write {path}: {folder} is not a folder: name another one.")
        if len(os.fsencode(path.name)) + ASIDE > os.pathconf(folder, "PC_NAME_MAX"):
            raise HyenaDNAError(f"Cannot write {path}: the name is too long: choose a shorter one.")
        if not os.access(folder, os.W_OK):
            raise HyenaDNAError(f"Cannot write {path}: you may not write into {folder}: name another folder.")


def check_stdout(inputs: Sequence[Path]) -> None:
    """Check that stdout is open and is none of the inputs, as with `>> in.vcf`.

    Raises:
        HyenaDNAError: it is closed, or it is an input.
    """
    if not sys.stdout:
        raise HyenaDNAError("stdout is closed: name a file with --out.")
    try:
        status = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):  # it is no file, as in a test
        return
    for path in inputs:
        if path.is_file() and os.path.samestat(status, path.stat()):
            raise HyenaDNAError(f"stdout is the input {path}: send the output to another file.")


def check_space(folder: Path) -> None:
    """Check after a failure of a library, which does not tell the reason, if the disk is full.

    Raises:
        OSError: 64 KiB cannot be written into the folder.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(1 << 16))
        file.flush()
        os.fsync(file.fileno())
