"""An output that one process writes at a time, with the folder of its parts beside it."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import remove_folder, remove_unfinished
from hyenadna_core.files.lock import locked
from hyenadna_core.genome import bigwig, scored_vcf

LOCK = ".lock"
INDEXES = (".tbi", ".csi")  # the ends of the names of files that are written together with a VCF
WORKING_FILES = (bigwig.KEPT, bigwig.WORKING, scored_vcf.TEXT)  # beside a file that is being written
STDOUT = Path("-")


def parts_folder(out: Path) -> Path:
    """Return the folder of the parts of an output."""
    return out.with_name(f"{out.name}.parts")


@contextmanager
def locked_output(out: Path, folder: Path, outputs: Sequence[Path]) -> Iterator[None]:
    """Let no other process write `out`, and remove unfinished files of killed ones.

    The lock is in the folder of the parts, which is made. If nothing else is in it at the end, it
    is removed, with the folders above it that were made and are empty.

    Raises:
        HyenaDNAError: another process writes `out`, or the folder cannot be made.
    """
    made = [each for each in folder.absolute().parents if not each.exists()]
    with _lock(folder, out) as lock:
        for path in outputs:
            files = [f"{path.name}{end}" for end in ("", *INDEXES)]
            remove_unfinished(path.parent, re.escape(path.name), [*files, *WORKING_FILES])
        try:
            yield
        finally:
            if os.fstat(lock.fileno()).st_nlink and [path.name for path in folder.iterdir()] == [LOCK]:
                remove_folder(folder, [LOCK])
            with suppress(OSError):  # one is not empty
                for each in made:
                    each.rmdir()


@contextmanager
def _lock(folder: Path, out: Path) -> Iterator[IO[str]]:
    """Make a folder, and lock it."""
    try:
        if folder.is_symlink():
            raise HyenaDNAError(f"{folder} is a link: remove it.")
        folder.mkdir(parents=True, exist_ok=True)
        file: IO[str] = os.fdopen(os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+")
    except OSError as error:
        raise HyenaDNAError(f"Cannot make the folder {folder}: {error.strerror}.") from None
    with file:
        if not locked(file, folder) or not os.fstat(file.fileno()).st_nlink:  # or it was removed since
            raise HyenaDNAError(f"{out} is being written by another process: wait for it, or choose another --out.")
        yield file
