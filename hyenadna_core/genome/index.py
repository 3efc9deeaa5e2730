"""The index of a genome: where the bases of each contig are. The cache keeps it.

An index is found by the checksum of the FASTA file, so it cannot belong to another file. A `.fai`
next to the file is not used: other programs write it, and nothing in it tells of which content.
"""

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from itertools import accumulate
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import cache_errors, cache_folder, file_written_aside
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.files.compression import is_compressed
from hyenadna_core.genome.fasta_text import WHITE_SPACE, fasta_pieces

FORMAT = b"hyenadna index 2\n"  # part of the checksum of each index
FIRST_LINE = re.compile(rb"[ \t\r\n]*([^ \t\r\n]+)([ \t\r\n]*)")
BLANK = re.compile(rb"[ \t\r\n]*")
IS_BLANK = np.isin(np.arange(256), list(WHITE_SPACE))
CLOCK_TICK = 2_000_000_000  # nanoseconds; the coarsest clock of a common file system


class Contig(NamedTuple):
    """The place of a contig in a file, as in a .fai.

    The first base is at `offset`; lines of `line_bases` bases take `line_bytes` bytes.
    """

    offset: int
    length: int
    line_bases: int
    line_bytes: int


class Index(NamedTuple):
    """The contigs by name, and the file of the cache with their bases, or None without one."""

    contigs: dict[str, Contig]
    bases: Path | None


def genome_index(source: Path, name: Path, sha256: str, in_place: bool) -> Index:
    """Read the index of a FASTA file from the cache, or make it.

    A plain file whose lines have one length is read in place. The bases of any other file are
    decoded into the cache, one byte each.

    Args:
        name: the path that messages show.
        sha256: the checksum of the file.
        in_place: False decodes every file, because `source` will not stay.

    Raises:
        HyenaDNAError: the file is damaged or not FASTA, or the cache cannot be written.
    """
    stem = cache_folder("genomes") / sha256
    with cache_errors():
        index = _read(stem)
        if index is None or not (in_place or index.bases):
            contigs = _lines(source, name) if in_place and not is_compressed(source) else None
            index = _written(stem, Index(contigs, None)) if contigs else _decoded(stem, source, name)
        return index


def _read(stem: Path) -> Index | None:
    """Read an index from the cache; None if it is missing, or if it or its bases were changed."""
    file = stem.with_suffix(".json")
    if not file.is_file():
        return None
    checksum, _, body = file.read_bytes().partition(b"\n")
    if checksum != _checksum(body):
        return None
    content = json.loads(body)
    contigs = {contig: Contig(*place) for contig, place in content["contigs"].items()}
    if content["bases"] is None:
        return Index(contigs, None)
    index = Index(contigs, stem.with_suffix(".bases"))
    return index if _is_whole(stem, index, **content["bases"]) else None


def _is_whole(stem: Path, index: Index, sha256: str, stamp: list[int]) -> bool:
    """Check the decoded bases: quickly by a stamp, which any change of the file changes, else all.

    A change in the same tick of the clock could keep the stamp, so the stamp counts only if the
    index was written later than that.
    """
    bases = stem.with_suffix(".bases")
    if not bases.is_file():
        return False
    settled = stem.with_suffix(".json").stat().st_ctime_ns - bases.stat().st_ctime_ns > CLOCK_TICK
    if settled and _stamp(bases) == stamp:
        return True
    whole = bases.stat().st_size == stamp[1] and sha256_of(bases) == sha256
    if whole:
        with suppress(OSError):  # a cache that cannot be written is checked again each time
            _written(stem, index, sha256)
    return whole


def _written(stem: Path, index: Index, sha256: str = "") -> Index:
    """Write an index into the cache, with the checksum of its decoded bases."""
    bases = {"sha256": sha256, "stamp": _stamp(index.bases)} if index.bases else None
    body = json.dumps({"contigs": index.contigs, "bases": bases}).encode()
    with file_written_aside(stem.with_suffix(".json")) as file:
        file.write_bytes(_checksum(body) + b"\n" + body)
    return index


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(FORMAT + body).hexdigest().encode()


def _stamp(file: Path) -> list[int]:
    """Return inode, size and times of a file. The system sets the last one at each change."""
    status = file.stat()
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _decoded(stem: Path, source: Path, name: Path) -> Index:
    """Write the bases of all contigs into the cache, one after another, one byte each."""
    target, sha256 = stem.with_suffix(".bases"), hashlib.sha256()
    with file_written_aside(target) as aside, aside.open("wb") as file:

        def write(bases: bytes) -> None:
            sha256.update(bases)
            file.write(bases)

        lengths = {contig: length for contig, (_, _, length) in _spans(source, name, write).items()}
    offsets = accumulate(lengths.values(), initial=0)
    contigs = {
        contig: Contig(offset, length, length, length)
        for (contig, length), offset in zip(lengths.items(), offsets, strict=False)
    }
    return _written(stem, Index(contigs, target), sha256.hexdigest())


def _lines(source: Path, name: Path) -> dict[str, Contig] | None:
    """Return the places of the contigs in a plain file, or None if their lines are uneven."""
    spans = _spans(source, name)
    with source.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as text:
        contigs = {}
        for contig, span in spans.items():
            place = _place(text, *span)
            if place is None:
                return None
            contigs[contig] = place
    return contigs


def _spans(source: Path, name: Path, write: Callable[[bytes], None] | None = None) -> dict[str, list[int]]:
    """Return start, end and length of each contig of a FASTA file; `write` gets all bases."""
    spans: dict[str, list[int]] = {}
    for contig, start, text in fasta_pieces(source, name):
        bases = text.translate(None, WHITE_SPACE)
        if write:
            write(bases)
        span = spans.setdefault(contig, [start, start, 0])
        span[1] = start + len(text)
        span[2] += len(bases)
    if not any(length for _, _, length in spans.values()):
        raise HyenaDNAError(f"{name} has headers but no bases.")
    return spans


def _place(text: mmap, start: int, end: int, length: int) -> Contig | None:
    """Return the place of a contig in a mapped file, or None if its lines are uneven.

    Its first line gives the length of all lines. They have this length if there is only white space
    where the other lines must end, and after the last base.
    """
    line = FIRST_LINE.match(text, start, end)
    if line is None:
        return Contig(start, 0, 1, 1)
    offset, line_bases, line_bytes = line.start(1), line.end(1) - line.start(1), line.end(2) - line.start(1)
    full = (length - 1) // line_bases  # lines before the last one
    last = offset + length + full * (line_bytes - line_bases)
    if last > end or BLANK.fullmatch(text, last, end) is None:
        return None
    lines = np.frombuffer(text, np.uint8, full * line_bytes, offset).reshape(full, line_bytes)
    return Contig(offset, length, line_bases, line_bytes) if IS_BLANK[lines[:, line_bases:]].all() else None
