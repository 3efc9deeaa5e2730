"""Compressions by the first bytes of a file: gzip and bgzip are read, all others are refused."""

import re
from gzip import GzipFile
from pathlib import Path
from typing import IO

from hyenadna_core.errors import HyenaDNAError

GZIP = b"\x1f\x8b"
HEAD = 16  # bytes that tell the kind
UNPACK = "unpack it, or compress it with gzip"
OTHERS = (  # (first bytes, what the file is, the way out)
    (re.compile(rb"BZh[1-9]1AY&SY"), "compressed with bzip2", UNPACK),
    (re.compile(rb"\xfd7zXZ\0"), "compressed with xz", UNPACK),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "compressed with zstd", UNPACK),
    (re.compile(rb"\x04\x22\x4d\x18"), "compressed with lz4", UNPACK),
    (re.compile(rb"\x1f\x9d"), "compressed with compress", UNPACK),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "a 7z archive", UNPACK),
    (re.compile(rb"BAM\x01"), "a BAM file", "turn it into FASTQ or FASTA with samtools"),
    (re.compile(rb"CRAM[\x02\x03]"), "a CRAM file", "turn it into FASTQ or FASTA with samtools"),
    (
        re.compile(rb"PK(\x03\x04|\x05\x06)"),
        "a ZIP archive, as .xlsx files are",
        "unpack it, or save its table as text",
    ),
    (re.compile(rb"\x43\x27\x41\x1a|\x1a\x41\x27\x43"), "a .2bit genome", "turn it into FASTA with twoBitToFa"),
)


def is_compressed(source: Path) -> bool:
    """Return whether a file starts as gzip and bgzip do."""
    with source.open("rb") as file:
        return file.read(len(GZIP)) == GZIP


def decompressed(file: IO[bytes], name: object) -> IO[bytes]:
    """Return the content of an open file, plain or decompressed, from its start.

    Raises:
        HyenaDNAError: the file is compressed in another way than once with gzip.
        EOFError, OSError, zlib.error: it is compressed with gzip, and damaged.
    """
    head = file.read(HEAD)
    file.seek(0)
    check_head(head, name)
    if not head.startswith(GZIP):
        return file
    content = GzipFile(fileobj=file)
    check_unpacked(content.peek(HEAD), name)
    return content  # type: ignore[return-value]


def check_head(head: bytes, name: object) -> None:
    """Raise HyenaDNAError if a file with these first bytes has a compression that is not read."""
    for start, what, way_out in OTHERS:
        if start.match(head):
            raise HyenaDNAError(f"{name} is {what}, which is not read: {way_out}.")


def check_unpacked(head: bytes, name: object) -> None:
    """Raise HyenaDNAError if what was compressed with gzip, here its start, is no text either."""
    if head.startswith(GZIP):
        raise HyenaDNAError(f"{name} is compressed with gzip twice: run gunzip on it once.")
    check_head(head, name)


def check_compression(path: Path) -> None:
    """Raise HyenaDNAError if a file has a compression that is not read; a missing file passes."""
    if path.is_file():
        with path.open("rb") as file:
            check_head(file.read(HEAD), path)
