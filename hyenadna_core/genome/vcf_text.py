"""The text of a VCF: header and records, from plain, gzip, bgzip and BCF files and from pipes.

The text is read here, not by htslib, for three reasons. htslib drops values that do not have the
type of the header, such as DP=abc, and says so only on stderr; here records stay as they are. It
ends the process if the header lacks the contig or a key of a record that is copied. And it reads no
plain gzip through pysam. Only BCF is read by pysam.
"""

import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from typing import Any, NamedTuple

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.compression import is_compressed
from hyenadna_core.files.input import copied_pipe, name_of, open_pipe, regular_file
from hyenadna_core.files.text import text_lines
from hyenadna_core.terminal import Advance
from hyenadna_plugins import reason_of

FIRST_LINE = "##fileformat=VCF"
COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
CHROM, POS, REF, ALT, FILTER, INFO, FORMAT = 0, 1, 3, 4, 6, 7, 8  # FORMAT and the samples are one text
BCF = b"BCF\2"
BGZIP = b"BC"  # bytes 12 and 13 of bgzip
BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class Source(NamedTuple):
    """A VCF that can be read several times, and the name that messages show."""

    path: Path
    name: str


class Text(NamedTuple):
    """The lines of a header, the last one with the columns; and (place, columns) of each record.

    The place is for messages. Column 9, if there is one, is the text of FORMAT and all samples.
    """

    header: list[str]
    records: Iterator[tuple[str, list[str]]]


@contextmanager
def vcf_source(path: str | Path) -> Iterator[Source]:
    """Open a VCF or BCF; "-" is stdin. A pipe is copied into the cache until the block ends.

    Raises:
        HyenaDNAError: there is no such file, or it is a folder or a device.
    """
    if str(path) == "-" and not sys.stdin:
        raise HyenaDNAError("stdin is closed: name a VCF, or send one to stdin.")
    number = 0 if str(path) == "-" else open_pipe(Path(path))
    if number is None:
        regular_file(Path(path))
        yield Source(Path(path), name_of(Path(path)))
    else:
        with copied_pipe(number) as copy:
            yield Source(copy, "stdin" if number == 0 else str(path))


def vcf_text(source: Source, advance: Advance = lambda done: None) -> Text:
    """Read the header of a VCF; its records follow one by one. Lines may end in LF or CR LF.

    `advance` is called with the number of bytes read from the disk since its last call.

    Raises:
        HyenaDNAError: the file is empty, truncated, damaged or no VCF. While records are read: a
            line has too few or too many columns. The message names the line.
    """
    lines = _bcf_lines(source) if _is_bcf(source.path) else _lines(source, advance)
    header: list[str] = []
    for place, line in lines:
        if not header and not line.startswith(FIRST_LINE):
            raise HyenaDNAError(
                f"{source.name} is not a VCF, or has no header: it starts with '{shown(line, 40)}', not with "
                f"'{FIRST_LINE}v4.2': add the header."
            )
        if line.startswith("##"):
            header.append(line)
            continue
        names = tuple(line.split("\t", len(COLUMNS))[: len(COLUMNS)])
        if names != COLUMNS:
            raise HyenaDNAError(
                f"{place}: expected the line of the columns, {' '.join(COLUMNS)} with tabs between them, found "
                f"'{shown(line, 60)}'."
            )
        return Text([*header, line], _records(lines, line.count("\t")))
    fault = "its header ends before the line #CHROM" if header else "it is empty"
    raise HyenaDNAError(f"{source.name} is not a VCF: {fault}.")


def load_pysam(purpose: str) -> Any:
    """Import pysam, without messages of htslib on stderr; `purpose` begins the error without it."""
    try:
        import pysam
        import pysam.bcftools
    except ImportError:
        raise HyenaDNAError(f"{purpose} needs pysam: run pip install 'hyenadna[vcf]'.") from None
    pysam.set_verbosity(0)
    return pysam


def _records(lines: Iterator[tuple[str, str]], tabs: int) -> Iterator[tuple[str, list[str]]]:
    for place, line in lines:
        if line.count("\t") != tabs:
            raise HyenaDNAError(
                f"{place}: the record has {line.count(chr(9)) + 1} columns, but the header has {tabs + 1}, "
                "with tabs between them."
            )
        columns = line.split("\t", FORMAT)
        if not columns[REF] or not all(columns[ALT].split(",")):
            raise HyenaDNAError(f"{place}: {'ALT' if columns[REF] else 'REF'} has an empty allele: write '.' for none.")
        yield place, columns


def _lines(source: Source, advance: Advance) -> Iterator[tuple[str, str]]:
    """Read the lines of a text, plain or compressed, without their ends; skip empty lines."""
    _check_end(source)
    for number, line in enumerate(text_lines(source.path, advance, source.name), start=1):
        if line := line.rstrip("\r\n"):
            yield f"{source.name}:{number}", line


def _check_end(source: Source) -> None:
    """Check that a bgzip file has its end: gzip does not notice a cut between two blocks."""
    with source.path.open("rb") as file:
        if file.read(16)[12:14] != BGZIP or not is_compressed(source.path):
            return
        file.seek(-min(len(BGZIP_END), source.path.stat().st_size), 2)
        if file.read() != BGZIP_END:
            raise HyenaDNAError(f"{source.name} is truncated (it lacks the last block of bgzip): copy it again.")


def _is_bcf(path: Path) -> bool:
    with path.open("rb") as file:
        if not is_compressed(path):
            return file.read(len(BCF)) == BCF
        try:
            return GzipFile(fileobj=file).read(len(BCF)) == BCF
        except (EOFError, BadGzipFile, zlib.error):  # the reader of text tells it
            return False


def _bcf_lines(source: Source) -> Iterator[tuple[str, str]]:
    """Read a BCF as lines of text, with floats as bcftools prints them."""
    pysam = load_pysam(f"{source.name} is BCF, which")
    number = 0
    try:
        with pysam.VariantFile(str(source.path)) as file:
            for line in str(file.header).splitlines():
                yield f"{source.name}, header", line
            for number, record in enumerate(file, start=1):
                yield f"{source.name}, record {number}", str(record).rstrip("\n")
    except (OSError, ValueError, NotImplementedError) as error:
        fault = f"is truncated or damaged after record {number:,}: {reason_of(error)}"
        raise HyenaDNAError(f"{source.name} {fault}: copy it again.") from None
