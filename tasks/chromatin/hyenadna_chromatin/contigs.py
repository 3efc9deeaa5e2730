"""Names of contigs in a table and in a FASTA: chr8 and 8 are the same contig."""

from collections.abc import Container, Iterable
from typing import Any

from hyenadna_core import HyenaDNAError
from hyenadna_core.errors import first_names

PREFIX = "chr"


def other_style(name: str) -> str:
    """Return the name with "chr" if it has none, or without it."""
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else PREFIX + name


def name_in(known: Container[str], name: str) -> str | None:
    """Return the name as it is known, with or without "chr", or None."""
    return next((each for each in (name, other_style(name)) if each in known), None)


def names_in_fasta(genome: Any, names: Iterable[str], of: object) -> list[str]:
    """Return the name that each contig has in the FASTA.

    Args:
        of: the file that has the names, for messages.

    Raises:
        HyenaDNAError: the FASTA has neither a contig of this name nor one in the other style.
    """
    contigs = genome.contigs
    found = {name: name_in(contigs, name) for name in names}
    if missing := [name for name, own in found.items() if own is None]:
        raise HyenaDNAError(
            f"{of} has the contig {missing[0]}, and {genome.path} has neither "
            f"{missing[0]} nor {other_style(missing[0])}; it has {first_names(contigs)}: give the genome of the table, "
            "in one FASTA; a number in Chr_No counts from 0, so 22 is chrX."
        )
    return [own for own in found.values() if own is not None]
