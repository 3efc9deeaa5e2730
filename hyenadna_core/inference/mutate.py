"""Every substitution in a region: its score, and what it does to the other predictions."""

from typing import Any, NamedTuple

import numpy as np

from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.genome.region import check_interval
from hyenadna_core.genome.variants import Variant, bases_of
from hyenadna_core.inference.changes import Change, changed_predictions
from hyenadna_core.inference.score import variant_scores
from hyenadna_core.inference.windows import STRANDS, Window, check_reading, is_base
from hyenadna_core.terminal import Advance, tab_separated
from hyenadna_core.tokens import encode, reverse_complement

BASES = "ACGT"
LONGEST = 100_000  # bases of a region


class Effects(NamedTuple):
    """The bases of a region, (L,) letters, and the score of each substitution (L, 4) in nats.

    The columns are A, C, G and T. The base that is there is NaN, as is all at other letters.
    """

    sequence: str
    scores: np.ndarray


def substitutions(genome: Genome, region: Interval) -> list[Variant]:
    """Return every substitution of every base of a region, in order; other letters have none."""
    sequence = bases_of(genome, region.chrom, region.start, region.end)
    return [
        Variant(region.chrom, region.start + place, ref, alt, place, BASES.index(alt))
        for place, ref in enumerate(sequence)
        if ref in BASES
        for alt in BASES
        if alt != ref
    ]


def substitution_effects(
    model: Any,
    genome: Genome,
    region: Interval,
    *,
    window: int,
    strand: str = "both",
    batch_size: int = 16,
    advance: Advance = lambda done: None,
) -> Effects:
    """Score every substitution of every base of a region.

    Close substitutions share a window, as with `score --snap`. `advance` is called with the number
    of substitutions that are done, on each strand.

    Raises:
        HyenaDNAError: the region is not in the genome, or the model reads no such window.
    """
    check_reading(model, window, strand)
    check_interval(region, genome)
    variants = substitutions(genome, region)
    scores = np.full((len(region), len(BASES)), np.nan)
    values = variant_scores(
        model, genome, variants, window=window, strand=strand, snap=True, batch_size=batch_size, advance=advance
    )
    for variant, value in zip(variants, values, strict=True):
        scores[variant.record, variant.allele] = value
    return Effects(bases_of(genome, region.chrom, region.start, region.end), scores)


def table(region: Interval, effects: Effects) -> str:
    """Return the scores of substitutions as tab-separated text, with positions from 1."""
    rows = [("chrom", "pos", "ref", "alt", "llr")]
    for place, (ref, scores) in enumerate(zip(effects.sequence, effects.scores, strict=True)):
        known = [(alt, score) for alt, score in zip(BASES, scores, strict=True) if not np.isnan(score)]
        rows += [(region.chrom, str(region.start + place + 1), ref, alt, f"{score:.6g}") for alt, score in known]
    return tab_separated(rows) + "\n"


def dependencies(
    model: Any,
    genome: Genome,
    region: Interval,
    *,
    window: int,
    strand: str = "both",
    batch_size: int = 16,
    advance: Advance = lambda done: None,
) -> np.ndarray:
    """Return how a substitution of each base changes the prediction of each other one: (L, L).

    Element (i, j) is the largest absolute change of the log-odds of a base at j by a substitution
    at i, over all substitutions and bases (nats). The + strand gives it for j after i, the - strand
    for j before i. The region must fit into the window.
    """
    variants = substitutions(genome, region)
    values = np.zeros((len(region), len(region)), np.float32)
    middle = (region.start + region.end) // 2
    start = max(0, min(middle - window // 2, genome.contigs[region.chrom] - window))
    end = min(genome.contigs[region.chrom], start + window)
    for name in STRANDS[strand]:
        left = region.start - start if name == "+" else end - region.end
        shared = Window(region.chrom, start, end, name)
        places = [each.record if name == "+" else len(region) - 1 - each.record for each in variants]
        alts = [encode(each.alt) if name == "+" else reverse_complement(encode(each.alt)) for each in variants]
        changes = [
            Change(shared, left + place, 1, alt, len(region) - 1 - place)
            for place, alt in zip(places, alts, strict=True)
        ]
        for predicted in changed_predictions(model, genome, changes, window, batch_size):
            behind = changes[predicted.number].flank
            change = np.abs(log_odds(predicted.after[1:]) - log_odds(predicted.before[1 : 1 + behind])).max(axis=1)
            row = variants[predicted.number].record
            others = values[row, row + 1 :] if name == "+" else values[row, :row][::-1]
            np.maximum(others, np.where(is_base(predicted.ids[1 : 1 + behind]), change, 0), out=others)
            advance(1)
    return values


def log_odds(log_probs: np.ndarray) -> np.ndarray:
    """Return the log-odds of A, C, G and T, whose shares are scaled to a sum of 1: (L, 4)."""
    shares = np.exp(log_probs.astype(np.float64))
    total = shares.sum(axis=-1, keepdims=True)
    odds: np.ndarray = np.log(shares) - np.log(np.maximum(total - shares, np.finfo(np.float64).tiny))
    return odds
