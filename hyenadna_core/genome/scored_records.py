"""Records of a VCF with the scores of their alleles."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.variants import Reason
from hyenadna_core.genome.vcf_text import ALT, Source


class Scored(NamedTuple):
    """A record as its columns of text, with a score or nan and a reason for each ALT allele."""

    columns: list[str]
    alts: list[str]
    scores: list[float]
    reasons: list[Reason]


class ScoredFile(NamedTuple):
    """A VCF with scores: the lines of its header, its records, and what made the scores."""

    source: Source
    header: list[str]
    records: Iterator[Scored]
    settings: Mapping[str, object]


def scored_records(
    source: Source, lines: Iterator[tuple[str, list[str]]], values: Iterable[float], reasons: Iterable[int]
) -> Iterator[Scored]:
    """Join the records of a VCF with a value and a reason for each of their ALT alleles.

    Raises:
        HyenaDNAError: there are more or fewer values than alleles.
    """
    values, reasons = iter(values), iter(reasons)
    for _, columns in lines:
        alts = columns[ALT].split(",")
        own = [Reason(int(reason)) for reason in islice(reasons, len(alts))]
        scores = [float(value) for value in islice(values, len(alts))]
        if not len(alts) == len(own) == len(scores):
            break
        yield Scored(columns, alts, [math.nan if why else score for score, why in zip(scores, own, strict=True)], own)
    else:
        if next(values, None) is None and next(reasons, None) is None:
            return
    raise HyenaDNAError(f"{source.name} changed after it was scored: its alleles are different. Score it again.")


def number_text(score: float) -> str:
    """Return a score with six digits, as htslib prints floats; nan is "."."""
    return "." if math.isnan(score) else f"{score + 0.0:.6g}"  # + 0.0 turns -0.0 to 0.0
