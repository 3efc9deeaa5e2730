"""`hyenadna score` as a job: its parts, their arrays, and the file that they make."""

from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from itertools import chain, islice, tee
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.genome.contig_names import Names
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.scored_variants import check_output, write_scores
from hyenadna_core.genome.variants import Reason, Variant, normalized
from hyenadna_core.genome.vcf import Record, read_variants
from hyenadna_core.genome.vcf_text import Source, vcf_source
from hyenadna_core.inference.job import Job
from hyenadna_core.inference.part_file import Arrays
from hyenadna_core.inference.score import longest_allele, variant_scores
from hyenadna_core.inference.shard import WHOLE, Shard
from hyenadna_core.terminal import Advance

RECORDS = 256  # of a part


def sizes(records: int) -> list[int]:
    """Return the number of records of each part."""
    return [min(RECORDS, records - first) for first in range(0, records, RECORDS)]


class RecordsOfParts:
    """The records of a VCF, read once for parts with rising numbers."""

    def __init__(self, source: Source, genome: Genome, names: Names) -> None:
        self._records, self._next = read_variants(source, genome, names), 0

    def of(self, part: int) -> list[Record]:
        """Return the records of a part; parts before it that were not asked for are skipped."""
        skipped = islice(self._records, (part - self._next) * RECORDS)
        for _ in skipped:
            pass
        self._next = part + 1
        return list(islice(self._records, RECORDS))


def alleles_to_score(
    genome: Genome, records: Iterable[Record], window: int, snap: bool
) -> tuple[list[Reason], dict[int, Variant]]:
    """Return the reason of each allele, and the alleles without one by their place in the list.

    Alleles are in their shortest form, so that the same variant has the same score, however it is
    written.
    """
    reasons: list[Reason] = []
    variants: dict[int, Variant] = {}
    longest = longest_allele(window, snap)
    for record in records:
        own = list(record.reasons)
        for variant in record.variants():
            shortest = normalized(genome, variant)
            if max(len(shortest.ref), len(shortest.alt)) > longest:
                own[variant.allele] = Reason.TOO_LONG
            else:
                variants[len(reasons) + variant.allele] = shortest
        reasons += own
    return reasons, variants


def compute(
    model: Any, genome: Genome, records: Iterable[Record], advance: Advance, window: int, snap: bool, **options: Any
) -> Arrays:
    """Return the arrays of a part: for each allele its score, nan without one, and its reason."""
    reasons, variants = alleles_to_score(genome, records, window, snap)
    scores = np.full(len(reasons), np.nan, np.float64)
    if variants:
        values = variant_scores(
            model, genome, list(variants.values()), window=window, snap=snap, advance=advance, **options
        )
        scores[list(variants)] = values
    return {"llr": scores.astype(np.float32), "reason": np.array(reasons, np.uint8)}


def summary(parts: Iterable[Arrays], shard: Shard) -> str:
    """Return a line: how many alleles have a score, and the reasons for the others."""
    reasons = Counter(chain.from_iterable(arrays["reason"].tolist() for arrays in parts))
    alleles, scored = reasons.total(), reasons.pop(Reason.SCORED, 0)
    text = f"Scored {scored:,} of {alleles:,} alleles" + ("" if shard == WHOLE else f" of shard {shard}")
    skipped = ", ".join(f"{count:,} {Reason(reason).text}" for reason, count in reasons.most_common())
    return f"{text}; no score: {skipped}." if skipped else f"{text}."


def outputs(_job: Job, out: Path) -> list[Path]:
    """Return the file with the scores, which can be "-" for stdout, and check it."""
    check_output(out)
    return [out]


def write(job: Job, parts: Iterable[Arrays], out: Path) -> None:
    """Write the scores of all parts of a job into `out`."""
    scores, reasons = tee(parts)
    settings = {"version": version("hyenadna"), "weights_sha256": job.inputs["weights"].sha256}
    settings |= {name: job.options[name] for name in ("weights", "window", "strand", "snap", "precision")}
    with vcf_source(job.inputs["vcf"].path) as source:
        write_scores(source, out, _each(scores, "llr"), _each(reasons, "reason"), settings)


def _each(parts: Iterable[Arrays], name: str) -> Iterator[Any]:
    return chain.from_iterable(arrays[name].tolist() for arrays in parts)
