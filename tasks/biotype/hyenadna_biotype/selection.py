"""Which genes are used: those of frequent biotypes, whose bases the genome has."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from hyenadna_biotype.genes import Annotation, Gene
from hyenadna_biotype.genome import GenomeFiles, has_unknown
from hyenadna_core import HyenaDNAError, progress

MOST, LONGEST, FEWEST = 10, 160_000, 15  # biotypes, bases, genes of a biotype
MISSING = frozenset(("NA", "N/A", "n/a", "<NA>", "NaN", "nan", "None", "NULL", "null"))  # labels that no probe takes
NAMES = 8  # that a message shows


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


class LeftOut:
    """How many genes are left out by reason, with the name of the first."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, reason: str, gene: Gene) -> None:
        self._counts[reason] += 1
        self._first.setdefault(reason, gene.name)

    @property
    def total(self) -> int:
        return self._counts.total()

    @property
    def reasons(self) -> str:
        return ", ".join(f"{count:,} {reason} (first {self._first[reason]})" for reason, count in self._counts.items())


def select(annotation: Annotation, genome: GenomeFiles, wanted: Wanted) -> Selection:
    """Select genes, and count all that are left out.

    Raises:
        HyenaDNAError: no contig of the annotation is in the genome, a contig or a biotype that is
            named is missing, or fewer than two biotypes have enough genes.
    """
    left_out = LeftOut()
    usable = _usable(annotation, genome, wanted, left_out)
    chosen = _chosen(annotation, usable, wanted, left_out)
    genes = [gene for gene in usable if gene.biotype in chosen]
    for gene in usable:
        if gene.biotype not in chosen:
            left_out.add("of another biotype", gene)
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


def _usable(annotation: Annotation, genome: GenomeFiles, wanted: Wanted, left_out: LeftOut) -> list[Gene]:
    """Return the genes which can be used, with the contig names of the genome."""
    contig_of = {chrom: genome.find(chrom) for chrom in dict.fromkeys(gene.chrom for gene in annotation.genes)}
    if not any(contig_of.values()):
        raise HyenaDNAError(
            f"No contig of {annotation.path} ({_some(contig_of)}) is in {genome.names} ({_some(genome.contigs)}), "
            "with or without chr: give the genome of this annotation."
        )
    only = _contigs_of(wanted.chromosomes, genome)
    usable = []
    seen: set[bytes] = set()  # digests of the bases to read
    with progress("Reading genes", len(annotation.genes)) as advance:
        for gene in annotation.genes:
            contig = contig_of[gene.chrom]
            if reason := _reason(gene, contig, only, genome):
                left_out.add(reason, gene)
            elif contig:
                here = replace(gene, chrom=contig)
                sequence = genome.sequence(_cut(here, wanted.longest))
                digest = sha256(sequence.upper()).digest()
                if has_unknown(sequence):
                    left_out.add("with N among the bases to read", gene)
                elif digest in seen:
                    left_out.add("with the same bases as another gene", gene)
                else:
                    seen.add(digest)
                    usable.append(here)
            advance(1)
    return usable


def _reason(gene: Gene, contig: str | None, only: Sequence[str], genome: GenomeFiles) -> str:
    """Return the reason for which a gene cannot be used, whatever its bases are, or nothing."""
    if not gene.biotype:
        return "without a biotype"
    if gene.biotype in MISSING:
        return "with a biotype that stands for a missing value"
    if contig is None:
        return "on a contig that the FASTA lacks"
    if only and contig not in only:
        return "on another contig"
    if gene.end > genome.contigs[contig]:
        return "past the end of the contig, perhaps of another build"
    if gene.strand not in ("+", "-"):
        return "without a strand"
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
            raise HyenaDNAError(f"No contig {chrom} in {genome.names}; there are {_some(genome.contigs)}.")
    return [contig for contig in found if contig]


def _chosen(annotation: Annotation, usable: Sequence[Gene], wanted: Wanted, left_out: LeftOut) -> list[str]:
    """Return the biotypes to use, the most frequent first."""
    counts = Counter(gene.biotype for gene in usable)
    there = Counter(gene.biotype for gene in annotation.genes if gene.biotype)
    if absent := [name for name in wanted.biotypes if name not in there]:
        raise HyenaDNAError(f"No gene of {annotation.path} has the biotype {_some(absent)}; it has {_some(there)}.")
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    by_place = Counter((gene.biotype, gene.chrom) for gene in usable)
    contigs = list(dict.fromkeys(gene.chrom for gene in usable)) if wanted.chromosomes else []
    least = {name: min((by_place[name, each] for each in contigs), default=counts[name]) for name in ranked}
    enough = [name for name in ranked if least[name] >= wanted.fewest]
    of_each = " on each chromosome" if wanted.chromosomes else ""
    if scarce := [name for name in wanted.biotypes if name not in enough]:
        raise HyenaDNAError(
            f"{_some(f'{name} has {least.get(name, 0):,}' for name in scarce)} usable genes{of_each}, and "
            f"--min-genes is {wanted.fewest:,}: lower it, or name other biotypes."
        )
    chosen = [name for name in enough if not wanted.biotypes or name in wanted.biotypes]
    chosen = chosen if wanted.biotypes else chosen[: wanted.most]
    if len(chosen) < 2:
        reasons = f" Left out: {left_out.reasons}." if left_out.total else ""
        raise HyenaDNAError(
            f"{annotation.path}: fewer than two biotypes have {wanted.fewest:,} usable genes{of_each}; there are "
            f"{_some(f'{name} ({least[name]:,})' for name in ranked)}: lower --min-genes.{reasons}"
        )
    return chosen


def _some(names: object) -> str:
    """Join the first names for a message, and count the others."""
    every = list(map(str, names))  # type: ignore[call-overload]
    more = f" and {len(every) - NAMES:,} more" if len(every) > NAMES else ""
    return (", ".join(every[:NAMES]) or "none") + more
