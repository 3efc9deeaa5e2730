"""The variants of a VCF, compared with the genome."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.genome.contig_names import Names
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.variants import MISMATCHES, Reason, Variant, allele_reason, bases_of, reference_reason
from hyenadna_core.genome.vcf_text import ALT, CHROM, POS, REF, Source, vcf_text
from hyenadna_core.terminal import Advance, progress

WITHOUT_BASES = {Reason.MISSING, Reason.STAR, Reason.SYMBOLIC, Reason.BREAKEND}  # ALT is no sequence
POSITION = re.compile(r"[0-9]{1,18}")
FIRST = 3  # mismatches in a message
SHOWN = 20  # bases of an allele in a message
OTHER_BUILD = 0.1  # share of REF alleles with another base, from which the build may be another one


class Record(NamedTuple):
    """A record of a VCF: its number from 0, its place in the genome, and its alleles in capitals.

    `reasons` has one reason for each alternate allele. A record without one has the allele "." and
    the reason MISSING. `columns` are CHROM, POS, ID, REF and ALT as the VCF has them.
    """

    number: int
    chrom: str
    start: int
    ref: str
    alts: tuple[str, ...]
    reasons: tuple[Reason, ...]
    columns: tuple[str, ...]

    @property
    def chrom_in_file(self) -> str:
        """Return the name that the VCF has for `chrom`."""
        return self.columns[CHROM]

    def variants(self) -> Iterator[Variant]:
        """Return the alleles that can have a score."""
        for allele, (alt, reason) in enumerate(zip(self.alts, self.reasons, strict=True)):
            if not reason:
                yield Variant(self.chrom, self.start, self.ref, alt, self.number, allele)


class Counts(NamedTuple):
    """What a VCF holds.

    Attributes:
        reasons: the number of alleles by reason.
        references: the number of records by the reason of their first allele.
        mismatches: the first REF alleles that differ from the genome, as text.
        is_sorted: whether an index can be made: contigs in blocks, positions in order.
        sha256: the checksum of the file.
    """

    records: int
    alleles: int
    reasons: Mapping[Reason, int]
    references: Mapping[Reason, int]
    mismatches: tuple[str, ...]
    is_sorted: bool
    sha256: str


class Order:
    """Whether the records so far are sorted: contigs in blocks, positions in order."""

    def __init__(self) -> None:
        self.is_sorted = True
        self._contigs: set[str] = set()
        self._last = ("", 0)

    def add(self, chrom: str, position: int) -> None:
        before, last = self._last
        if chrom != before:
            self.is_sorted &= chrom not in self._contigs
            self._contigs.add(chrom)
        else:
            self.is_sorted &= position >= last
        self._last = (chrom, position)


def read_variants(
    source: Source, genome: Genome, names: Names, advance: Advance = lambda done: None
) -> Iterator[Record]:
    """Read the records of a VCF one by one, and compare their REF alleles with the genome.

    Args:
        names: the function that turns the contig of the VCF into that of the FASTA.

    Raises:
        HyenaDNAError: the file cannot be read, or a line is no record. The message names the line.
    """
    for number, (place, columns) in enumerate(vcf_text(source, advance).records):
        start = position_of(columns, place) - 1
        chrom, ref, alts = names(columns[CHROM]), columns[REF].upper(), tuple(columns[ALT].upper().split(","))
        reason = reference_reason(genome, chrom, start, ref)
        if reason in (Reason.SCORED, Reason.NOT_ACGT):
            reasons = tuple(allele_reason(ref, alt) or reason for alt in alts)
        else:
            reasons = (reason,) * len(alts)
            own = tuple(allele_reason(ref, alt) for alt in alts)
            if ref == "N" and set(own) <= WITHOUT_BASES:  # of a telomere, before or after all bases
                reasons = own
        yield Record(number, chrom, start, ref, alts, reasons, tuple(columns[: ALT + 1]))


def position_of(columns: list[str], place: str) -> int:
    """Return POS, which is 1-based."""
    if not POSITION.fullmatch(columns[POS]):
        raise HyenaDNAError(f"{place}: POS is '{shown(columns[POS])}', expected a whole number.")
    return int(columns[POS])


def count_variants(source: Source, genome: Genome, names: Names) -> Counts:
    """Read a whole VCF, and count its records and alleles. Memory does not grow with the file.

    Raises:
        HyenaDNAError: the file cannot be read, a line is no record, or no record lies on a contig
            of the genome.
    """
    reasons: Counter[Reason] = Counter()
    references: Counter[Reason] = Counter()
    mismatches: list[str] = []
    contigs: dict[str, None] = {}
    order = Order()
    with progress(f"Reading {source.name}", source.path.stat().st_size) as advance:
        for record in read_variants(source, genome, names, advance):
            reasons.update(record.reasons)
            references[record.reasons[0]] += 1
            contigs.setdefault(record.chrom_in_file)
            order.add(record.chrom_in_file, record.start)
            if record.reasons[0] in MISMATCHES and len(mismatches) < FIRST:
                mismatches.append(_mismatch(record, genome))
    records = references.total()
    if records and references[Reason.OTHER_CONTIG] == records:
        raise HyenaDNAError(
            f"{source.name} and {genome.path} have no contig in common: the VCF has {first_names(contigs)}, the FASTA "
            f"{first_names(genome.contigs)}: give --chr-prefix add, --chr-prefix strip or --aliases FILE."
        )
    digest = sha256_of(source.path)
    return Counts(records, reasons.total(), reasons, references, tuple(mismatches), order.is_sorted, digest)


def check_references(counts: Counts, source: Source, genome: Genome) -> None:
    """Raise HyenaDNAError if REF alleles differ from the genome: how many, and the first ones."""
    differing = sum(counts.references[reason] for reason in MISMATCHES)
    if not differing:
        return
    checked = counts.records - counts.references[Reason.OTHER_CONTIG]
    without_base = counts.references[Reason.N_IN_REFERENCE]
    text = f"{source.name}: {differing:,} of {checked:,} REF alleles differ from {genome.path}"
    if without_base:
        text += f" ({without_base:,} where the genome has N or an IUPAC code)"
    text += f", first {', '.join(counts.mismatches)}"
    if differing - without_base > OTHER_BUILD * checked:
        text += ": the VCF may be of another build of the genome"
    raise HyenaDNAError(f"{text}: give the FASTA of the VCF, or --allow-mismatch to leave these alleles without score.")


def _mismatch(record: Record, genome: Genome) -> str:
    text = f"{shown(record.chrom_in_file)}:{record.start + 1} REF={shown(record.ref, SHOWN)}"
    if record.reasons[0] is Reason.PAST_CONTIG_END:
        return f"{text} outside of 1-{genome.contigs[record.chrom]}"
    bases = bases_of(genome, record.chrom, record.start, record.start + len(record.ref))
    return f"{text} genome={shown(bases, SHOWN)}"
