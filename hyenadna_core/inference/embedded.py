"""What `hyenadna embed` reads: the rows of a FASTA, a table, a BED file or a VCF, one by one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hyenadna_core.errors import NAME, HyenaDNAError, shown
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.files.compression import check_compression
from hyenadna_core.files.input import regular_file
from hyenadna_core.files.text import size_of, suffix_of
from hyenadna_core.genome.contig_names import Names, contig_names
from hyenadna_core.genome.fasta import Genome, open_genome
from hyenadna_core.genome.fasta_text import BASE_CHARACTERS
from hyenadna_core.genome.variants import Reason, Variant, normalized
from hyenadna_core.genome.vcf import check_references, count_variants, read_variants
from hyenadna_core.genome.vcf_text import Source, vcf_source
from hyenadna_core.inference.embed import fault_of
from hyenadna_core.inference.job import Input
from hyenadna_core.inference.pooling import Read
from hyenadna_core.inference.score import longest_allele, place
from hyenadna_core.labelled.fasta import FASTA, fasta_records
from hyenadna_core.labelled.files import BED
from hyenadna_core.labelled.records import Record, bases_of
from hyenadna_core.labelled.regions import regions
from hyenadna_core.labelled.tables import TABLES, table_records
from hyenadna_core.terminal import Advance
from hyenadna_core.vectors.blocks import CATEGORY, NUMBER, TEXT

REF, ALT = "ref", "alt"
RECORDS, ROWS, INTERVALS, VARIANTS = "records of a FASTA", "rows of a table", "intervals", "variants"
KINDS = dict.fromkeys(FASTA, RECORDS) | dict.fromkeys(TABLES, ROWS) | dict.fromkeys(BED, INTERVALS)  # by suffix
VCF = (".vcf", ".bcf")
FOR = {  # the kinds that an option is for
    "fasta": (INTERVALS, VARIANTS),
    "sequence_column": (ROWS,),
    "name_column": (ROWS,),
    "name_by_place": (INTERVALS,),
    "allow_mismatch": (VARIANTS,),
    "aliases": (VARIANTS,),
    "chr_prefix": (VARIANTS,),
}


class Files(NamedTuple):
    """The files that a command names, and how it reads them."""

    sequences: Path | None
    fasta: Path | None
    vcf: Path | None
    sequence_column: str | None = None
    name_column: str | None = None
    name_by_place: bool = False
    allow_mismatch: bool = False
    aliases: Path | None = None
    chr_prefix: str | None = None

    @property
    def named(self) -> Path:
        """The file whose rows are embedded.

        Raises:
            HyenaDNAError: none or two are named, the format is unknown, the genome is missing, or
                an option is for other files.
        """
        if (self.sequences is None) == (self.vcf is None):
            raise HyenaDNAError("Name one file to embed: SEQUENCES, or --vcf FILE with --fasta GENOME.")
        named = self.vcf or self.sequences
        assert named is not None  # noqa: S101
        suffix = suffix_of(named)
        kind = VARIANTS if self.vcf else KINDS.get(suffix, "")
        if suffix in VCF and not self.vcf:
            raise HyenaDNAError(f"{named} has variants: give it as --vcf {named}, with its genome as --fasta.")
        if not kind:
            check_compression(named)
            raise HyenaDNAError(f"{named}: name the file after its format: {', '.join(KINDS)}; .gz may follow.")
        if kind in (INTERVALS, VARIANTS) and self.fasta is None:
            raise HyenaDNAError(f"{named} has positions but no bases: give its genome with --fasta.")
        for name, kinds in FOR.items():
            if getattr(self, name) not in (None, False) and kind not in kinds:
                option = f"--{name.replace('_', '-')}"
                raise HyenaDNAError(f"{option} is for {' and '.join(kinds)}, and {named} has {kind}: leave it out.")
        return named

    @property
    def all(self) -> list[Path]:
        """All files that are named."""
        return [path for path in (self.sequences, self.fasta, self.vcf, self.aliases) if path]


class Row(NamedTuple):
    """A row of the output: a sequence, or a variant with its REF and its ALT window.

    `fault` is the reason for which it is left out.
    """

    name: str
    reads: tuple[Read, ...]
    columns: tuple[str | int, ...]
    fault: str = ""


class RowSource(NamedTuple):
    """Rows that can be read several times.

    Attributes:
        columns: TEXT, CATEGORY or NUMBER of each column, by name.
        reads: the names of the sequences of a row: ("",), or REF and ALT.
        rows: rows(advance) yields all rows; it calls advance(n) after n more bytes of the file.
        size: of the file in bytes.
        remedy: what to do if two rows have one name; "" if the later ones are left out.
    """

    columns: dict[str, str]
    reads: tuple[str, ...]
    rows: Callable[[Advance], Iterator[Row]]
    size: int
    remedy: str


@contextmanager
def opened_rows(files: Files, window: int) -> Iterator[tuple[RowSource, dict[str, Input]]]:
    """Open what a command embeds; yield the rows, and the inputs of the job.

    Raises:
        HyenaDNAError: a file cannot be read, or REF alleles differ from the genome.
    """
    if files.fasta is None:
        path = files.named
        regular_file(path)
        rows = sequence_source(path, files.sequence_column, files.name_column)
        yield rows, {"sequences": Input(str(path), sha256_of(path))}
        return
    genome = open_genome(files.fasta)
    inputs = {"fasta": Input(str(files.fasta), genome.sha256)}
    if files.vcf is None:
        path = files.named
        regular_file(path)
        yield interval_source(path, genome, files.name_by_place), inputs | {"bed": Input(str(path), sha256_of(path))}
        return
    names = contig_names(genome, files.aliases, files.chr_prefix)
    with vcf_source(files.vcf) as source:
        counts = count_variants(source, genome, names)
        if not files.allow_mismatch:
            check_references(counts, source, genome)
        yield variant_source(source, genome, names, window), inputs | {"vcf": Input(source.name, counts.sha256)}


def sequence_source(path: Path, sequence_column: str | None = None, name_column: str | None = None) -> RowSource:
    """Return the sequences of a FASTA or a table."""

    def records(advance: Advance) -> Iterator[Record]:
        if suffix_of(path) in FASTA:
            return fasta_records(path, advance, None, (), needs_labels=False)
        return table_records(path, advance, sequence_column, (), False, name_column)

    def rows(advance: Advance) -> Iterator[Row]:
        for record in records(advance):
            sequence = bases_of(path, record)
            if strange := sequence.translate(None, BASE_CHARACTERS):
                name, letter = shown(record.name, NAME), chr(strange[0])
                raise HyenaDNAError(f"{path}, row {name}: {letter!r} is no base: check that it is DNA, not a protein.")
            bases = np.frombuffer(sequence, np.uint8)
            yield Row(record.name, (Read(bases),), (len(bases),), record.left_out or fault_of(bases))

    return RowSource({"length": NUMBER}, ("",), rows, size_of(path), "give each its own name")


def interval_source(path: Path, genome: Genome, by_place: bool = False) -> RowSource:
    """Return the intervals of a BED file, on their strands.

    Column 4 has the names, if it is there and not "."; without it, or with `by_place`, the name is
    the place.
    """

    def rows(advance: Advance) -> Iterator[Row]:
        for _, region in regions(path, advance, genome):
            named = "" if by_place or len(region.columns) < 4 else region.columns[3].strip().removeprefix(".")
            bases, at = np.frombuffer(region.bases, np.uint8), region.interval
            columns = (at.chrom, at.start, at.end, region.strand)
            yield Row(named or region.place, (Read(bases),), columns, fault_of(bases))

    columns = {"chrom": CATEGORY, "start": NUMBER, "end": NUMBER, "strand": CATEGORY}
    remedy = "keep one of them"
    if not by_place:
        remedy = f"give each its own name in column 4, or add --name-by-place; of equal intervals, {remedy}"
    return RowSource(columns, ("",), rows, size_of(path), remedy)


def variant_source(vcf: Source, genome: Genome, names: Names, window: int) -> RowSource:
    """Return the alleles of a VCF in windows of the genome.

    An allele has its shortest form, and the name chrom:position:ref:alt with a position from 1.
    Alleles that `hyenadna score` does not score are left out, for the same reasons, and so are
    alleles that come again.
    """

    def rows(advance: Advance) -> Iterator[Row]:
        for record in read_variants(vcf, genome, names, advance):
            for allele, (alt, reason) in enumerate(zip(record.alts, record.reasons, strict=True)):
                variant = Variant(record.chrom, record.start, record.ref, alt, record.number, allele)
                yield _variant_row(genome, variant, reason, window)

    columns = {"chrom": CATEGORY, "start": NUMBER, "ref": TEXT, "alt": TEXT}
    columns |= {"window_start": NUMBER, "window_end": NUMBER, "record": NUMBER}
    return RowSource(columns, (REF, ALT), rows, vcf.path.stat().st_size, remedy="")


def _variant_row(genome: Genome, variant: Variant, reason: Reason, window: int) -> Row:
    name = f"{variant.chrom}:{variant.start + 1}:{variant.ref}:{variant.alt}"
    if reason:
        return Row(name, (), (), reason.text)
    variant = normalized(genome, variant)
    chrom, start, ref, alt = variant[:4]
    if max(len(ref), len(alt)) > longest_allele(window, snap=False):
        return Row(name, (), (), Reason.TOO_LONG.text)
    first, last = place(variant, genome.contigs[chrom], window)
    before, own, after = (
        genome.read(chrom, *edges) for edges in ((first, start), (start, start + len(ref)), (start + len(ref), last))
    )
    other = np.frombuffer(alt.encode(), np.uint8)
    left = len(before)
    of_ref = Read(np.concatenate([before, own, after]), left, left + len(ref))
    of_alt = Read(np.concatenate([before, other, after]), left, left + len(alt))
    columns = (chrom, start, ref, alt, first, last, variant.record)
    return Row(f"{chrom}:{start + 1}:{ref}:{alt}", (of_ref, of_alt), columns)
