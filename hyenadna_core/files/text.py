"""Text files, plain or compressed by gzip or bgzip, a line at a time."""

import io
import zlib
from collections.abc import Iterator
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from typing import IO

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.terminal import Advance

COMPRESSED = (".gz", ".bgz")


def suffix_of(path: Path) -> str:
    """What kind of file a name says it is, in lower case: .csv of both Reads.CSV and reads.csv.gz."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def size_of(path: Path) -> int:
    """Bytes of a file as it lies there.

    Raises:
        HyenaDNAError: no such file.
    """
    try:
        return path.stat().st_size
    except OSError as error:
        raise HyenaDNAError(f"Cannot read {path}: {error.strerror}.") from None


def text_lines(path: Path, advance: Advance) -> Iterator[str]:
    """Lines with their ends, whatever those are; `advance` is told the bytes of the file that were taken.

    Raises:
        HyenaDNAError: unreadable, cut off or damaged, not UTF-8, or with NUL bytes; the last two name the line.
    """
    number = done = 0
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            content: IO[bytes] = GzipFile(fileobj=file) if compressed else file  # type: ignore[assignment]
            with io.TextIOWrapper(content, encoding="utf-8-sig", newline="") as text:
                for line in text:
                    number += 1
                    if "\0" in line:
                        raise HyenaDNAError(f"{path}:{number}: a NUL byte: is the file the text that it is called?")
                    yield line
                    if (taken := file.tell()) > done:
                        advance(taken - done)
                        done = taken
    except OSError as error:
        if isinstance(error, BadGzipFile):
            raise HyenaDNAError(f"{path} is cut off or damaged: {error}.") from None
        raise HyenaDNAError(f"Cannot read {path}: {error.strerror}.") from None
    except (EOFError, zlib.error) as error:
        raise HyenaDNAError(f"{path} is cut off or damaged: {error}.") from None
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise HyenaDNAError(f"{path}, after line {number}: byte 0x{byte:02x} is not UTF-8: save it as UTF-8.") from None
