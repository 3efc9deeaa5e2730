"""Variants with labels from a table or a VCF, compared with the genome."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_benchmarks.traitgym.rows import CHROM, COLUMNS, REF, SHOWN, Labels, Row, table_rows, vcf_rows
from hyenadna_core import HyenaDNAError, Variant, variant_reason

VCF = re.compile(r"\.(vcf|bcf)(\.b?gz)?$", re.IGNORECASE)
OTHER_CONTIG = "other_contig"
REFERENCE = (OTHER_CONTIG, "ref_mismatch", "n_in_reference", "past_contig_end")
SCORED = "."
LABEL = "label"  # the only column of a VCF that may have another name
BLOCK = 5_000_000  # bases of a block on a single chromosome, as in `hyenadna probe`


@dataclass(frozen=True)
class LabelledVariants:
    """The variants of a file that have a label.

    Args:
        variants: n variants, with the names that contigs have in the FASTA.
        labels: (n,) bool, true for causal ones.
        reasons: why each has no score; "." if it has one.
        places: chrom, pos, ref and alt of each, as the file has them.
        distances: (n,) float by the name of a column, if the file has such columns. Each variant
            that can have a score has a number.
        incomplete: the number of variants that can have a score and have no distance, by column;
            such a column is not in `distances`.
        other_labels: the number of rows left out by label, which is neither positive nor negative.
    """

    variants: Sequence[Variant]
    labels: np.ndarray
    reasons: Sequence[str]
    places: Sequence[tuple[str, ...]]
    distances: Mapping[str, np.ndarray]
    incomplete: Mapping[str, int]
    other_labels: Mapping[str, int]

    @property
    def scored(self) -> np.ndarray:
        """Which variants can have a score: (n,) bool."""
        return np.array([reason == SCORED for reason in self.reasons], bool)

    def blocks(self, size: int | None, genome: Any) -> np.ndarray:
        """Return the name of the block of each variant, (n,): a chromosome, or a part of it."""
        if size is None:
            return np.array([each.chrom for each in self.variants])
        names = []
        for each in self.variants:
            first = each.start // size * size
            end = min(first + size, genome.contigs.get(each.chrom, first + size))
            names.append(f"{each.chrom}:{first + 1:,}-{end:,}")
        return np.array(names)


def read_variants(
    path: Path,
    genome: Any,
    names: Callable[[str], str],
    labels: Labels,
    columns: Mapping[str, str | None],
    window: int,
) -> LabelledVariants:
    """Read a file of variants; its name tells the format.

    Args:
        names: turns the name of a contig in the file into that in the FASTA.
        columns: the names of the columns chrom, pos, ref, alt and label, or None.
        window: bases that the model reads; an allele has at most half of them.

    Raises:
        HyenaDNAError: the file cannot be read, a column is missing, a row has no position, labels
            are of more than two kinds, no variant is on a contig of the genome, or columns of a VCF
            have names.
    """
    is_vcf = bool(VCF.search(path.name))
    if is_vcf and (given := [name for name, column in columns.items() if column and name != LABEL]):
        raise HyenaDNAError(
            f"{path} is a VCF, whose columns have fixed names: leave out "
            f"{', '.join(f'--{name}-column' for name in given)}."
        )
    rows = list(vcf_rows(path, columns[LABEL]) if is_vcf else table_rows(path, columns))
    if not rows:
        raise HyenaDNAError(f"{path} has no variants: it needs at least one row.")
    is_causal = labels.are_positive({row.label for row in rows}, path)
    kept = [row for row in rows if row.label in is_causal]
    variants = [Variant(names(row.chrom), row.start, row.ref, row.alt) for row in kept]
    if not any(each.chrom in genome.contigs for each in variants):
        raise HyenaDNAError(
            f"{path} and {genome.path} have no contig in common: the variants are on "
            f"{_first(row.chrom for row in kept)}, "
            f"the FASTA has {_first(genome.contigs)}: give --chr-prefix add or strip."
        )
    reasons = [_reason(genome, each, window) for each in variants]
    return LabelledVariants(
        variants,
        np.array([is_causal[row.label] for row in kept], bool),
        reasons,
        [row.place for row in kept],
        *_distances(kept, np.array([reason == SCORED for reason in reasons], bool)),
        Counter(row.label for row in rows if row.label not in is_causal),
    )


def check_references(variants: LabelledVariants, path: Path, genome: Any) -> None:
    """Check that each variant is on a contig of the genome, with its REF allele.

    Raises:
        HyenaDNAError: one is not. The line counts them, and names the first ones.
    """
    wrong = [place for place, reason in zip(variants.places, variants.reasons, strict=True) if reason in REFERENCE]
    if wrong:
        absent = OTHER_CONTIG in variants.reasons
        prefix = " --chr-prefix add or strip if its contigs have other names," if absent else ""
        first = ", ".join(f"{place[CHROM]}:{place[1]} REF={place[REF][:SHOWN]}" for place in wrong[:3])
        raise HyenaDNAError(
            f"{path}: {len(wrong):,} of {len(variants.variants):,} REF alleles are not in {genome.path} "
            f"({counts_of(variants)}), first {first}: give the FASTA of the file,{prefix} or --allow-mismatch to "
            "leave these variants without score."
        )


def counts_of(variants: LabelledVariants) -> str:
    """Return how many variants have no score, by reason: "ref_mismatch 3, n_in_reference 1"."""
    counts = Counter(reason for reason in variants.reasons if reason != SCORED)
    return ", ".join(f"{reason} {count:,}" for reason, count in counts.most_common())


def block_names(names: np.ndarray, genome: Any) -> list[str]:
    """Return the different names of blocks in the order of the genome."""
    contigs = list(genome.contigs)

    def place(name: str) -> tuple[int, int]:
        if name in genome.contigs:
            return contigs.index(name), 0
        chrom, _, interval = name.rpartition(":")
        number = contigs.index(chrom) if chrom in genome.contigs else len(contigs)
        return number, int(interval.partition("-")[0].replace(",", "") or 0) if chrom else 0

    return sorted(dict.fromkeys(names.tolist()), key=place)


def _reason(genome: Any, variant: Variant, window: int) -> str:
    """Return why a variant has no score, or "."."""
    reason = str(variant_reason(genome, variant).text)
    if reason == SCORED and max(len(variant.ref), len(variant.alt)) > window // 2:
        return "too_long"
    return reason


def _distances(rows: Sequence[Row], scored: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Return the columns of distances, and how many scored rows of the others have no number."""
    complete, incomplete = {}, {}
    for name in rows[0].distances:
        values = np.abs([_number(row.distances[name]) for row in rows])
        if missing := int((~np.isfinite(values[scored])).sum()):
            incomplete[name] = missing
        else:
            complete[name] = values
    return complete, incomplete


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _first(names: Iterator[str] | Mapping[str, Any]) -> str:
    different = list(dict.fromkeys(names))
    more = f" and {len(different) - len(COLUMNS):,} more" if len(different) > len(COLUMNS) else ""
    return ", ".join(different[: len(COLUMNS)]) + more
