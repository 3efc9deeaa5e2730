"""Metrics of predictions over a whole split, by name, and the difference between two models with its interval.

What predictions and targets are, by kind: "classes": probabilities (n, K), the number of the class (n,); "labels":
probabilities (n, K), 0 or 1 (n, K); "regression": values (n, K), values (n, K); "bases": as "classes", n being bases.
A figure that is not defined, such as the AUROC of a split with one class, is nan.
"""

import math
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.terminal import progress
from hyenadna_plugins import PluginWarning, reason_of

THRESHOLD = 0.5  # from which probability on a label is predicted to be there
INTERVAL = (2.5, 97.5)  # percentiles of the bootstrap


@dataclass(frozen=True)
class Metric:
    """A figure of predictions beside targets: `of(predicted, targets)`, for some kinds, better at its "max" or "min".

    `of` is only called with finite predictions. Of the kinds that it serves, it tells labels by targets of two axes.
    """

    name: str
    of: Callable[[np.ndarray, np.ndarray], float]
    kinds: tuple[str, ...]
    better: str = "max"
    description: str = ""


def measure(metrics: Iterable[Metric], kind: str, predicted: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Each metric of the predictions, by name; bases whose target is -1 have no label and are left out.

    Raises:
        HyenaDNAError: a metric is not for this kind, predictions are not finite, scikit-learn is needed and missing.
    """
    _check_finite(predicted)
    if kind == "bases":
        predicted, targets = predicted[targets >= 0], targets[targets >= 0]
    figures = {}
    for metric in metrics:
        if kind not in metric.kinds:
            raise HyenaDNAError(f"The metric {metric.name} is not for {kind}: it is for {', '.join(metric.kinds)}.")
        figures[metric.name] = _figure(metric, predicted, targets) if len(targets) else math.nan
    return figures


def confusion(classes: int, predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """How often each class, by row, was taken for each, by column: (n, K), (n,) -> (K, K)."""
    return np.bincount(targets * classes + predicted.argmax(axis=-1), minlength=classes**2).reshape(classes, classes)


def _figure(metric: Metric, predicted: np.ndarray, targets: np.ndarray) -> float:
    """What a metric says; nan, with a warning, where somebody's metric fails."""
    try:
        return float(metric.of(predicted, targets))
    except HyenaDNAError:
        raise
    except Exception as error:  # whatever a plug-in may raise
        warnings.warn(f"The metric {metric.name} failed: {reason_of(error)}", PluginWarning, stacklevel=3)
        return math.nan


def bootstrap_difference(
    metric: Metric,
    predicted_a: np.ndarray,
    predicted_b: np.ndarray,
    targets: np.ndarray,
    seed: int = 0,
    rounds: int = 1000,
) -> tuple[float, float, float]:
    """How much higher a metric is for A than for B on the same rows, and the ends of its 95 % interval.

    By the paired bootstrap: each round draws n rows with replacement, the same for both. Rounds in which the metric is
    not defined are left out.

    Raises:
        HyenaDNAError: predictions are not finite.
    """
    _check_finite(predicted_a)
    _check_finite(predicted_b)
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


def scikit_learn(module: str) -> Any:
    """A module of scikit-learn.

    Raises:
        HyenaDNAError: it is not installed.
    """
    try:
        return import_module(f"sklearn.{module}")
    except ImportError:
        raise HyenaDNAError("This figure needs scikit-learn: run pip install 'hyenadna[classify]'.") from None


def _check_finite(predicted: np.ndarray) -> None:
    if rows := int((~np.isfinite(predicted)).any(axis=-1).sum()):
        raise HyenaDNAError(
            f"The predictions of {rows:,} of {len(predicted):,} rows are nan or infinite: "
            "if training diverged, try a lower --learning-rate."
        )


def _accuracy(predicted: np.ndarray, targets: np.ndarray) -> float:
    return float((predicted.argmax(axis=-1) == targets).mean())


def _mcc(predicted: np.ndarray, targets: np.ndarray) -> float:
    if len(np.unique(targets)) < 2:
        return math.nan
    return float(scikit_learn("metrics").matthews_corrcoef(targets, predicted.argmax(axis=-1)))


def _f1(predicted: np.ndarray, targets: np.ndarray) -> float:
    f1_score = scikit_learn("metrics").f1_score
    if targets.ndim == 1:
        return float(f1_score(targets, predicted.argmax(axis=-1), average="macro", zero_division=np.nan))
    pairs = zip(targets.T, (predicted >= THRESHOLD).T, strict=True)
    of_labels = [f1_score(there, found, zero_division=np.nan) for there, found in pairs]
    return math.nan if np.isnan(of_labels).all() else float(np.nanmean(of_labels))


def _auroc(predicted: np.ndarray, targets: np.ndarray) -> float:
    return _mean_of_labels(scikit_learn("metrics").roc_auc_score, predicted, targets)


def _auprc(predicted: np.ndarray, targets: np.ndarray) -> float:
    return _mean_of_labels(scikit_learn("metrics").average_precision_score, predicted, targets)


def _mean_of_labels(of: Callable[..., float], predicted: np.ndarray, targets: np.ndarray) -> float:
    """The mean over labels that some rows have and some have not; each of several classes, or the last of two, is one.

    (n, K), (n, K) or (n,) -> ().
    """
    if targets.ndim == 1:
        targets = targets[:, None] == np.arange(predicted.shape[-1])
        if targets.shape[-1] == 2:
            predicted, targets = predicted[:, 1:], targets[:, 1:]
    both = [column for column, values in enumerate(targets.T) if values.min() != values.max()]
    return float(np.mean([of(targets[:, k], predicted[:, k]) for k in both])) if both else math.nan


def _r2(predicted: np.ndarray, targets: np.ndarray) -> float:
    return _mean_of_quantities(
        lambda values, truth: scikit_learn("metrics").r2_score(truth, values), predicted, targets
    )


def _pearson(predicted: np.ndarray, targets: np.ndarray) -> float:
    from scipy.stats import pearsonr

    return _mean_of_quantities(lambda *pair: _correlation(pearsonr, *pair), predicted, targets)


def _spearman(predicted: np.ndarray, targets: np.ndarray) -> float:
    from scipy.stats import spearmanr

    return _mean_of_quantities(lambda *pair: _correlation(spearmanr, *pair), predicted, targets)


def _correlation(of: Callable[..., Any], values: np.ndarray, truth: np.ndarray) -> float:
    """A correlation; 0, as MCC is, where the same value is predicted of all rows: (n,), (n,) -> ()."""
    if values.min() == values.max():
        return 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's, that values are nearly constant
        return float(of(values, truth).statistic)


def _mean_of_quantities(of: Callable[..., float], predicted: np.ndarray, targets: np.ndarray) -> float:
    """The mean over quantities that are not the same in all rows: (n, K), (n, K) -> ()."""
    pairs = zip(predicted.T.astype(np.float64), targets.T.astype(np.float64), strict=True)
    found = [of(values, truth) for values, truth in pairs if truth.min() != truth.max()]
    return float(np.mean(found)) if found else math.nan


OF_CLASSES = ("classes", "bases")
OF_LABELS = (*OF_CLASSES, "labels")
OF_QUANTITIES = ("regression",)

METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", _accuracy, OF_CLASSES, description="share of rows whose likeliest class is theirs"),
        Metric("mcc", _mcc, OF_CLASSES, description="Matthews correlation coefficient"),
        Metric("f1", _f1, OF_LABELS, description="harmonic mean of precision and recall, mean over classes or labels"),
        Metric("auroc", _auroc, OF_LABELS, description="area under the receiver operating characteristic"),
        Metric("auprc", _auprc, OF_LABELS, description="area under precision by recall, as average precision"),
        Metric("r2", _r2, OF_QUANTITIES, description="share of the variance explained, mean over quantities"),
        Metric("pearson", _pearson, OF_QUANTITIES, description="correlation of values, mean over quantities"),
        Metric("spearman", _spearman, OF_QUANTITIES, description="correlation of ranks, mean over quantities"),
    )
}
