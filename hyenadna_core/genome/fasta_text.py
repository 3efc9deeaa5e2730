"""The text of a FASTA file: the names of its contigs and their bases, checked, in blocks."""

import re
import zlib
from collections.abc import Iterator
from gzip import BadGzipFile
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.compression import decompressed
from hyenadna_core.terminal import progress

BLOCK = 1 << 22  # bytes read in one step
LONGEST_HEADER = 1 << 20  # bytes
WHITE_SPACE = b"\r\n\t "
SEQUENCE_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz*-." + WHITE_SPACE
BASE_CHARACTERS = b"ACGTUNRYSWKMBDHVXacgtunryswkmbdhvx*-." + WHITE_SPACE  # IUPAC codes of DNA and RNA, gaps
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LINE_END = re.compile(rb"[\r\n]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def fasta_pieces(source: Path, name: Path) -> Iterator[tuple[str, int, bytes]]:
    """Read a FASTA file, plain or compressed: (contig, start, text) for each piece of a contig.

    `start` is the position of the piece in the decompressed text. The first piece of each contig is
    empty. The text holds bases and white space. Lines may end in LF, CR LF or CR.

    Args:
        name: the path that messages show.

    Raises:
        HyenaDNAError: the file is empty, damaged or not FASTA, or a contig has no name, the name
            of another contig, or a name that cannot be written.
    """
    contigs: set[str] = set()
    contig, header, before = "", None, b"\n"  # the open contig, the open header, the byte before the block
    start = 0
    for start, block in _blocks(source, name):
        at = 0
        while at < len(block):
            if header is None:
                end = block.find(b">", at)
                text = block[at:] if end < 0 else block[at:end]
                if text:
                    _check(text, contig, name)
                    if contig:
                        yield contig, start + at, text
                if end < 0:
                    break
                if (block[end - 1 : end] or before) not in (b"\n", b"\r"):
                    raise _strange(b">", contig, name)
                header, at = bytearray(), end + 1
            else:
                line_end = LINE_END.search(block, at)
                header += block[at : line_end.start() if line_end else len(block)]
                if len(header) > LONGEST_HEADER:
                    raise HyenaDNAError(f"{name} is not a FASTA: a header has more than {LONGEST_HEADER:,} bytes.")
                if line_end is None:
                    break
                contig, header, at = _contig(bytes(header), contigs, name), None, line_end.start()
                yield contig, start + at, b""
        before = block[-1:] or before
        start += len(block)
    if header is not None:
        yield _contig(bytes(header), contigs, name), start, b""
    if not contigs:
        raise HyenaDNAError(f"{name} is empty: expected a FASTA file, whose headers start with '>'.")


def _blocks(source: Path, name: Path) -> Iterator[tuple[int, bytes]]:
    """Read the text of a file in blocks, each with its start; a byte order mark is left out."""
    with source.open("rb") as file, progress(f"Reading {name.name}", source.stat().st_size) as advance:
        start = done = 0
        try:
            text = decompressed(file, name)
            while block := text.read(BLOCK if start else len(BYTE_ORDER_MARK)):
                if start or block != BYTE_ORDER_MARK:
                    yield start, block
                start += len(block)
                advance(file.tell() - done)
                done = file.tell()
        except (EOFError, BadGzipFile, zlib.error) as error:
            raise HyenaDNAError(f"{name} is truncated or damaged: {error}.") from None
        except OSError as error:
            raise HyenaDNAError(f"Cannot read {name}: {error.strerror}.") from None


def _check(text: bytes, contig: str, name: Path) -> None:
    """Check that a text has only bases and white space, or no bases before the first header.

    Bases are A, C, G, T, U, IUPAC codes and gaps: another letter tells a protein.
    """
    if not contig:
        if other := text.strip(WHITE_SPACE):
            raise HyenaDNAError(f"{name} is not a FASTA: it starts with {other[:1]!r}, not with '>'.")
    elif other := text.translate(None, BASE_CHARACTERS):
        raise _strange(other[:1], contig, name)


def _strange(character: bytes, contig: str, name: Path) -> HyenaDNAError:
    place = f"the bases of '{shown(contig)}'" if contig else "the lines before the first header"
    if contig and character.isalpha():
        return HyenaDNAError(
            f"{name}: the letter {character.decode()!r} among {place} is no base: check that it is DNA, not a protein."
        )
    return HyenaDNAError(f"{name} is not a FASTA: it has the character {character!r} among {place}.")


def _contig(header: bytes, contigs: set[str], name: Path) -> str:
    """Return the first word of a header, and add it to the names of the contigs before it."""
    word = (header.split() or [b""])[0]
    try:
        contig = word.decode()
    except UnicodeDecodeError:
        text = shown(word.decode(errors="backslashreplace"))
        raise HyenaDNAError(f"{name}: the name of the contig '{text}' is not UTF-8: rename it.") from None
    if CONTROL.search(contig):
        raise HyenaDNAError(f"{name}: the name of the contig '{shown(contig)}' has a control character: rename it.")
    if not contig or contig in contigs:
        fault = f"two contigs named '{shown(contig)}'" if contig else "a contig without a name"
        raise HyenaDNAError(f"{name} has {fault}: give each '>' line its own name.")
    contigs.add(contig)
    return contig
