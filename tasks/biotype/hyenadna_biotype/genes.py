"""The genes of a GTF or GFF3 file with their biotypes."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from hyenadna_core import HyenaDNAError, progress, text_lines

KINDS = ("gene", "ncRNA_gene", "pseudogene")  # column 3; Ensembl's GFF3 has all three
ENDINGS = ("gene", "gene_segment")  # of other kinds, such as tRNA_gene; a part of a gene has the attribute Parent
BIOTYPES = ("gene_biotype", "gene_type", "biotype")  # attributes: Ensembl and RefSeq, GENCODE, Ensembl's GFF3
NAMES = ("gene_id", "ID", "gene_name", "Name")  # attributes, the best first
COLUMNS = 9
POSITION = re.compile(r"[0-9]{1,18}")
SEQUENCES = ("##FASTA", ">")  # a GFF3 may end with sequences


@dataclass(frozen=True)
class Gene:
    """Bases start to end of a contig, 0-based half-open, on a strand; "" is an unknown biotype."""

    name: str
    chrom: str
    start: int
    end: int
    strand: str
    biotype: str

    @property
    def place(self) -> str:
        return f"{self.chrom}:{self.start + 1}-{self.end}"


@dataclass(frozen=True)
class Annotation:
    """The genes of a file, in its order, each with its own name.

    `sha256` is the checksum of the text of the file; `repeated` counts lines of genes that come
    again.
    """

    path: Path
    genes: Sequence[Gene]
    sha256: str
    repeated: int


def read_annotation(path: Path) -> Annotation:
    """Read the genes of a GTF or GFF3 file, plain or gzip.

    A name that several genes have is joined with their places.

    Raises:
        HyenaDNAError: the file cannot be read or has no genes, a line is damaged, or no gene has a
            biotype.
    """
    genes, checksum = [], sha256()
    size = path.stat().st_size if path.is_file() else 0  # what else it is, the reader tells
    with progress(f"Reading {path.name}", size) as advance:
        for number, line in enumerate(text_lines(path, advance), start=1):
            checksum.update(line.encode())
            text = line.rstrip("\r\n")
            if text.startswith(SEQUENCES):
                break
            if text.strip() and not text.startswith("#") and (gene := gene_of(f"{path}:{number}", text)):
                genes.append(gene)
    if not genes:
        raise HyenaDNAError(
            f"{path} has no line whose column 3 ends in {' or '.join(ENDINGS)}: give an annotation with genes."
        )
    if not any(gene.biotype for gene in genes):
        raise HyenaDNAError(
            f"{path}: none of its {len(genes):,} genes has an attribute {', '.join(BIOTYPES)}: give an annotation "
            "with biotypes, such as one of GENCODE or Ensembl."
        )
    kept = list(dict.fromkeys(genes))
    return Annotation(path, _with_own_names(kept), checksum.hexdigest(), len(genes) - len(kept))


def gene_of(place: str, text: str) -> Gene | None:
    """Return the gene of a line, or None if the line is of something else.

    `place` is the file and the line number, for messages.

    Raises:
        HyenaDNAError: the line is damaged.
    """
    columns = text.split("\t")
    if len(columns) != COLUMNS:
        raise HyenaDNAError(
            f"{place}: expected {COLUMNS} columns with tabs between them, found {len(columns)}: mend it."
        )
    if not all(map(POSITION.fullmatch, columns[3:5])) or not 1 <= int(columns[3]) <= int(columns[4]):
        raise HyenaDNAError(f"{place}: {columns[3]!r} to {columns[4]!r} are no positions: mend the line.")
    if not columns[2].endswith(ENDINGS):
        return None
    attributes = _attributes(place, "\t".join([*columns[:8], columns[8].strip()]))  # gffutils keeps blanks in names
    if columns[2] not in KINDS and attributes.get("Parent"):
        return None
    chrom, start, end, strand = columns[0], int(columns[3]) - 1, int(columns[4]), columns[6]
    name = "_".join(_first(attributes, NAMES).split()) or f"{chrom}:{start + 1}-{end}"
    return Gene(name, chrom, start, end, strand, _first(attributes, BIOTYPES))


def _attributes(place: str, text: str) -> Mapping[str, Sequence[str]]:
    from gffutils.feature import feature_from_line

    try:
        attributes: Mapping[str, Sequence[str]] = feature_from_line(text).attributes
    except Exception as error:  # gffutils raises many kinds
        raise HyenaDNAError(f"{place}: column 9 has no attributes of GTF or GFF3 ({error}): mend the line.") from None
    return attributes


def _first(attributes: Mapping[str, Sequence[str]], names: Sequence[str]) -> str:
    """Return the value of the first of the attributes that has one, or nothing."""
    values = (attributes[name] for name in names if attributes.get(name))
    return next((value[0].strip() for value in values if value[0].strip()), "")


def _with_own_names(genes: Sequence[Gene]) -> list[Gene]:
    counts = Counter(gene.name for gene in genes)
    return [
        replace(gene, name=f"{gene.name}|{gene.place}{gene.strand}|{gene.biotype}") if counts[gene.name] > 1 else gene
        for gene in genes
    ]
