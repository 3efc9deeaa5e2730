"""The difference of a metric between two models, with an interval from the paired bootstrap."""

import math

import numpy as np

from hyenadna_core.evaluation.metrics import INTERVAL, Metric, check_finite
from hyenadna_core.evaluation.outcome import Outcome
from hyenadna_core.terminal import progress

MANY = 20_000  # rows for which one round takes a tenth of a second
ROUNDS, FEWER_ROUNDS = 1000, 200  # up to MANY rows, and above
# Seconds of a metric for one row and label: AUROC of scikit-learn takes 0.4 microseconds for 2e4 to
# 5e5 rows; taking the rows of a round takes less.
SECONDS = 5e-7
AFFORDABLE = 1800.0  # seconds


def rounds_for(rows: int) -> int:
    """Return the number of rounds for a split of so many rows."""
    return ROUNDS if rows <= MANY else FEWER_ROUNDS


def too_long(metric: Metric, outcome: Outcome) -> str:
    """Return a sentence if the bootstrap over an outcome takes more than half an hour, else ""."""
    rounds = rounds_for(len(outcome))
    labels = outcome.labels if metric.of_label else 1
    seconds = 2 * rounds * len(outcome) * labels * SECONDS
    if seconds <= AFFORDABLE:
        return ""
    return (
        f"The difference has no interval: {rounds} rounds of the bootstrap over {len(outcome):,} rows and "
        f"{labels:,} labels would take about {seconds / 3600:,.1f} hours."
    )


def bootstrap_difference(
    metric: Metric,
    predicted_a: np.ndarray,
    predicted_b: np.ndarray,
    targets: np.ndarray,
    seed: int = 0,
    rounds: int = ROUNDS,
) -> tuple[float, float, float]:
    """Return the difference of a metric, A minus B, and the ends of its 95 % interval.

    The interval comes from the paired bootstrap: each round draws n rows with replacement, the same
    rows for both models. Rounds with an undefined metric are left out; without rounds it is nan.

    Raises:
        HyenaDNAError: predictions are not finite.
    """
    for predicted in (predicted_a, predicted_b):
        check_finite(Outcome("", predicted, targets))
    random = np.random.default_rng(seed)
    differences = np.empty(rounds)
    with progress(f"Bootstrap of {metric.name}", rounds) as advance:
        for number in range(rounds):
            rows = random.integers(len(targets), size=len(targets))
            of_rows = (metric.of(predicted[rows], targets[rows]) for predicted in (predicted_a, predicted_b))
            differences[number] = next(of_rows) - next(of_rows)
            advance(1)
    difference = float(metric.of(predicted_a, targets) - metric.of(predicted_b, targets))
    defined = differences[~np.isnan(differences)]
    low, high = np.percentile(defined, INTERVAL) if len(defined) else (math.nan, math.nan)
    return difference, float(low), float(high)
