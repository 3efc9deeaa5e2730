"""The genes of a GTF or GFF3 file with their biotypes."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from hyenadna_core import HyenaDNAError, progress, text_lines

ENDINGS = ("gene", "gene_segment")  # of column 3: gene, ncRNA_gene, pseudogene, tRNA_gene, V_gene_segment
BIOTYPES = ("gene_biotype", "gene_type", "biotype")  # attributes: Ensembl and RefSeq, GENCODE, Ensembl's GFF3
NAMES = ("gene_id", "ID", "gene_name", "Name")  # attributes, the best first
COLUMNS = 9
POSITION = re.compile(r"[0-9]{1,18}")
SEQUENCES = ("##FASTA", ">")  # a GFF3 may end with sequences
COMMENTS = ("#", "track ", "browser ")  # the last two are lines for the browser of UCSC
GFF3 = re.compile(r'[^\s"=;]+=')  # how column 9 begins; else it is of a GTF
OF_GTF = re.compile(r'(?:^|;)\s*+([^\s";]++)\s*+(?:"(.*?)"|([^";]*+))\s*(?=;|$)')  # key "value"; or key value;


@dataclass(frozen=True)
class Gene:
    """Bases start to end of a contig, 0-based half-open, on a strand; "" is an unknown biotype.

    Args:
        id: the attribute ID, which lines of one gene share in a GFF3.
        parents: the attribute Parent.
        in_parts: whether the gene has several lines, each with some of its bases.
    """

    name: str
    chrom: str
    start: int
    end: int
    strand: str
    biotype: str
    id: str = field(default="", compare=False, repr=False)
    parents: tuple[str, ...] = field(default=(), compare=False, repr=False)
    in_parts: bool = field(default=False, compare=False, repr=False)

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

    A gene whose Parent is a gene is a part of it, and is no gene. A name that several genes have is
    joined with the place, strand and biotype of each.

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
            if text.strip() and not text.startswith(COMMENTS) and (gene := gene_of(f"{path}:{number}", text)):
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
    return Annotation(path, _with_own_names(_whole(kept)), checksum.hexdigest(), len(genes) - len(kept))


def gene_of(place: str, text: str) -> Gene | None:
    """Return the gene of a line, or None if the line is of something else.

    `place` is the file and the line number, for messages.

    Raises:
        HyenaDNAError: the line is damaged.
    """
    columns = text.split("\t")
    is_gene = len(columns) >= COLUMNS and columns[2].endswith(ENDINGS)
    if len(columns) < COLUMNS or (is_gene and len(columns) > COLUMNS):
        raise HyenaDNAError(
            f"{place}: expected {COLUMNS} columns with tabs between them, found {len(columns)}: mend it."
        )
    if not is_gene:
        return None
    if not all(map(POSITION.fullmatch, columns[3:5])) or not 1 <= int(columns[3]) <= int(columns[4]):
        raise HyenaDNAError(f"{place}: {columns[3]!r} to {columns[4]!r} are no positions: mend the line.")
    attributes = attributes_of(columns[8].strip())
    chrom, start, end, strand = columns[0], int(columns[3]) - 1, int(columns[4]), columns[6]
    name = "_".join(_first(attributes, NAMES).split()) or f"{chrom}:{start + 1}-{end}"
    return Gene(
        name,
        chrom,
        start,
        end,
        strand,
        _first(attributes, BIOTYPES),
        id=attributes.get("ID", ""),
        parents=tuple(attributes.get("Parent", "").split(",")),
        in_parts=bool(attributes.get("part")),  # RefSeq: part=1/2
    )


def attributes_of(text: str) -> dict[str, str]:
    """Return the attributes of column 9 of a GFF3 or a GTF; of several with one key, the first.

    Values of a GFF3 end at the next semicolon, and are decoded (%2C). Those of a GTF may have
    semicolons in quotes.
    """
    if GFF3.match(text):
        parts = (part.partition("=") for part in text.split(";"))
        pairs = [(key.strip(), unquote(value.strip().strip('"'))) for key, _, value in parts]
    else:
        pairs = [(key, quoted or bare.strip()) for key, quoted, bare in OF_GTF.findall(text)]
    return dict(reversed(pairs))


def _first(attributes: Mapping[str, str], names: Sequence[str]) -> str:
    """Return the value of the first of the attributes that has one, or nothing."""
    values = (attributes.get(name, "").strip() for name in names)
    return next(filter(None, values), "")


def _whole(genes: Sequence[Gene]) -> list[Gene]:
    """Return genes without those that are parts of a gene, and a gene with several lines once."""
    ids = {gene.id for gene in genes if gene.id}
    whole: dict[object, Gene] = {}
    for number, gene in enumerate(genes):
        if ids.isdisjoint(gene.parents):
            same = gene.name if gene.in_parts else (gene.chrom, gene.id or number)
            whole[same] = replace(whole[same], in_parts=True) if same in whole else gene
    return list(whole.values())


def _with_own_names(genes: Sequence[Gene]) -> list[Gene]:
    counts = Counter(gene.name for gene in genes)
    return [
        replace(gene, name=f"{gene.name}|{gene.place}{gene.strand}|{gene.biotype}") if counts[gene.name] > 1 else gene
        for gene in genes
    ]
