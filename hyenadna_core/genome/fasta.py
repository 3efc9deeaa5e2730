"""Genomes in FASTA files, plain or compressed, read one window at a time."""

import mmap
import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.files.input import copied_pipe, name_of, open_pipe, regular_file
from hyenadna_core.genome.fasta_text import WHITE_SPACE
from hyenadna_core.genome.index import Index, genome_index
from hyenadna_core.terminal import notice

KEPT_PAGES = 1 << 24  # bytes of a memory-mapped genome that may stay resident


class Genome(Protocol):
    """Contigs by name, with their lengths, and their bases as bytes in the case of the file."""

    path: Path
    sha256: str

    @property
    def contigs(self) -> Mapping[str, int]:
        """Return the length of each contig in bases, in the order of the file."""

    def read(self, contig: str, start: int, end: int) -> np.ndarray:
        """Read bases start to end, 0-based half-open, as bytes: (end - start,) uint8."""


class MappedFile:
    """A memory-mapped file that keeps few pages in memory."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._read = 0

    def read(self, start: int, end: int) -> bytes:
        self._read += max(end - start, 1 << 16)  # the system maps at least that much around a page
        if self._read > KEPT_PAGES and hasattr(mmap, "MADV_DONTNEED"):
            self._mapped.madvise(mmap.MADV_DONTNEED)  # the system still caches these pages
            self._read = end - start
        return self._mapped[start:end]


class IndexedFasta:
    """A FASTA file with its index; the bases are read from the file itself or from the cache."""

    def __init__(self, path: Path, sha256: str, index: Index) -> None:
        self.path, self.sha256 = path, sha256
        self._places = index.contigs
        self.contigs: Mapping[str, int] = {name: place.length for name, place in index.contigs.items()}
        self._file = MappedFile(index.bases or path)

    def read(self, contig: str, start: int, end: int) -> np.ndarray:
        """Read bases start to end, 0-based half-open, as bytes: (end - start,) uint8."""
        offset, _, line_bases, line_bytes = self._places[contig]
        if line_bases == line_bytes:  # one line
            return np.frombuffer(self._file.read(offset + start, offset + end), np.uint8)
        if start == end:
            return np.empty(0, np.uint8)
        first, last = (offset + at // line_bases * line_bytes + at % line_bases for at in (start, end - 1))
        return np.frombuffer(self._file.read(first, last + 1).translate(None, WHITE_SPACE), np.uint8)


def open_genome(path: str | Path) -> Genome:
    """Open a FASTA file, plain or compressed by gzip or bgzip.

    A plain file is read in place if its lines have one length. Any other file is decoded once into
    the cache. A pipe, such as /dev/fd/63, is read once.

    Raises:
        HyenaDNAError: the file is missing, empty, truncated or not FASTA, or a contig has no name
            or the name of another contig.
    """
    path = Path(path)
    if (number := open_pipe(path)) is not None:
        return _piped(path, number, os.fstat(number).st_ino)
    regular_file(path)
    try:
        sha256 = sha256_of(path)
    except OSError as error:
        raise HyenaDNAError(f"Cannot read {path}: {error.strerror}.") from None
    return IndexedFasta(path, sha256, genome_index(path, Path(name_of(path)), sha256, in_place=True))


@cache  # a pipe is empty after it was read
def _piped(path: Path, number: int, inode: int) -> Genome:
    notice(f"{path} is a pipe: it is read into the cache, and a run on it cannot be continued.")
    with copied_pipe(number) as copy:
        sha256 = sha256_of(copy)
        return IndexedFasta(path, sha256, genome_index(copy, path, sha256, in_place=False))


def bundled_genome() -> Path:
    """Return the path of the bundled genome, E. coli K-12 MG1655 (hyenadna_core/data/README.md)."""
    return Path(str(files("hyenadna_core") / "data" / "ecoli_K12_MG1655.fa.gz"))
