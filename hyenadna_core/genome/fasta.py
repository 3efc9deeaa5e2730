"""FASTA files, plain or compressed, read one window at a time."""

import json
import mmap
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from gzip import BadGzipFile, GzipFile
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import cache_folder, written_aside
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.terminal import progress

BLOCK = 1 << 22  # bytes decoded in one step
KEPT_PAGES = 1 << 24  # bytes of a memory-mapped genome that may stay resident
LINE_ENDS = b"\r\n"
WHITE_SPACE = LINE_ENDS + b"\t "
SEQUENCE_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz*-." + WHITE_SPACE


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
    """A plain FASTA file, read through its .fai index."""

    def __init__(self, path: Path, sha256: str) -> None:
        import pyfaidx

        self.path, self.sha256 = path, sha256
        index = path.with_name(path.name + ".fai")
        if not index.exists() and not os.access(path.parent, os.W_OK):
            index = cache_folder("fai") / f"{sha256}.fai"
        with pyfaidx.Faidx(str(path), indexname=str(index)) as indexed:
            self._records = dict(indexed.index.items())
        self.contigs: Mapping[str, int] = {name: record.rlen for name, record in self._records.items()}
        self._file = MappedFile(path)

    def read(self, contig: str, start: int, end: int) -> np.ndarray:
        record = self._records[contig]
        if start == end:
            return np.empty(0, np.uint8)
        first, last = (record.offset + at // record.lenc * record.lenb + at % record.lenc for at in (start, end - 1))
        return np.frombuffer(self._file.read(first, last + 1).translate(None, LINE_ENDS), np.uint8)


class DecodedFasta:
    """A FASTA file decoded into the cache with one byte per base, and mapped into memory."""

    def __init__(self, path: Path, sha256: str, folder: Path) -> None:
        self.path, self.sha256 = path, sha256
        self._places = {
            name: (offset, length)
            for name, offset, length in json.loads((folder / "contigs.json").read_text(encoding="utf-8"))
        }
        self.contigs: Mapping[str, int] = {name: length for name, (_, length) in self._places.items()}
        self._file = MappedFile(folder / "bases")

    def read(self, contig: str, start: int, end: int) -> np.ndarray:
        offset, _ = self._places[contig]
        return np.frombuffer(self._file.read(offset + start, offset + end), np.uint8)


def open_genome(path: str | Path) -> Genome:
    """Open a FASTA file.

    A plain file is indexed by pyfaidx. A gzip or bgzip file is decoded once into the cache.

    Raises:
        HyenaDNAError: the file is missing, empty, truncated or not FASTA, or a contig has no name
            or the name of another contig.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except OSError as error:
        raise HyenaDNAError(f"Cannot read the FASTA {path}: {error.strerror}.") from None
    if not start:
        raise HyenaDNAError(f"{path} is empty: expected a FASTA file, whose headers start with '>'.")
    if start == b"\x1f\x8b":
        return _decoded(path, sha256_of(path))
    if not start.startswith(b">"):
        raise HyenaDNAError(f"{path} is not a FASTA: it starts with {start[:1]!r}, not with '>'.")
    return _indexed(path, sha256_of(path))


def bundled_genome() -> Path:
    """Return the path of the bundled genome, E. coli K-12 MG1655 (hyenadna_core/data/README.md)."""
    return Path(str(files("hyenadna_core") / "data" / "ecoli_K12_MG1655.fa.gz"))


def _indexed(path: Path, sha256: str) -> Genome:
    import pyfaidx

    try:
        genome = IndexedFasta(path, sha256)
    except pyfaidx.FastaIndexingError:
        return _decoded(path, sha256)  # pyfaidx cannot index lines of uneven length
    except ValueError as error:
        raise HyenaDNAError(f"Cannot index {path}: {error}") from None
    if not any(genome.contigs.values()):
        raise HyenaDNAError(f"{path} has headers but no bases.")
    return genome


def _decoded(path: Path, sha256: str) -> Genome:
    folder = cache_folder("genomes") / sha256
    if not (folder / "contigs.json").exists():
        with written_aside(folder) as aside:
            contigs = _decode(path, aside / "bases")
            (aside / "contigs.json").write_text(json.dumps(contigs), encoding="utf-8")
    return DecodedFasta(path, sha256, folder)


def _decode(path: Path, target: Path) -> list[tuple[str, int, int]]:
    """Write the bases of all contigs one after another, one byte each.

    Return (name, offset, length) of each contig.
    """
    offsets: dict[str, int] = {}
    written = 0
    with target.open("wb") as bases:
        for block in _blocks(path):
            sequence, *records = re.split(rb"^>", block, flags=re.MULTILINE)
            if not offsets and sequence.strip():
                raise HyenaDNAError(f"{path} is not a FASTA: it starts with {sequence[:1]!r}, not with '>'.")
            written += bases.write(_bases(sequence, path))
            for record in records:
                header, _, sequence = record.partition(b"\n")
                name = (header.split() or [b""])[0].decode("utf-8", errors="replace")
                if not name or name in offsets:
                    fault = f"two contigs named {name!r}" if name else "a contig without a name"
                    raise HyenaDNAError(f"{path} has {fault}: give each '>' line its own name.")
                offsets[name] = written
                written += bases.write(_bases(sequence, path))
    if written == 0:
        raise HyenaDNAError(f"{path} has no bases.")
    ends = [*offsets.values(), written][1:]
    return [(name, start, end - start) for (name, start), end in zip(offsets.items(), ends, strict=True)]


def _blocks(path: Path) -> Iterator[bytes]:
    """Read the text of a FASTA file in blocks. No block ends within a header."""
    with path.open("rb") as file, progress(f"Decoding {path.name}", path.stat().st_size) as advance:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        text = GzipFile(fileobj=file) if compressed else file
        done = 0
        try:
            while block := text.read(BLOCK):
                last_line = block.rfind(b"\n") + 1
                yield block + text.readline() if block.startswith(b">", last_line) else block
                advance(file.tell() - done)
                done = file.tell()
        except (EOFError, BadGzipFile, zlib.error) as error:
            raise HyenaDNAError(f"{path} is truncated or damaged: {error}.") from None


def _bases(sequence: bytes, path: Path) -> bytes:
    if strange := sequence.translate(None, SEQUENCE_CHARACTERS):
        raise HyenaDNAError(f"{path} is not a FASTA: it has the character {strange[:1]!r} among the bases.")
    return sequence.translate(None, WHITE_SPACE)
