"""Scores of variants: the log-likelihood of the alternate allele minus that of the reference.

Both alleles stand in a window of the genome, with the same bases before and after them. The score
is the log-probability of all bases of the window with the alternate allele, minus that with the
reference allele, in nats. By default it is the mean of both strands. Differences are taken base by
base, then summed.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.variants import Reason, Variant, bases_of, normalized, variant_reason
from hyenadna_core.inference.changes import Change, Predicted, changed_predictions
from hyenadna_core.inference.windows import STRANDS, Window, check_reading, log_p_of_bases
from hyenadna_core.terminal import Advance
from hyenadna_core.tokens import encode, reverse_complement

SHOWN = 20  # bases of an allele in a message
OTHER_BASE = (Reason.REF_MISMATCH, Reason.N_IN_REFERENCE)
GRID = 4  # on a grid, windows begin at multiples of a quarter of their length


class Placed(NamedTuple):
    """The window of a variant with its reference allele, 0-based half-open."""

    start: int
    end: int


def longest_allele(window: int, snap: bool) -> int:
    """Return how many bases an allele may have, so that the window keeps bases on both sides."""
    return window // GRID if snap else window // 2


def place(variant: Variant, contig: int, window: int, snap: bool = False) -> Placed:
    """Return the window of a variant on a contig of `contig` bases, clipped at its ends.

    The window has `window` bases with the longer allele. The variant is in the middle; with `snap`,
    the window begins at a multiple of window / 4, and the variant is in the middle quarter.
    """
    longer = max(len(variant.ref), len(variant.alt))
    if snap:
        step = window // GRID
        first = (variant.start - 3 * window // 8) // step * step
    else:
        first = variant.start - (window - longer) // 2
    last = first + window - longer + len(variant.ref)
    return Placed(max(0, first), min(contig, last))


def variant_scores(
    model: Any,
    genome: Genome,
    variants: Sequence[Variant],
    *,
    window: int,
    strand: str = "both",
    snap: bool = False,
    batch_size: int = 16,
    advance: Advance = lambda done: None,
) -> np.ndarray:
    """Return the log-likelihood ratio of each variant in nats, as it stands: (n,) float64.

    Every allele must have at most `longest_allele` bases and lie on the contig. `advance(1)` is
    called after each variant on each strand.
    """
    scores = np.zeros(len(variants))
    strands = STRANDS[strand]
    for name in strands:
        changes = [_change(genome, variant, window, snap, name) for variant in variants]
        for predicted in changed_predictions(model, genome, changes, window, batch_size):
            scores[predicted.number] += difference(changes[predicted.number], predicted) / len(strands)
            advance(1)
    return scores


def score_variants(
    model: Any,
    genome: Genome,
    variants: Sequence[Variant],
    *,
    window: int,
    strand: str = "both",
    snap: bool = False,
    batch_size: int = 16,
    advance: Advance = lambda done: None,
) -> np.ndarray:
    """Return the scores of `hyenadna score`, in nats: (n,) float64.

    An insertion or deletion first gets its normal form, which is that of `bcftools norm`.

    Args:
        window: bases that the model reads at once; no more than in its training.
        strand: "both" (the mean), "+" or "-".
        snap: let close variants share a window, as `--snap` does.
        advance: advance(1) is called after each variant on each strand.

    Raises:
        HyenaDNAError: a REF allele is not in the genome, an ALT allele has other letters than A, C,
            G and T or is too long, or the model reads no such window.
    """
    check_reading(model, window, strand)
    return variant_scores(
        model,
        genome,
        [_checked(genome, variant, longest_allele(window, snap)) for variant in variants],
        window=window,
        strand=strand,
        snap=snap,
        batch_size=batch_size,
        advance=advance,
    )


def _checked(genome: Genome, variant: Variant, longest: int) -> Variant:
    """Return the normal form of a variant, if it can have a score."""
    chrom, start, ref, alt = variant[:4]
    reason = variant_reason(genome, variant)
    if not reason or reason is Reason.SAME_AS_REF:
        variant = normalized(genome, variant)
        if max(len(variant.ref), len(variant.alt)) <= longest:
            return variant
        reason = Reason.TOO_LONG
    there = f"; the genome has {bases_of(genome, chrom, start, start + len(ref))}" if reason in OTHER_BASE else ""
    name = f"{chrom}, start {start:,}, {shown(ref, SHOWN)}>{shown(alt, SHOWN)}"
    raise HyenaDNAError(f"The variant {name} has no score: {reason.text}{there}. start counts from 0.")


def _change(genome: Genome, variant: Variant, window: int, snap: bool, strand: str) -> Change:
    """Return a variant as a change of the window that is read on a strand."""
    contig = genome.contigs[variant.chrom]
    start, end = place(variant, contig, window, snap)
    ref, alt = len(variant.ref), encode(variant.alt)
    left, right = variant.start - start, end - (variant.start + ref)
    # The window goes on behind the flank, so that alleles of all lengths share it.
    if strand == "+":
        return Change(Window(variant.chrom, start, min(contig, start + window), "+"), left, ref, alt, right)
    whole = Window(variant.chrom, max(0, end - window), end, "-")
    return Change(whole, right, ref, reverse_complement(alt), left)


def difference(change: Change, predicted: Predicted) -> float:
    """Return log P with the change minus log P without it, summed from the changed base on.

    Bases that are not A, C, G or T, or have no past, do not count.
    """
    ref, alt, flank = change.ref, len(change.alt), change.flank
    ids, before, after = predicted.ids, predicted.before, predicted.after
    behind = ids[ref : ref + flank]
    of_flank = log_p_of_bases(after[alt:], behind).astype(np.float64) - log_p_of_bases(
        before[ref : ref + flank], behind
    )
    of_alleles = np.nansum(log_p_of_bases(after[:alt], change.alt), dtype=np.float64)
    of_alleles -= np.nansum(log_p_of_bases(before[:ref], ids[:ref]), dtype=np.float64)
    return float(of_alleles + np.nansum(of_flank))
