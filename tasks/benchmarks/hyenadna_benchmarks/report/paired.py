"""Figures of classes from confusion matrices, and the paired bootstrap over rows.

These metrics depend only on the counts of (true class, predicted class). A bootstrap of n rows is
then a draw of n from the distinct patterns of a row: its class, and what each model predicts.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from hyenadna_benchmarks.report import PERCENT, ROUNDS

ENDS = (50 - PERCENT / 2, 50 + PERCENT / 2)  # percentiles
SEED = 0


def accuracy(counts: np.ndarray) -> np.ndarray:
    """Return the share of rows whose class is correct: (..., K, K) -> (...)."""
    return np.asarray(np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1)))


def mcc(counts: np.ndarray) -> np.ndarray:
    """Return the Matthews correlation: (..., K, K) -> (...); nan if all rows are of one class."""
    true, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    total, correct = true.sum(axis=-1), np.trace(counts, axis1=-2, axis2=-1)
    covariance = correct * total - (true * predicted).sum(axis=-1)
    of_true, of_predicted = total**2 - (true**2).sum(axis=-1), total**2 - (predicted**2).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        figure = covariance / np.sqrt(of_true * of_predicted)
    return np.where(of_true == 0, math.nan, np.where(of_predicted == 0, 0.0, figure))


def f1(counts: np.ndarray) -> np.ndarray:
    """Return the mean F1 over classes that are true or predicted: (..., K, K) -> (...)."""
    both = counts.sum(axis=-1) + counts.sum(axis=-2)  # (..., K)
    with np.errstate(invalid="ignore", divide="ignore"):
        of_classes = 2 * np.diagonal(counts, axis1=-2, axis2=-1) / both
        return np.asarray(np.where(both > 0, of_classes, 0).sum(axis=-1) / (both > 0).sum(axis=-1))


FIGURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"accuracy": accuracy, "mcc": mcc, "f1": f1}


def confusion(classes: int, predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return counts of rows, true by predicted classes: (n, K), (n,) -> (K, K)."""
    places = targets * classes + predicted.argmax(axis=-1)
    return np.bincount(places, minlength=classes**2).reshape(classes, classes).astype(np.float64)


def mean_figure(metric: str, runs: Sequence[np.ndarray], targets: np.ndarray) -> float:
    """Return the mean of a metric over runs: each (n, K), (n,) -> ()."""
    return float(np.mean([FIGURES[metric](confusion(run.shape[-1], run, targets)) for run in runs]))


def difference(
    metric: str, a: Sequence[np.ndarray], b: Sequence[np.ndarray], targets: np.ndarray, rounds: int = ROUNDS
) -> tuple[float, float, float]:
    """Return the mean metric of the runs A minus that of the runs B, and the ends of its interval.

    Each round draws n rows with replacement, the same for all runs, and takes the mean of the
    metric over the runs of each side. So the interval is that over test rows, for these runs.
    """
    classes = a[0].shape[-1]
    decided = np.stack([targets, *(run.argmax(axis=-1) for run in (*a, *b))], axis=1)  # (n, 1 + runs)
    patterns, counts = np.unique(decided, axis=0, return_counts=True)
    drawn = np.random.default_rng(SEED).multinomial(len(targets), counts / len(targets), size=rounds)
    of_rounds = np.concatenate([counts[None], drawn]).astype(np.float64)  # (1 + rounds, patterns)

    def mean(first: int, last: int) -> np.ndarray:
        figures = np.zeros(len(of_rounds))
        for run in range(first, last):
            cell = np.eye(classes**2)[patterns[:, 0] * classes + patterns[:, 1 + run]]  # (patterns, K * K)
            figures += FIGURES[metric]((of_rounds @ cell).reshape(-1, classes, classes)) / (last - first)
        return figures

    differences = mean(0, len(a)) - mean(len(a), len(a) + len(b))
    defined = differences[1:][~np.isnan(differences[1:])]
    low, high = np.percentile(defined, ENDS) if len(defined) else (math.nan, math.nan)
    return float(differences[0]), float(low), float(high)
