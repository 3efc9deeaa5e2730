"""Text files, plain or compressed by gzip or bgzip, read line by line."""

import io
import zlib
from collections.abc import Iterator
from gzip import BadGzipFile
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.compression import decompressed
from hyenadna_core.files.input import regular_file
from hyenadna_core.terminal import Advance

COMPRESSED = (".gz", ".bgz")


def suffix_of(path: Path) -> str:
    """Return the suffix of a file's name in lower case, without the suffix of a compression.

    It is .csv for both Reads.CSV and reads.csv.gz.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def size_of(path: Path) -> int:
    """Return the size of a file on the disk in bytes.

    Raises:
        HyenaDNAError: there is no such file, or it is a folder, a pipe or a device.
    """
    return regular_file(path).st_size


def text_lines(path: Path, advance: Advance, name: str = "") -> Iterator[str]:
    """Read the lines of a file, each with its own line end.

    `advance` is called with the number of bytes read from the disk since its last call. `name` is
    what messages show in place of the path.

    Raises:
        HyenaDNAError: the file cannot be read, is truncated, damaged or compressed in another way
            than with gzip, is not UTF-8, or has a NUL byte. The last two messages name the line.
    """
    number = done = 0
    regular_file(path)
    name = name or str(path)
    try:
        with (
            path.open("rb") as file,
            io.TextIOWrapper(decompressed(file, name), encoding="utf-8-sig", newline="") as text,
        ):
            for line in text:
                number += 1
                if "\0" in line:
                    raise HyenaDNAError(f"{name}:{number}: the line has a NUL byte: check that this is a text file.")
                yield line
                if (taken := file.tell()) > done:
                    advance(taken - done)
                    done = taken
    except OSError as error:
        if isinstance(error, BadGzipFile):
            raise HyenaDNAError(f"{name} is truncated or damaged: {error}.") from None
        raise HyenaDNAError(f"Cannot read {name}: {error.strerror}.") from None
    except (EOFError, zlib.error) as error:
        raise HyenaDNAError(f"{name} is truncated or damaged: {error}.") from None
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise HyenaDNAError(f"{name}, after line {number}: byte 0x{byte:02x} is not UTF-8: save it as UTF-8.") from None
