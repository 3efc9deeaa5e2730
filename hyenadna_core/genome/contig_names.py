"""Names of contigs in a VCF and in a FASTA: they meet if they are equal, or by an option."""

from collections.abc import Callable
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.files.text import text_lines
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.terminal import notice

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
        aliases: a file as `read_aliases` reads it.
        chr_prefix: "add" or "strip".

    Raises:
        HyenaDNAError: the file cannot be read, or is no list of aliases of the FASTA's contigs.
    """
    known = read_aliases(aliases, genome) if aliases else {}
    change = CHANGES[chr_prefix]
    return lambda name: known.get(name) or change(name)


def read_aliases(path: Path, genome: Genome) -> dict[str, str]:
    """Read a file of aliases: the name in the FASTA by alias.

    A line has names of one contig, separated by tabs: an alias and the name in the FASTA, or the
    columns of a chromAlias.txt of UCSC, in any order. From the third column on, a text beside
    several contigs is no name (UCSC's sources). Empty lines and lines that start with # are
    skipped; a notice counts lines without a contig of the FASTA.

    Raises:
        HyenaDNAError: a line has one column, an alias would get a second name, or no line names a
            contig of the FASTA.
    """
    aliases: dict[str, str] = {}
    further: dict[str, set[str]] = {}  # texts from the third column on, with the contigs beside them
    absent = 0
    for number, line in enumerate(text_lines(path, lambda done: None), start=1):
        line = line.rstrip("\r\n")
        if line.startswith("##"):  # VCF, GFF
            raise HyenaDNAError(f"{path}:{number}: '{shown(line)}' is of another format: give a list of aliases.")
        if not line.strip() or line.startswith("#"):
            continue
        names = line.split("\t")
        if len(names) < 2:
            raise HyenaDNAError(f"{path}:{number}: expected an alias, a tab and a contig, not '{shown(line)}'.")
        contig = next((name for name in (names[1], names[0], *names[2:]) if name in genome.contigs), None)
        for text in {*names[2:]} - {"", contig}:
            further.setdefault(text, set()).add(contig or names[1])
        if contig is None:
            absent += 1
            continue
        for alias in {*names[:2]} - {"", contig}:
            if aliases.setdefault(alias, contig) != contig:
                raise HyenaDNAError(
                    f"{path}:{number}: '{shown(alias)}' is {shown(aliases[alias])} before and {shown(contig)} here: "
                    "remove one line."
                )
    named = {text: contig for text, (contig, *others) in further.items() if not others and contig in genome.contigs}
    if not named | aliases:
        raise HyenaDNAError(
            f"No line of {path} names a contig of {genome.path}, which has {first_names(genome.contigs)}: give a file "
            "with an alias, a tab and a contig in each line."
        )
    if absent:
        notice(f"{path}: {absent:,} {'line names' if absent == 1 else 'lines name'} no contig of {genome.path}.")
    return named | aliases
