"""Names of contigs in a VCF and in a FASTA: they meet if they are equal, or by an option."""

from collections.abc import Callable
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.files.text import text_lines
from hyenadna_core.genome.fasta import Genome

PREFIX = "chr"
CHANGES: dict[str | None, Callable[[str], str]] = {
    None: str,
    "add": lambda name: name if name.startswith(PREFIX) else PREFIX + name,
    "strip": lambda name: name.removeprefix(PREFIX),
}
Names = Callable[[str], str]  # the name in a VCF -> the name in the FASTA


def contig_names(genome: Genome, aliases: Path | None = None, chr_prefix: str | None = None) -> Names:
    """Return the function that turns the name of a contig in a VCF into its name in the FASTA.

    Without options a name stays as it is. A name in the file of aliases becomes its FASTA name; any
    other name loses or gains "chr".

    Args:
        aliases: a file with two columns, separated by a tab: the alias and the name in the FASTA.
        chr_prefix: "add" or "strip".

    Raises:
        HyenaDNAError: the file cannot be read, or a line of it does not name a contig of the FASTA.
    """
    known = read_aliases(aliases, genome) if aliases else {}
    change = CHANGES[chr_prefix]
    return lambda name: known.get(name) or change(name)


def read_aliases(path: Path, genome: Genome) -> dict[str, str]:
    """Read a file of aliases: the name in the FASTA by alias. Lines that start with # are skipped.

    Raises:
        HyenaDNAError: a line does not have two columns, names a contig that the FASTA lacks, or
            gives an alias a second name.
    """
    aliases: dict[str, str] = {}
    for number, line in enumerate(text_lines(path, lambda done: None), start=1):
        line = line.rstrip("\r\n")
        if not line.strip() or line.startswith("#"):
            continue
        alias, _, name = line.partition("\t")
        if name not in genome.contigs:
            fault = f"no contig '{shown(name)}' in {genome.path}" if name else "expected an alias, a tab and a contig"
            raise HyenaDNAError(f"{path}:{number}: {fault}; the FASTA has {first_names(genome.contigs)}.")
        if aliases.setdefault(alias, name) != name:
            raise HyenaDNAError(
                f"{path}:{number}: '{shown(alias)}' is {shown(aliases[alias])} before and {shown(name)} here: "
                "remove one line."
            )
    return aliases
