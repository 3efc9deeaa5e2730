"""Fit the models of a probe on all folds, and compute their figures."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.evaluation.metrics import METRICS, Metric, measure
from hyenadna_core.labelled.targets import Target
from hyenadna_core.probe.bootstrap import drawn_figures, interval
from hyenadna_core.probe.features import Features, vector_features
from hyenadna_core.probe.folds import Folds
from hyenadna_core.probe.models import MODELS, Fitting, ProbeModel
from hyenadna_core.probe.nested import CHOSEN_BY, HeldOut, fits, held_out
from hyenadna_core.terminal import progress

OF_VECTORS = ("linear", "boosting")


class Figure(NamedTuple):
    """A figure over all rows held out, with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ProbeResult:
    """What models of vectors, and baselines, predict for the rows held out.

    Args:
        metric: the name of the metric that compares models.
        models: by name; those of vectors first.
        figures: by model and metric, over the predictions of all folds.
        of_folds: the same for each fold.
        against: the baseline that models of vectors are compared with.
        differences: the metric of each model of vectors minus that of the baseline.
    """

    metric: str
    models: Mapping[str, HeldOut]
    figures: Mapping[str, Mapping[str, Figure]]
    of_folds: Mapping[str, Sequence[Mapping[str, float]]]
    against: str
    differences: Mapping[str, Figure]

    @property
    def best(self) -> str:
        """Return the model of vectors with the best figure."""
        return max(self.differences, key=lambda name: _ordered(self.figures[name][self.metric].value))


def run_probe(
    values: np.ndarray,
    target: Target,
    targets: np.ndarray,
    folds: Folds,
    *,
    models: Sequence[str | ProbeModel] = OF_VECTORS,
    kmers: Features | None = None,
    baselines: Mapping[str, Features] | None = None,
    metrics: Sequence[Metric] = (),
    compared_by: str | None = None,
    balanced: bool = False,
    seed: int = 0,
    rounds: int | None = None,
) -> ProbeResult:
    """Fit models of vectors and baselines on the same folds, and compute figures with intervals.

    Args:
        values: the vectors, (n, D).
        targets: classes (n,), or values (n, 1).
        models: of OF_VECTORS, or other models.
        kmers: counts of k-mers for another baseline.
        baselines: more features by name, each for logistic or ridge regression.
        metrics: more metrics to measure.
        compared_by: the metric that compares models; by default the one that chooses penalties.
        balanced: weigh each class as if all had the same number of rows.
        rounds: of the bootstrap; by default 1,000, or 200 for more than 20,000 rows.

    Raises:
        HyenaDNAError: scikit-learn is not installed, there is no such model or metric, or two have
            one name.
    """
    models = tuple(dict.fromkeys(models))
    of_kind = MODELS[target.kind]
    for model in models:
        if isinstance(model, str) and model not in OF_VECTORS:
            raise HyenaDNAError(f"There is no model {shown(model)}: name {' or '.join(OF_VECTORS)}.")
    vectors = vector_features(values)
    work = [(of_kind[model] if isinstance(model, str) else model, vectors) for model in models]
    work += [(of_kind["kmers"], kmers)] if kmers is not None else []
    linear = of_kind["linear"]
    work += [(replace(linear, name=f"{name}, {linear.name}"), each) for name, each in (baselines or {}).items()]
    work.append((of_kind["constant"], vectors))
    _check_own_names("models", [model.name for model, _ in work])
    metrics = [metric for metric in (*METRICS.values(), *metrics) if target.kind in metric.kinds]
    _check_own_names("metrics", names := [each.name for each in metrics])
    metric = compared_by or CHOSEN_BY[target.kind]
    if metric not in names:
        raise HyenaDNAError(f"There is no metric {shown(metric)} of {target.kind}: name one of {first_names(names)}.")
    fitting = Fitting(len(target.names), seed, balanced)
    with progress("Fitting", sum(fits(model, features, folds) for model, features in work)) as advance:
        fitted = [held_out(model, features, target, targets, folds, fitting, advance) for model, features in work]
    by_name = {each.model.name: each for each in fitted}
    predicted = {name: each.predicted for name, each in by_name.items()}
    drawn = drawn_figures(metrics, predicted, targets, folds.clusters, seed, rounds)
    figures = {
        name: _with_intervals(metrics, measure(metrics, target.kind, each, targets), drawn[name])
        for name, each in predicted.items()
    }
    of_folds = {
        name: [measure(metrics, target.kind, each[fold.held_out], targets[fold.held_out]) for fold in folds.folds]
        for name, each in predicted.items()
    }
    column = names.index(metric)
    against = fitted[len(models)].model.name  # k-mers if they are counted
    differences = {
        name: Figure(
            figures[name][metric].value - figures[against][metric].value,
            *interval(drawn[name][:, column] - drawn[against][:, column]),
        )
        for name in list(by_name)[: len(models)]
    }
    return ProbeResult(metric, by_name, figures, of_folds, against, differences)


def _check_own_names(noun: str, names: Sequence[str]) -> None:
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise HyenaDNAError(f"Two {noun} have the name {shown(twice[0])}: give each its own.")


def _with_intervals(metrics: Sequence[Metric], values: Mapping[str, float], drawn: np.ndarray) -> dict[str, Figure]:
    return {
        metric.name: Figure(values[metric.name], *interval(drawn[:, column])) for column, metric in enumerate(metrics)
    }


def _ordered(figure: float) -> float:
    return -math.inf if math.isnan(figure) else figure
