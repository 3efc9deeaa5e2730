"""The rows of a file of variants: TraitGym's Parquet, a TSV or CSV, a VCF with a label in INFO."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from hyenadna_core import HyenaDNAError, open_table, vcf_source, vcf_text

CHROM, POS, REF, ALT = range(4)  # of a place
COLUMNS = {
    "chrom": ("chrom", "#chrom", "chr", "chromosome"),
    "pos": ("pos", "position"),
    "ref": ("ref",),
    "alt": ("alt",),
    "label": ("label", "labels", "target", "class", "y"),
}
DISTANCES = ("tss_dist", "exon_dist")  # of the published files: bases to the nearest start of a gene, and exon
TRUE, FALSE = {"1", "true", "1.0"}, {"0", "false", "0.0"}
SHOWN = 20  # characters of an allele in a message
MOST_DIGITS = 18  # of a position
VCF_INFO = 7


class Row(NamedTuple):
    """A row: a 0-based start, alleles in capitals, and place, its four columns as in the file."""

    chrom: str
    start: int
    ref: str
    alt: str
    label: str
    place: tuple[str, ...]
    distances: Mapping[str, str]


class Labels(NamedTuple):
    """Which labels are positive and negative; without names, 1 and true against 0 and false."""

    positive: str | None = None
    negative: str | None = None

    def are_positive(self, labels: set[str], path: Path) -> dict[str, bool]:
        """Return whether each label that counts is positive.

        Raises:
            HyenaDNAError: the labels are not of two kinds, or a named one is not there.
        """
        names = ", ".join(sorted(labels)[:8])
        if self.positive is None:
            if self.negative is not None:
                raise HyenaDNAError("--negative needs --positive, the label of the causal variants: give both.")
            if not all(label.lower() in TRUE | FALSE for label in labels):
                raise HyenaDNAError(
                    f"The labels of {path} are {names}: name the causal one with --positive, and the one to compare "
                    "with by --negative."
                )
            return {label: label.lower() in TRUE for label in labels}
        for label in filter(None, self):
            if label not in labels:
                raise HyenaDNAError(f"{path} has no label {label!r}, but {names}: correct --positive or --negative.")
        counted = labels if self.negative is None else {self.positive, self.negative}
        return {label: label == self.positive for label in counted}


def table_rows(path: Path, columns: Mapping[str, str | None]) -> Iterator[Row]:
    """Read the rows of a table with a header.

    Raises:
        HyenaDNAError: a column is missing, or pos is no whole number from 1.
    """
    table = open_table(path, lambda done: None)
    numbers = [table.find(columns[name], usual) for name, usual in COLUMNS.items()]
    distances = [name for name in DISTANCES if name in table.columns]
    wanted = [*numbers, *(table.columns.index(name) for name in distances)]
    for number, (chrom, pos, ref, alt, label, *rest) in enumerate(table.rows(wanted), start=1):
        place = (chrom, pos, ref, alt)
        start = _start(pos, f"{path}, row {number:,}")
        yield Row(chrom, start, ref.upper(), alt.upper(), label, place, dict(zip(distances, rest, strict=True)))


def vcf_rows(path: Path, key: str | None) -> Iterator[Row]:
    """Read the alleles of a VCF; INFO has one label for the record, or one for each ALT.

    A flag in INFO is true where it is, and false elsewhere.

    Raises:
        HyenaDNAError: the file cannot be read, a record has no label, or POS is no whole number
            from 1.
    """
    key = key or COLUMNS["label"][0]
    with vcf_source(path) as source:
        text = vcf_text(source)
        definition = re.compile(rf"##INFO=<(?:[^\"]*,)?ID={re.escape(key)}[,>]")
        is_flag = any(definition.match(line) and "Type=Flag" in line for line in text.header)
        for place, columns in text.records:
            info = dict(_pair(each) for each in columns[VCF_INFO].split(";"))
            alts = columns[4].split(",")
            if is_flag:
                labels = [str(int(key in info))] * len(alts)
            else:
                labels = info.get(key, "").split(",")
                labels = labels * len(alts) if len(labels) == 1 else labels
            if len(labels) != len(alts) or not all(labels):
                raise HyenaDNAError(f"{place}: INFO has no {key} for each ALT: add it, or name another --label-column.")
            chrom, pos, ref = columns[0], columns[1], columns[3]
            for alt, label in zip(alts, labels, strict=True):
                yield Row(chrom, _start(pos, place), ref.upper(), alt.upper(), label, (chrom, pos, ref, alt), {})


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key, value


def _start(pos: str, place: str) -> int:
    """Return the 0-based start of a 1-based position."""
    if not (pos.isascii() and pos.isdigit() and len(pos) <= MOST_DIGITS and int(pos)):
        raise HyenaDNAError(f"{place}: pos is {pos[:SHOWN]!r}, expected a whole number from 1.")
    return int(pos) - 1
