"""Intervals of figures by the bootstrap: whole clusters of rows are drawn with replacement."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from hyenadna_core.evaluation.metrics import INTERVAL, Metric
from hyenadna_core.terminal import progress

MANY = 20_000  # rows above which there are fewer rounds
ROUNDS, ROUNDS_OF_MANY = 1000, 200


def drawn_figures(
    metrics: Sequence[Metric],
    predicted: Mapping[str, np.ndarray],
    targets: np.ndarray,
    clusters: np.ndarray,
    seed: int = 0,
    rounds: int | None = None,
) -> dict[str, np.ndarray]:
    """Return figures of each model in rounds of the bootstrap: (rounds, metrics).

    A round draws as many clusters as there are, with replacement, the same ones for all models. So
    the difference of two models in each round is the paired bootstrap of their difference.

    Args:
        predicted: predictions of each model: (n, K).
        clusters: the number of each row's cluster, from 0: (n,).
    """
    rounds = rounds or (ROUNDS if len(targets) <= MANY else ROUNDS_OF_MANY)
    count = int(clusters.max()) + 1
    rng = np.random.default_rng(seed)
    figures = {name: np.empty((rounds, len(metrics))) for name in predicted}
    fast = {name: {metric.name: _fast(metric, each, targets) for metric in metrics} for name, each in predicted.items()}
    with progress("Bootstrap", rounds) as advance:
        for number in range(rounds):
            times = np.bincount(rng.integers(count, size=count), minlength=count)[clusters]  # (n,)
            rows = np.repeat(np.arange(len(targets)), times)
            for name, each in predicted.items():
                for column, metric in enumerate(metrics):
                    of = fast[name][metric.name]
                    figures[name][number, column] = of(times) if of else metric.of(each[rows], targets[rows])
            advance(1)
    return figures


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the ends of the 95 % interval of drawn values; undefined ones are left out."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return math.nan, math.nan
    low, high = np.percentile(defined, INTERVAL)
    return float(low), float(high)


def _fast(metric: Metric, predicted: np.ndarray, targets: np.ndarray) -> Callable[[np.ndarray], float] | None:
    """Return a function of the number of times that each row was drawn, if there is a fast one.

    It must equal the metric of the repeated rows.
    """
    if targets.ndim > 1:
        return None
    if metric.name in OF_CONFUSION:
        return partial(_of_confusion, OF_CONFUSION[metric.name], predicted, targets)
    return _area_of_classes(AREAS[metric.name], predicted, targets) if metric.name in AREAS else None


def _of_confusion(
    of: Callable[[np.ndarray], float], predicted: np.ndarray, targets: np.ndarray, times: np.ndarray
) -> float:
    """Compute a metric from the confusion matrix of rows drawn some times: (n, K), (n,), (n,)."""
    classes = predicted.shape[1]
    cells = np.bincount(targets * classes + predicted.argmax(axis=1), weights=times, minlength=classes**2)
    return of(cells.reshape(classes, classes))


def _accuracy(counts: np.ndarray) -> float:
    return float(np.trace(counts) / counts.sum())


def _mcc(counts: np.ndarray) -> float:
    true, predicted, total = counts.sum(axis=1), counts.sum(axis=0), counts.sum()
    if (true > 0).sum() < 2:
        return math.nan
    spread = (total**2 - (true**2).sum()) * (total**2 - (predicted**2).sum())
    return float((np.trace(counts) * total - (true * predicted).sum()) / math.sqrt(spread)) if spread else 0.0


def _f1(counts: np.ndarray) -> float:
    both = counts.sum(axis=0) + counts.sum(axis=1)
    return float(np.mean(2 * np.diag(counts)[both > 0] / both[both > 0]))


def _area_of_classes(
    area: Callable[[np.ndarray, np.ndarray], float], predicted: np.ndarray, targets: np.ndarray
) -> Callable[[np.ndarray], float]:
    """Return the mean area of each class against the rest, as a function of times drawn: (n,).

    It needs the order of the rows, which is the same in all rounds.
    """
    classes = range(predicted.shape[1]) if predicted.shape[1] > 2 else (1,)
    parts = []
    for k in classes:
        order = np.argsort(-predicted[:, k], kind="stable")
        is_last = np.append(np.diff(predicted[order, k]) != 0, True)  # of rows with equal predictions
        parts.append((order, targets[order] == k, is_last))

    def of(times: np.ndarray) -> float:
        areas = []
        for order, is_k, is_last in parts:
            drawn = times[order]
            true, false = np.cumsum(drawn * is_k)[is_last], np.cumsum(drawn * ~is_k)[is_last]
            if true[-1] and false[-1]:
                areas.append(area(true, false))
        return float(np.mean(areas)) if areas else math.nan

    return of


def _auroc(true: np.ndarray, false: np.ndarray) -> float:
    """Return the area below the ROC curve from counts of rows above each threshold: (m,), (m,)."""
    from scipy.integrate import trapezoid

    return float(trapezoid(np.append(0, true), np.append(0, false)) / (true[-1] * false[-1]))


def _average_precision(true: np.ndarray, false: np.ndarray) -> float:
    gained = np.diff(true, prepend=0)
    return float((gained * true / np.maximum(true + false, 1)).sum() / true[-1])


OF_CONFUSION: Mapping[str, Callable[[np.ndarray], float]] = {"accuracy": _accuracy, "mcc": _mcc, "f1": _f1}
AREAS: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {"auroc": _auroc, "auprc": _average_precision}
