"""The sequences that generated bases continue."""

import sys
from pathlib import Path
from typing import NamedTuple

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.compression import GZIP, check_head
from hyenadna_core.files.input import copied_pipe
from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.genome.fasta_text import BYTE_ORDER_MARK
from hyenadna_core.genome.region import parse_region
from hyenadna_core.genome.variants import bases_of

STDIN = "-"


class Prompt(NamedTuple):
    """A sequence and its name."""

    name: str
    bases: str


def read_prompts(text: str, fasta: Path | None = None) -> list[Prompt]:
    """Read the prompts that a text names: itself, a FASTA file, stdin, or a region of a genome.

    Args:
        text: bases, the path of a FASTA, or "-" for bases or a FASTA from stdin.
        fasta: the genome; `text` is then a region of it.

    Raises:
        HyenaDNAError: the text is none of these, or the file cannot be read.
    """
    if fasta is not None:
        genome = open_genome(fasta)
        place = parse_region(text, genome)
        return [Prompt(text, bases_of(genome, place.chrom, place.start, place.end))]
    if not text:
        raise HyenaDNAError("The prompt is empty: give at least one base.")
    if text == STDIN:
        return _from_stdin()
    if text.isalpha():
        return [Prompt("prompt", text)]
    if not Path(text).exists():
        raise HyenaDNAError(f"'{shown(text)}' is neither bases nor a FASTA file: write it as in ACGTTG or prompts.fa.")
    return _of_fasta(Path(text))


def _of_fasta(path: Path) -> list[Prompt]:
    genome = open_genome(path)
    return [Prompt(name, bases_of(genome, name, 0, length)) for name, length in genome.contigs.items()]


def _from_stdin() -> list[Prompt]:
    if not sys.stdin:
        raise HyenaDNAError("stdin is closed: send bases or a FASTA to it.")
    with copied_pipe(0) as copy:
        content = copy.read_bytes().removeprefix(BYTE_ORDER_MARK)
        check_head(content, "stdin")
        if content.lstrip().startswith(b">") or content.startswith(GZIP):
            return _of_fasta(copy)
        if not content.isascii():
            raise HyenaDNAError("stdin is neither bases nor a FASTA.")
        return [Prompt("stdin", "".join(content.decode().split()))]
