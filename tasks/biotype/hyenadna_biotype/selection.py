"""Which genes are used: those of frequent biotypes, whose bases the genome has."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from hyenadna_biotype.genes import Annotation, Gene
from hyenadna_biotype.genome import GenomeFiles, has_unknown
from hyenadna_biotype.left_out import LACKING, OTHER, REPEATED, LeftOut
from hyenadna_core import HyenaDNAError, progress
from hyenadna_core.errors import first_names

MOST, LONGEST, FEWEST = 10, 160_000, 15  # biotypes, bases, genes of a biotype
MISSING = frozenset(("NA", "N/A", "n/a", "<NA>", "NaN", "nan", "None", "NULL", "null"))  # labels that no probe takes


@dataclass(frozen=True)
class Wanted:
    """Which genes are wanted.

    Args:
        biotypes: their names; without them, the `most` frequent ones.
        longest: of a longer gene, the first bases on its strand are read.
        fewest: genes of a biotype, in all, or on each of the `chromosomes` if they are named.
        chromosomes: contigs; without them, all.
    """

    biotypes: tuple[str, ...] = ()
    most: int = MOST
    longest: int = LONGEST
    fewest: int = FEWEST
    chromosomes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """The genes to use, cut to the bases to read, with the contig names of the genome.

    Args:
        lengths: the bases of each whole gene by name.
        counts: genes by biotype and contig, the most frequent biotype first.
        lines: sentences for a person.
        sha256: of the places and biotypes of the genes, and of the genome.
    """

    genes: Sequence[Gene]
    lengths: Mapping[str, int]
    counts: Mapping[str, Mapping[str, int]]
    lines: Sequence[str]
    sha256: str


def select(annotation: Annotation, genome: GenomeFiles, wanted: Wanted) -> Selection:
    """Select genes, and count all that are left out.

    Raises:
        HyenaDNAError: no contig of the annotation is in the genome, a contig or a biotype that is
            named is missing, or fewer than two biotypes have enough genes.
    """
    left_out, only = LeftOut(), _contigs_of(wanted.chromosomes, genome)
    usable = _usable(annotation, genome, wanted, only, left_out)
    genes = _chosen(annotation, usable, wanted, only, left_out)
    chosen = list(_least(genes, ()))
    _leave_out(usable, genes, chosen, left_out)
    counts = {name: dict(Counter(gene.chrom for gene in genes if gene.biotype == name)) for name in chosen}
    cut = [_cut(gene, wanted.longest) for gene in genes]
    lines = [f"{len(genes):,} genes of {len(chosen)} biotypes in {annotation.path.name}:"]
    lines += [
        f"  {name}: {', '.join(f'{count:,} on {chrom}' for chrom, count in of.items())}" for name, of in counts.items()
    ]
    if left_out.total:
        lines.append(f"Left out {left_out.total:,} of {len(annotation.genes):,} genes: {left_out.reasons}.")
    if annotation.repeated:
        lines.append(f"{annotation.repeated:,} gene lines are repeated; each gene counts once.")
    if longer := sum(gene.end - gene.start > wanted.longest for gene in genes):
        size = f"{wanted.longest:,} bases"
        lines.append(f"{longer:,} genes are longer than {size}: only the first {size} of these are read.")
    lengths = {gene.name: gene.end - gene.start for gene in genes}
    return Selection(cut, lengths, counts, lines, sha256(f"{genome.sha256} {cut}".encode()).hexdigest())


def _usable(
    annotation: Annotation, genome: GenomeFiles, wanted: Wanted, only: Sequence[str], left_out: LeftOut
) -> dict[Gene, bytes]:
    """Return the genes which can be used, each with a digest of its bases to read.

    They have the contig names of the genome. No two of a biotype have the same bases to read.
    """
    contig_of = {chrom: genome.find(chrom) for chrom in dict.fromkeys(gene.chrom for gene in annotation.genes)}
    if not any(contig_of.values()):
        raise HyenaDNAError(
            f"No contig of {annotation.path} ({first_names(contig_of)}) is in {genome.names} "
            f"({first_names(genome.contigs)}), with or without chr; the names of contigs differ, such as "
            f"{first_names([*contig_of][:1])} and {first_names([*genome.contigs][:1])}: give the genome of this "
            "annotation, with its names of contigs."
        )
    usable: dict[Gene, bytes] = {}
    seen: set[tuple[str, bytes]] = set()  # biotypes, and digests of the bases to read
    with progress("Reading genes", len(annotation.genes)) as advance:
        for gene in annotation.genes:
            contig = contig_of[gene.chrom]
            if reason := _reason(gene, contig, only, wanted.biotypes, genome):
                left_out.add(reason, gene)
            elif contig:
                here = replace(gene, chrom=contig)
                sequence = genome.sequence(_cut(here, wanted.longest))
                digest = sha256(sequence.upper()).digest()
                if has_unknown(sequence):
                    left_out.add("with N among the bases to read", gene)
                elif (gene.biotype, digest) in seen:
                    left_out.add(REPEATED, gene)
                else:
                    seen.add((gene.biotype, digest))
                    usable[here] = digest
            advance(1)
    return usable


def _reason(gene: Gene, contig: str | None, only: Sequence[str], biotypes: Sequence[str], genome: GenomeFiles) -> str:
    """Return the reason for which a gene cannot be used, whatever its bases are, or nothing."""
    if not gene.biotype:
        return "without a biotype"
    if gene.biotype in MISSING:
        return "with a biotype that stands for a missing value"
    if contig is None:
        return LACKING
    if only and contig not in only:
        return "on another contig"
    if gene.end > genome.contigs[contig]:
        return "past the end of the contig, perhaps over the origin of a circular contig, or of another build"
    if gene.strand not in ("+", "-"):
        return "without a strand"
    if gene.in_parts:
        return "in several parts"
    if biotypes and gene.biotype not in biotypes:
        return OTHER
    return ""


def _cut(gene: Gene, longest: int) -> Gene:
    """Return the first bases of a gene on its strand."""
    if gene.strand == "-":
        return replace(gene, start=max(gene.start, gene.end - longest))
    return replace(gene, end=min(gene.end, gene.start + longest))


def _contigs_of(chromosomes: Sequence[str], genome: GenomeFiles) -> list[str]:
    found = [genome.find(chrom) for chrom in chromosomes]
    for chrom, contig in zip(chromosomes, found, strict=True):
        if contig is None:
            raise HyenaDNAError(f"No contig {chrom} in {genome.names}; there are {first_names(genome.contigs)}.")
    return [contig for contig in found if contig]


def _chosen(
    annotation: Annotation, usable: Mapping[Gene, bytes], wanted: Wanted, only: Sequence[str], left_out: LeftOut
) -> list[Gene]:
    """Return the genes of the biotypes to use, each with its own bases to read."""
    there = Counter(gene.biotype for gene in annotation.genes if gene.biotype)
    if absent := [name for name in wanted.biotypes if name not in there]:
        raise HyenaDNAError(
            f"No gene of {annotation.path} has the biotype {first_names(absent)}; it has {first_names(there)}."
        )
    genes, least = _without_repeats(usable, wanted, only)
    chosen = {gene.biotype for gene in genes}
    scarce = [f"{name} has {least.get(name, 0):,}" for name in wanted.biotypes if name not in chosen]
    if not scarce and len(chosen) > 1:
        return genes
    _leave_out(usable, _distinct(usable, least), least, left_out)
    reasons = f" Left out: {left_out.reasons}." if left_out.total else ""
    of_each = " on each chromosome" if only else ""
    if scarce:
        raise HyenaDNAError(
            f"{first_names(scarce)} usable genes{of_each}, and --min-genes is {wanted.fewest:,}: lower it, or name "
            f"other biotypes.{reasons}"
        )
    raise HyenaDNAError(
        f"{annotation.path}: fewer than two biotypes have {wanted.fewest:,} usable genes{of_each}; there are "
        f"{first_names(f'{name} ({count:,})' for name, count in least.items())}: lower --min-genes.{reasons}"
    )


def _without_repeats(
    usable: Mapping[Gene, bytes], wanted: Wanted, only: Sequence[str]
) -> tuple[list[Gene], dict[str, int]]:
    """Choose biotypes, and return their genes without repeats, and what `_least` counts of each.

    A biotype that has too few genes without repeats makes room for the next one.
    """
    least = _least(usable, only)
    names = [name for name, count in least.items() if count >= wanted.fewest]
    while True:
        chosen = names if wanted.biotypes else names[: wanted.most]
        genes = _distinct(usable, chosen)
        least |= dict.fromkeys(chosen, 0) | _least(genes, only)
        scarce = [name for name in chosen if least[name] < wanted.fewest]
        if not scarce:
            return genes, least
        names.remove(scarce[-1])


def _least(genes: Iterable[Gene], only: Sequence[str]) -> dict[str, int]:
    """Count the genes of each biotype, the most frequent first.

    With the contigs `only`, the count is that of the contig with the fewest.
    """
    genes = list(genes)
    counts, on = Counter(gene.biotype for gene in genes), Counter((gene.biotype, gene.chrom) for gene in genes)
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    return {name: min((on[name, contig] for contig in only), default=counts[name]) for name in ranked}


def _distinct(usable: Mapping[Gene, bytes], names: Collection[str]) -> list[Gene]:
    """Return the genes of biotypes; of genes with the same bases to read, the first."""
    first: dict[bytes, Gene] = {}
    for gene, digest in usable.items():
        if gene.biotype in names:
            first.setdefault(digest, gene)
    return list(first.values())


def _leave_out(usable: Iterable[Gene], genes: Collection[Gene], names: Collection[str], left_out: LeftOut) -> None:
    """Count the usable genes that are not among the genes to use, which have biotypes `names`."""
    kept = set(genes)
    for gene in usable:
        if gene not in kept:
            left_out.add(REPEATED if gene.biotype in names else OTHER, gene)
