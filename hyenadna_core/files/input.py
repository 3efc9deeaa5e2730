"""Files that a user names: regular files, and pipes such as `<(cat genome.fa)` in a shell."""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import cache_errors, cache_folder

DESCRIPTOR = re.compile(r"/dev/fd/([0-9]{1,9})|/proc/self/fd/([0-9]{1,9})|/dev/(stdin)")
COPY = ".pipe-"  # begins the name of a folder with the copy of a pipe
COPY_OF_STDIN = f"{COPY}stdin-"
KINDS = {  # what else a path may name, and the way out
    stat.S_IFDIR: ("a folder", "name a file in it"),
    stat.S_IFIFO: ("a pipe", "save its content to a file"),
    stat.S_IFSOCK: ("a socket", "save its content to a file"),
    stat.S_IFCHR: ("a device", "name a file"),
    stat.S_IFBLK: ("a device", "name a file"),
}


def regular_file(path: Path) -> os.stat_result:
    """Return the status of a file, without opening it: a pipe without a writer would never open.

    Raises:
        HyenaDNAError: there is no such file, or it is a folder, a pipe or a device.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise HyenaDNAError(f"Cannot read {name_of(path)}: {error.strerror}.") from None
    except ValueError as error:
        raise HyenaDNAError(f"Cannot read {str(path)!r}: its name is no path: {error}.") from None
    if not stat.S_ISREG(status.st_mode):
        kind, way_out = KINDS[stat.S_IFMT(status.st_mode)]
        raise HyenaDNAError(f"Cannot read {path}: it is {kind}, not a file: {way_out}.")
    return status


def open_pipe(path: Path) -> int | None:
    """Return the number of the open pipe that a path like /dev/fd/63 names, else None."""
    match = DESCRIPTOR.fullmatch(str(path))
    if match is None:
        return None
    number = 0 if match[3] else int(match[1] or match[2])
    try:
        return number if stat.S_ISFIFO(os.fstat(number).st_mode) else None
    except (OSError, OverflowError):
        return None


def absolute(path: Path) -> Path:
    """Return the absolute path of a file; /dev/fd/63 stays, because the pipe has no other name."""
    return path if open_pipe(path) is not None else path.resolve()


def name_of(path: Path) -> str:
    """Return the name of a file for messages; the copy of a pipe has another one than its path."""
    folder = path.parent.name
    return "stdin" if folder.startswith(COPY_OF_STDIN) else "the pipe" if folder.startswith(COPY) else str(path)


@contextmanager
def copied_pipe(number: int) -> Iterator[Path]:
    """Read a pipe to its end into a file of the cache; remove the file afterwards."""
    with cache_errors():
        folder = tempfile.TemporaryDirectory(prefix=COPY if number else COPY_OF_STDIN, dir=cache_folder())
    with folder as name:
        copy = Path(name) / "content"
        with cache_errors(), os.fdopen(os.dup(number), "rb") as pipe, copy.open("wb") as file:
            shutil.copyfileobj(pipe, file, 1 << 20)
        yield copy


class GivenPath(click.Path):
    """A path on the command line. An empty one is refused: most often, a variable has no value."""

    def __init__(self, resolve_path: bool = False) -> None:
        super().__init__(path_type=Path, resolve_path=resolve_path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if "\0" in str(value):
            self.fail(f"{str(value)!r} is no path: it has a NUL.", param, ctx)
        if value == "":
            self.fail("the path is empty: give one.", param, ctx)
        return super().convert(value, param, ctx)


class InputPath(GivenPath):
    """A path on the command line, made absolute; /dev/fd/63 stays, because it has no other name."""

    def __init__(self) -> None:
        super().__init__(resolve_path=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value != "" and open_pipe(Path(value)) is not None:
            return Path(value)
        return super().convert(value, param, ctx)


class NamedPath(NamedTuple):
    """A file with a name that the user gave it: NAME=PATH."""

    name: str
    path: Path

    def __str__(self) -> str:
        return f"{self.name}={self.path}"


class NamedInputPath(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """NAME=PATH on the command line, as a NamedPath with an absolute path.

    The text after the first "=" is the path, which `InputPath` reads. Neither part may be empty.
    """

    name = "NAME=PATH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> NamedPath:
        name, sign, path = str(value).partition("=")
        if not (name and sign and path):
            self.fail(f"{str(value)!r} is not NAME=PATH.", param, ctx)
        return NamedPath(name, InputPath().convert(path, param, ctx))
