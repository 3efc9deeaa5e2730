"""Predicted changes of a profile by a variant: difference of probabilities, and of log-odds."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from hyenadna_chromatin.windows import bases_between
from hyenadna_core import Variant, encode, reverse_complement

TOO_LONG = "too_long"  # as `hyenadna score` calls it
PREDICTED = "."


class Effect(NamedTuple):
    """The change of each label by a variant: probabilities and log-odds, (K,) each."""

    difference: np.ndarray
    log_odds: np.ndarray


def reason_of(record: Any, allele: int, window: int) -> str:
    """Return the reason for which an allele of a record has no prediction, or "." if it has one.

    The reasons are those of `hyenadna score`. An allele may have at most half of the window.
    """
    if reason := record.reasons[allele]:
        return str(reason.text)
    return TOO_LONG if max(len(record.ref), len(record.alts[allele])) > window // 2 else PREDICTED


def alleles_in_window(genome: Any, variant: Variant, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the window of a variant with its reference and with its alternate allele: (L,) each.

    The longer allele is in the middle. Both windows have the same bases before the variant, and as
    many bases behind it as they need. Bases outside of the contig are N.
    """
    chrom, start, ref, alt = variant[:4]
    before = (window - max(len(ref), len(alt))) // 2
    left = bases_between(genome, chrom, start - before, start)
    end = start + len(ref)
    windows = []
    for allele in (ref, alt):
        right = bases_between(genome, chrom, end, end + window - before - len(allele))
        windows.append(np.concatenate([left, np.frombuffer(allele.encode(), np.uint8), right]))
    return windows[0], windows[1]


def effects(
    model: Any, genome: Any, variants: Iterable[Variant], window: int, both_strands: bool, batch_size: int
) -> Iterator[Effect]:
    """Yield the effect of each variant, in order. All batches have one shape."""
    from scipy.special import expit

    rest = iter(variants)
    while group := list(islice(rest, batch_size)):  # twice as many windows
        windows = [bases for variant in group for bases in alleles_in_window(genome, variant, window)]
        ids = encode([bases.tobytes() for bases in windows])
        filled = ids[np.arange(2 * batch_size) % len(ids)]
        strands = [filled, reverse_complement(filled)] if both_strands else [filled]
        logits = [np.asarray(model.predict_on_batch(of_strand), np.float64)[: len(ids)] for of_strand in strands]
        chances = np.mean([expit(of_strand) for of_strand in logits], axis=0)
        odds = np.mean(logits, axis=0)
        for ref in range(0, len(ids), 2):
            yield Effect(chances[ref + 1] - chances[ref], odds[ref + 1] - odds[ref])
