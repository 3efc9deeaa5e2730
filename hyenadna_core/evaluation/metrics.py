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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.evaluation.outcome import Outcome
from hyenadna_core.terminal import progress
from hyenadna_plugins import PluginWarning, reason_of

THRESHOLD = 0.5  # a label with at least this probability is predicted
INTERVAL = (2.5, 97.5)  # percentiles of the bootstrap
Comparison = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Metric:
    """A number that compares predictions with targets: `of(predicted, targets)`.

    `kinds` are its kinds of target. `better` is "max" or "min". Predictions are always finite. A
    function for several kinds recognises labels by targets with two axes.

    `of_label(values, truths)`, (n,), (n,) -> (), gives the value of one label or quantity, and nan
    if it is not defined, for example if no row has the label. The figure of labels and of
    quantities is then the mean over those that are defined, medians by group and labels.tsv follow,
    and `of` may be None. Each class is compared with the rest; of two classes only the second
    counts. If `decided`, `values` are not probabilities but decisions: whether the class is the
    most likely one, or whether the probability of the label is at least 0.5.
    """

    name: str
    of: Comparison
    kinds: tuple[str, ...]
    better: str = "max"
    description: str = ""
    of_label: Comparison | None = None
    decided: bool = False

    if TYPE_CHECKING:  # None is given, but not kept

        def __init__(
            self,
            name: str,
            of: Comparison | None,
            kinds: tuple[str, ...],
            better: str = "max",
            description: str = "",
            of_label: Comparison | None = None,
            decided: bool = False,
        ) -> None: ...

    def __post_init__(self) -> None:
        if self.of is None:
            object.__setattr__(self, "of", self._mean_of_columns)

    def _mean_of_columns(self, predicted: np.ndarray, targets: np.ndarray) -> float:
        """Average over labels, classes or quantities: (n, K), (n, K) or (n,) -> ()."""
        outcome = Outcome("classes" if targets.ndim == 1 else "labels", predicted, targets)
        of_labels = values_of_labels(self, outcome)
        return mean_of_defined(of_labels[1:] if targets.ndim == 1 and len(of_labels) == 2 else of_labels)


def measure(metrics: Iterable[Metric], kind: str, predicted: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Compute each metric of the predictions, by name.

    Bases whose target is -1 have no label and are left out.

    Raises:
        HyenaDNAError: a metric is not for this kind, predictions are not finite, or scikit-learn is
            needed but not installed.
    """
    if kind == "bases":
        predicted, targets = predicted[targets >= 0], targets[targets >= 0]
    return figures_of_outcome(metrics, Outcome(kind, predicted, targets))


def figures_of_outcome(metrics: Iterable[Metric], outcome: Outcome, groups: Sequence[str] = ()) -> dict[str, float]:
    """Compute each metric of an outcome by name, and its median for each group of labels.

    Args:
        groups: the group of each label or quantity, (K,); the median of `auroc` over the group TF
            has the name `auroc_median_TF`.

    Raises:
        HyenaDNAError: a metric is not for this kind, predictions are not finite, or scikit-learn is
            needed but not installed.
    """
    check_finite(outcome)
    by_label = outcome.kind in BY_LABEL
    figures = {}
    for metric in metrics:
        if outcome.kind not in metric.kinds:
            raise HyenaDNAError(
                f"The metric {metric.name} is not for {outcome.kind}: it is for {', '.join(metric.kinds)}."
            )
        if metric.of_label is None or not by_label:
            figures[metric.name] = _or_nan(metric, partial(metric.of, *outcome.arrays()), outcome)
            continue
        of_labels = values_of_labels(metric, outcome)
        figures[metric.name] = mean_of_defined(of_labels)
        for group in dict.fromkeys(groups):
            own = of_labels[[each == group for each in groups]]
            figures[median_name(metric, group)] = _of_defined(np.median, own)
    return figures


def median_name(metric: Metric, group: str) -> str:
    """Return the name of the median of a metric over a group of labels, without spaces."""
    return f"{metric.name}_median_{'_'.join(group.split())}"


def values_of_labels(metric: Metric, outcome: Outcome) -> np.ndarray:
    """Compute a metric for each class, label or quantity, once for an outcome: (K,)."""
    if metric.name in outcome.of_labels:
        return outcome.of_labels[metric.name]
    of_label, of_labels = metric.of_label, np.full(outcome.labels, math.nan)
    assert of_label is not None  # noqa: S101
    with progress(f"Measuring {metric.name}", len(of_labels)) as advance:
        for label in range(len(of_labels)):
            values, truths = outcome.column(label, metric.decided)
            if metric.decided and outcome.kind == "labels":
                values = values >= THRESHOLD
            of_labels[label] = _or_nan(metric, partial(of_label, values, truths), outcome)
            advance(1)
    outcome.of_labels[metric.name] = of_labels
    return of_labels


def mean_of_defined(values: np.ndarray) -> float:
    """Return the mean of the values that are not nan, or nan if there are none: (K,) -> ()."""
    return _of_defined(np.mean, values)


def _of_defined(of: Callable[[np.ndarray], Any], values: np.ndarray) -> float:
    defined = values[~np.isnan(values)]
    return float(of(defined)) if len(defined) else math.nan


def confusion(classes: int, predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the confusion matrix, true classes by predicted classes: (n, K), (n,) -> (K, K)."""
    return np.bincount(targets * classes + predicted.argmax(axis=-1), minlength=classes**2).reshape(classes, classes)


def _or_nan(metric: Metric, compute: Callable[[], float], outcome: Outcome) -> float:
    """Compute a value of a metric: nan without rows; if a plug-in's fails, warn and return nan."""
    if not len(outcome):
        return math.nan
    try:
        return float(compute())
    except HyenaDNAError:
        raise
    except Exception as error:  # a plug-in may raise anything
        warnings.warn(f"The metric {metric.name} failed: {reason_of(error)}", PluginWarning, stacklevel=4)
        return math.nan


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


def check_finite(outcome: Outcome) -> None:
    """Raise HyenaDNAError if predictions are nan or infinite."""
    if rows := outcome.rows_not_finite():
        raise HyenaDNAError(
            f"The predictions of {rows:,} of {len(outcome):,} rows are nan or infinite: "
            "if training diverged, try a lower --learning-rate."
        )


def _accuracy(predicted: np.ndarray, targets: np.ndarray) -> float:
    return float((predicted.argmax(axis=-1) == targets).mean())


def _mcc(predicted: np.ndarray, targets: np.ndarray) -> float:
    if len(np.unique(targets)) < 2:
        return math.nan
    return float(scikit_learn("metrics").matthews_corrcoef(targets, predicted.argmax(axis=-1)))


def _macro_f1(predicted: np.ndarray, targets: np.ndarray) -> float:
    """Average F1 over classes or labels: (n, K), (n,) or (n, K) -> ()."""
    f1_score = scikit_learn("metrics").f1_score
    if targets.ndim == 1:
        return float(f1_score(targets, predicted.argmax(axis=-1), average="macro", zero_division=np.nan))
    pairs = zip(targets.T, predicted.T, strict=True)
    return mean_of_defined(np.array([_f1(values >= THRESHOLD, truths) for truths, values in pairs]))


def _f1(values: np.ndarray, truths: np.ndarray) -> float:
    return float(scikit_learn("metrics").f1_score(truths, values, zero_division=np.nan))


def _auroc(values: np.ndarray, truths: np.ndarray) -> float:
    return _if_varied(scikit_learn("metrics").roc_auc_score, values, truths)


def _auprc(values: np.ndarray, truths: np.ndarray) -> float:
    return _if_varied(scikit_learn("metrics").average_precision_score, values, truths)


def _r2(values: np.ndarray, truths: np.ndarray) -> float:
    return _if_varied(scikit_learn("metrics").r2_score, values.astype(np.float64), truths.astype(np.float64))


def _pearson(values: np.ndarray, truths: np.ndarray) -> float:
    from scipy.stats import pearsonr

    return _correlation(pearsonr, values, truths)


def _spearman(values: np.ndarray, truths: np.ndarray) -> float:
    from scipy.stats import spearmanr

    return _correlation(spearmanr, values, truths)


def _correlation(of: Callable[..., Any], values: np.ndarray, truths: np.ndarray) -> float:
    """Compute a correlation; 0, as for MCC, if all predictions are equal: (n,), (n,) -> ()."""

    def statistic(truths: np.ndarray, values: np.ndarray) -> float:
        if values.min() == values.max():
            return 0.0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SciPy warns of nearly constant values
            return float(of(values, truths).statistic)

    return _if_varied(statistic, values.astype(np.float64), truths.astype(np.float64))


def _if_varied(of: Callable[..., float], values: np.ndarray, truths: np.ndarray) -> float:
    """Compute of(truths, values) if the truths differ between rows; else it is not defined: nan."""
    return float(of(truths, values)) if truths.min() != truths.max() else math.nan


BY_LABEL = ("labels", "regression")  # the figure is the mean over labels or quantities
OF_CLASSES = ("classes", "bases")
OF_LABELS = (*OF_CLASSES, "labels")
OF_QUANTITIES = ("regression",)

MEAN = None  # of: the mean of of_label

DESCRIPTIONS = {
    "accuracy": "share of rows whose most likely class is correct",
    "mcc": "Matthews correlation coefficient",
    "f1": "harmonic mean of precision and recall, mean over classes or labels",
    "auroc": "area under the receiver operating characteristic curve",
    "auprc": "area under the precision-recall curve, as average precision",
    "r2": "share of the variance explained, mean over quantities",
    "pearson": "Pearson correlation, mean over quantities",
    "spearman": "Spearman rank correlation, mean over quantities",
}
METRICS = {
    name: Metric(name, of, kinds, "max", DESCRIPTIONS[name], of_label, decided=name == "f1")
    for name, of, kinds, of_label in (
        ("accuracy", _accuracy, OF_CLASSES, None),
        ("mcc", _mcc, OF_CLASSES, None),
        ("f1", _macro_f1, OF_LABELS, _f1),
        ("auroc", MEAN, OF_LABELS, _auroc),
        ("auprc", MEAN, OF_LABELS, _auprc),
        ("r2", MEAN, OF_QUANTITIES, _r2),
        ("pearson", MEAN, OF_QUANTITIES, _pearson),
        ("spearman", MEAN, OF_QUANTITIES, _spearman),
    )
}
