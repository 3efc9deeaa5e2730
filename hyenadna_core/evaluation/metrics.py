"""Metrics of the predictions of a whole split, by name. A new metric is one function here.

The kind of target gives the shapes of predictions and targets:

- "classes": probabilities (n, K), and the number of the class (n,).
- "labels": probabilities (n, K), and 0 or 1 (n, K).
- "regression": values (n, K), and values (n, K).
- "bases": as "classes", with n bases.

An undefined metric is nan, for example the AUROC of a split with one class.
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

THRESHOLD = 0.5  # a label with at least this probability is predicted
INTERVAL = (2.5, 97.5)  # percentiles of the bootstrap


@dataclass(frozen=True)
class Metric:
    """A number that compares predictions with targets: `of(predicted, targets)`.

    `kinds` are its kinds of target. `better` is "max" or "min". Predictions are always finite. A
    function for several kinds recognises labels by targets with two axes.
    """

    name: str
    of: Callable[[np.ndarray, np.ndarray], float]
    kinds: tuple[str, ...]
    better: str = "max"
    description: str = ""


def measure(metrics: Iterable[Metric], kind: str, predicted: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Compute each metric of the predictions, by name.

    Bases whose target is -1 have no label and are left out.

    Raises:
        HyenaDNAError: a metric is not for this kind, predictions are not finite, or scikit-learn is
            needed but not installed.
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
    """Return the confusion matrix, true classes by predicted classes: (n, K), (n,) -> (K, K)."""
    return np.bincount(targets * classes + predicted.argmax(axis=-1), minlength=classes**2).reshape(classes, classes)


def _figure(metric: Metric, predicted: np.ndarray, targets: np.ndarray) -> float:
    """Compute a metric; if a plug-in's metric fails, warn and return nan."""
    try:
        return float(metric.of(predicted, targets))
    except HyenaDNAError:
        raise
    except Exception as error:  # a plug-in may raise anything
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
    """Return the difference of a metric, A minus B, and the ends of its 95 % interval.

    The interval comes from the paired bootstrap: each round draws n rows with replacement, the same
    rows for both models. Rounds with an undefined metric are left out.

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
    """Import a module of scikit-learn.

    Raises:
        HyenaDNAError: it is not installed.
    """
    try:
        return import_module(f"sklearn.{module}")
    except ImportError:
        raise HyenaDNAError(
            "This metric or baseline needs scikit-learn: run pip install 'hyenadna[classify]'."
        ) from None


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
    of_labels = [f1_score(label, prediction, zero_division=np.nan) for label, prediction in pairs]
    return math.nan if np.isnan(of_labels).all() else float(np.nanmean(of_labels))


def _auroc(predicted: np.ndarray, targets: np.ndarray) -> float:
    return _mean_of_labels(scikit_learn("metrics").roc_auc_score, predicted, targets)


def _auprc(predicted: np.ndarray, targets: np.ndarray) -> float:
    return _mean_of_labels(scikit_learn("metrics").average_precision_score, predicted, targets)


def _mean_of_labels(of: Callable[..., float], predicted: np.ndarray, targets: np.ndarray) -> float:
    """Average a metric over labels: (n, K), (n, K) or (n,) -> ().

    Labels that all rows have, or no row has, are left out. Each class is compared with the rest; of
    two classes, only the second counts.
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
    """Compute a correlation; 0, as for MCC, if all predictions are equal: (n,), (n,) -> ()."""
    if values.min() == values.max():
        return 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy warns of nearly constant values
        return float(of(values, truth).statistic)


def _mean_of_quantities(of: Callable[..., float], predicted: np.ndarray, targets: np.ndarray) -> float:
    """Average a metric over the quantities that vary between rows: (n, K), (n, K) -> ()."""
    pairs = zip(predicted.T.astype(np.float64), targets.T.astype(np.float64), strict=True)
    of_quantities = [of(values, truth) for values, truth in pairs if truth.min() != truth.max()]
    return float(np.mean(of_quantities)) if of_quantities else math.nan


OF_CLASSES = ("classes", "bases")
OF_LABELS = (*OF_CLASSES, "labels")
OF_QUANTITIES = ("regression",)

METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", _accuracy, OF_CLASSES, description="share of rows whose most likely class is correct"),
        Metric("mcc", _mcc, OF_CLASSES, description="Matthews correlation coefficient"),
        Metric("f1", _f1, OF_LABELS, description="harmonic mean of precision and recall, mean over classes or labels"),
        Metric("auroc", _auroc, OF_LABELS, description="area under the receiver operating characteristic curve"),
        Metric("auprc", _auprc, OF_LABELS, description="area under the precision-recall curve, as average precision"),
        Metric("r2", _r2, OF_QUANTITIES, description="share of the variance explained, mean over quantities"),
        Metric("pearson", _pearson, OF_QUANTITIES, description="Pearson correlation, mean over quantities"),
        Metric("spearman", _spearman, OF_QUANTITIES, description="Spearman rank correlation, mean over quantities"),
    )
}
