"""Genes and exons of a GTF, and which bases of a region lie in them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.files.text import size_of, text_lines
from hyenadna_core.genome.intervals import POSITION
from hyenadna_core.terminal import progress

COLUMNS = 9
KINDS = ("gene", "exon")
NAMES = ("gene_name", "gene", "gene_id")  # attributes that name a gene, the best first
ATTRIBUTE = re.compile(r'\b(\w+) "([^"]*)"')


class Feature(NamedTuple):
    """A gene or an exon: bases start to end of a contig, 0-based half-open; `gene` is its name."""

    kind: str
    start: int
    end: int
    strand: str
    gene: str


def read_features(path: str | Path, chrom: str, start: int, end: int) -> list[Feature]:
    """Read the genes and exons of a GTF, plain or gzip, that share a base with a region.

    They have the order of the file. An exon of several transcripts of a gene comes once.

    Raises:
        HyenaDNAError: the file cannot be read, a line is no GTF, or no line has the contig.
    """
    path = Path(path)
    features: dict[Feature, None] = {}
    others: dict[str, None] = {}
    is_there = False
    with progress(f"Reading {path.name}", size_of(path)) as advance:
        for number, line in enumerate(text_lines(path, advance), start=1):
            name, _, rest = line.partition("\t")
            if name == chrom and rest:
                is_there = True
                if feature := _feature(f"{path}:{number}", line.rstrip("\r\n").split("\t"), start, end):
                    features[feature] = None
            elif not line.startswith("#") and line.strip():
                if not rest:
                    raise HyenaDNAError(f"{path}:{number}: the line has no tabs, so the file is no GTF.")
                others[name] = None
    if not is_there:
        raise HyenaDNAError(f"{path} has no contig '{shown(chrom)}'; it has {first_names(others)}.")
    return list(features)


def exons(path: str | Path, chrom: str, start: int, end: int) -> list[Feature]:
    """Read the exons of a GTF in a region: see `read_features`."""
    return [feature for feature in read_features(path, chrom, start, end) if feature.kind == "exon"]


def region_masks(features: Sequence[Feature], bases: np.ndarray, start: int) -> dict[str, np.ndarray]:
    """Return which bases of a region lie in exons, introns, between genes, and in repeats.

    Exons, introns and bases between genes share no base. Repeats are the lower-case bases.

    Args:
        bases: the bases of the region as bytes, in the case of the FASTA: (L,) uint8.
        start: the position of the first one, 0-based.

    Returns:
        (L,) bool under exon, intron, intergenic and repeat.
    """
    gene, exon = (_covered(features, kind, start, len(bases)) for kind in KINDS)
    return {
        "exon": exon,
        "intron": gene & ~exon,
        "intergenic": ~gene & ~exon,
        "repeat": (bases >= ord("a")) & (bases <= ord("z")),
    }


def _covered(features: Sequence[Feature], kind: str, start: int, length: int) -> np.ndarray:
    covered = np.zeros(length, bool)
    for feature in features:
        if feature.kind == kind:
            covered[max(feature.start - start, 0) : max(feature.end - start, 0)] = True
    return covered


def _feature(place: str, columns: Sequence[str], region_start: int, region_end: int) -> Feature | None:
    """Return the gene or exon of a line of a GTF if it shares a base with the region.

    Positions in the line count from 1 and include the end.
    """
    if len(columns) != COLUMNS or not all(map(POSITION.fullmatch, columns[3:5])):
        raise HyenaDNAError(
            f"{place}: expected {COLUMNS} columns with start and end in columns 4 and 5, "
            f"found '{shown(' '.join(columns))}'."
        )
    kind, start, end, strand = columns[2], int(columns[3]) - 1, int(columns[4]), columns[6]
    if not 0 <= start < end:
        raise HyenaDNAError(f"{place}: the {shown(kind)} {columns[3]}-{columns[4]} has no bases.")
    if kind not in KINDS or start >= region_end or end <= region_start:
        return None
    attributes = dict(ATTRIBUTE.findall(columns[8]))
    gene = next((attributes[name] for name in NAMES if attributes.get(name)), "")
    return Feature(kind, start, end, strand, gene)
