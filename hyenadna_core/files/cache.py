"""The cache folder, and safe writing: a file or folder appears complete or not at all."""

import functools
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.terminal import notice

VARIABLE = "HYENADNA_CACHE"


def cache_folder(*parts: str) -> Path:
    """Return a folder of the cache, and make it if it is missing.

    The cache is HYENADNA_CACHE if that is set, else ~/.cache/hyenadna. A user without a home folder
    that can be written, as in many containers, gets a folder of the temporary files, and one line.

    Raises:
        HyenaDNAError: the folder cannot be made.
    """
    with cache_errors():
        base = _base()
        if base == _temporary():
            _notice_temporary(base)
        folder = base.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def place_matplotlib() -> None:
    """Let Matplotlib keep its files in our cache if no home folder can be written."""
    if not os.access(_home(), os.W_OK):
        with suppress(HyenaDNAError, OSError):
            os.environ.setdefault("MPLCONFIGDIR", str(_base() / "matplotlib"))


@contextmanager
def cache_errors() -> Iterator[None]:
    """Turn the errors of the system while the cache is written into one line."""
    try:
        yield
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        raise HyenaDNAError(
            f"Cannot write the cache{place}: {error.strerror or error}: "
            f"set {VARIABLE} to a folder that you may write, with enough space."
        ) from None


def _base() -> Path:
    """Return the folder of the cache; a folder that we choose exists and can be written."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    folder = _home() / ".cache" / "hyenadna"
    if _home().is_absolute():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    folder = _temporary()
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():  # another user could put weights there
        raise HyenaDNAError(f"{folder} belongs to another user: set {VARIABLE} to a folder of yours.")
    return folder


def _home() -> Path:
    return Path(os.path.expanduser("~"))  # noqa: PTH111 (Path.home fails for an unknown user)


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"hyenadna-{os.getuid()}"


@functools.cache
def _notice_temporary(folder: Path) -> None:
    notice(f"The cache is {folder}, because the home folder cannot be written: set {VARIABLE} to keep it elsewhere.")


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """Write a folder under a temporary name; rename it to `target` if the block succeeds.

    If the block fails, the temporary folder is removed. If another process has made `target` in the
    meantime, that folder stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield folder
        folder.chmod(0o755)  # mkdtemp lets only its owner read it
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def file_written_aside(target: Path) -> Iterator[Path]:
    """Write a file under a temporary name; rename it to `target` if the block succeeds.

    If the block fails, the temporary file is removed. A link is replaced, not followed.

    Raises:
        HyenaDNAError: `target` is a device or a pipe, or a link to one.
    """
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise HyenaDNAError(f"{target} is not a regular file: name another one.")
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        with named(target, folder):
            yield folder / target.name
            (folder / target.name).replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def named(path: Path, folder: Path | None = None) -> Iterator[None]:
    """Give an error of the file system the name of the file, which a full disk does not tell.

    The names of temporary files in `folder` are replaced too.
    """
    try:
        yield
    except OSError as error:
        if error.errno and (not error.filename or (folder and folder in Path(str(error.filename)).parents)):
            error.filename, error.filename2 = str(path), None
        raise


def write_text(path: Path, text: str) -> None:
    """Write a small file under a temporary name, then rename it to `path`."""
    with file_written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def remove_unfinished(folder: Path, targets: str, files: Collection[str]) -> None:
    """Remove the temporary folders that a killed process left in a folder.

    Args:
        targets: a regular expression of the names of the targets, such as "step-[0-9]+".
        files: the names of the files that were written; a folder with others stays.
    """
    for path in folder.glob(".*"):
        if re.fullmatch(rf"\.({targets})-[a-z0-9_]{{8}}", path.name):
            remove_folder(path, files)


def remove_folder(folder: Path, files: Collection[str]) -> None:
    """Remove these files of a folder, and the folder if nothing else is in it; a link stays."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for name in files:
        with suppress(OSError):  # not there, or a folder
            (folder / name).unlink()
    with suppress(OSError):  # it holds other things
        folder.rmdir()
