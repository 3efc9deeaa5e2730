"""The sequences that generated bases continue."""

import sys
from pathlib import Path
from typing import NamedTuple

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.genome.fasta import open_genome
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
        fasta: the genome of which `text` is a region.

    Raises:
        HyenaDNAError: the text is none of these, or the file cannot be read.
    """
    if fasta is not None:
        genome = open_genome(fasta)
        place = parse_region(text, genome)
        return [Prompt(text, bases_of(genome, place.chrom, place.start, place.end))]
    if text == STDIN:
        return _from_stdin()
    if text.isalpha():
        return [Prompt("prompt", text)]
    if not Path(text).exists():
        raise HyenaDNAError(f"'{shown(text)}' is neither bases nor a FASTA file: write it as in ACGTTG or prompts.fa.")
    genome = open_genome(Path(text))
    return [Prompt(name, bases_of(genome, name, 0, length)) for name, length in genome.contigs.items()]


def _from_stdin() -> list[Prompt]:
    if not sys.stdin:
        raise HyenaDNAError("stdin is closed: send bases or a FASTA to it.")
    before, *records = sys.stdin.read().split(">")
    if not records:
        return [Prompt("stdin", "".join(before.split()))]
    lines = [record.splitlines() for record in records]
    return [Prompt((each or [""])[0].split(" ")[0] or "stdin", "".join("".join(each[1:]).split())) for each in lines]
