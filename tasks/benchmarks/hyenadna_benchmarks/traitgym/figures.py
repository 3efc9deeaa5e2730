"""AUPRC by block, its mean weighted by the number of variants, and its standard error.

These are the published definitions (AUPRC_by_chrom_weighted_average): the weight of a block is its
number of variants, positive and negative. The standard error is the standard deviation of the
weighted mean over 1,000 draws of whole blocks with replacement.

In a small block, even a random order has an AUPRC above the share of positives. So a score is
compared with its mean over all ways to give the labels to the variants: its ties stay.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

ROUNDS = 1000
INTERVAL = (2.5, 97.5)
CHANCE = ("chance", "random_order")  # the share of positives, and the mean over all orders without ties


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """Return the area under the precision-recall curve as average precision: (n,), (n,) -> ()."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels, scores))


def random_order(labels: np.ndarray, scores: np.ndarray) -> float:
    """Return the mean average precision over all permutations of the labels: (n,), (n,) -> ().

    Let e be the number of variants with at least the score of a variant: the end of its group of
    ties. The variant is positive in a share m / n of the permutations, and each of the e - 1 others
    is then positive in a share (m - 1) / (n - 1). So the variant adds
    (1 + (e - 1) (m - 1) / (n - 1)) / (e n) to the mean. Without ties, the ends are 1 to n. If all
    scores are equal, the mean is m / n.
    """
    n, positives = len(labels), int(labels.sum())
    ends = n - np.searchsorted(np.sort(scores), scores)
    of_itself = float((1 / ends).sum())  # the sum of 1 / e
    return (of_itself + (positives - 1) / max(1, n - 1) * (n - of_itself)) / n


def block_rows(
    blocks: np.ndarray,
    names: Sequence[str],
    labels: np.ndarray,
    scores: Mapping[str, np.ndarray],
    figure: Callable[[np.ndarray, np.ndarray], float] = average_precision,
) -> list[dict[str, Any]]:
    """Return a row for each block: its counts, and the AUPRC of a random order and each score.

    `figure` is computed of the labels and a score: `random_order` gives the random figure of each
    score. A block whose variants are all positive, or all negative, has None: no order can be wrong
    there.
    """
    rows = []
    for name in names:
        own = blocks == name
        n, positives = int(own.sum()), int(labels[own].sum())
        has_both = 0 < positives < n
        row: dict[str, Any] = {"block": name, "n": n, "positives": positives}
        row["chance"] = positives / n if has_both else None
        row["random_order"] = random_order(labels[own], np.arange(n)) if has_both else None
        for score, values in scores.items():
            row[score] = figure(labels[own], values[own]) if has_both else None
        rows.append(row)
    return rows


def summary_rows(
    rows: Sequence[Mapping[str, Any]],
    random_rows: Sequence[Mapping[str, Any]],
    overall: Mapping[str, float],
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Return a row for each score: weighted mean, standard error, difference from a random order.

    Args:
        rows: those of `block_rows`; blocks with one class do not count.
        random_rows: those of `block_rows` with the figure `random_order`.
        overall: the AUPRC over all variants by score.
    """
    used, used_random = ([row for row in each if row["chance"] is not None] for each in (rows, random_rows))
    n = np.array([row["n"] for row in used], float)
    drawn = np.random.default_rng(seed).integers(len(used), size=(ROUNDS, len(used)))
    out = []
    for score in overall:
        auprc_by_block, random = (np.array([row[score] for row in each]) for each in (used, used_random))
        mean = float(np.average(auprc_by_block, weights=n))
        means = np.average(auprc_by_block[drawn], weights=n[drawn], axis=1)
        above = np.average((auprc_by_block - random)[drawn], weights=n[drawn], axis=1)
        low, high = np.percentile(above, INTERVAL)
        is_measured = score not in CHANCE
        out.append(
            {
                "score": score,
                "auprc": mean,
                "se": float(means.std(ddof=1)),
                "above_random": mean - float(np.average(random, weights=n)) if is_measured else None,
                "low": float(low) if is_measured else None,
                "high": float(high) if is_measured else None,
                "auprc_of_all": overall[score],
            }
        )
    return out
