"""Predictions of rows held out, by models whose penalty is chosen among the rows to train on."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hyenadna_core.evaluation.metrics import METRICS, scikit_learn
from hyenadna_core.labelled.targets import Target
from hyenadna_core.probe.features import Features
from hyenadna_core.probe.folds import Fold, Folds
from hyenadna_core.probe.models import Fitting, ProbeModel
from hyenadna_core.terminal import Advance, notice

CHOSEN_BY = {"classes": "mcc", "regression": "r2"}
WORSE = 2  # penalties in a row that are worse than the best end the search


class Choice(NamedTuple):
    """The columns and the penalty of a fold; the inner figures of each penalty, by columns."""

    columns: str
    penalty: float
    figures: dict[str, list[float]]


@dataclass(frozen=True)
class HeldOut:
    """Predictions of a model for each row, when it was held out: (n, K); a choice for each fold."""

    model: ProbeModel
    predicted: np.ndarray
    choices: tuple[Choice, ...]


def held_out(
    model: ProbeModel,
    features: Features,
    target: Target,
    targets: np.ndarray,
    folds: Folds,
    fitting: Fitting,
    advance: Advance,
) -> HeldOut:
    """Fit a model for each fold and predict the rows that the fold holds out.

    The columns and the penalty have the best figure, MCC or R2, over all inner rows held out. Among
    equal figures the strongest penalty counts. `advance` is called with 1 after each fit.
    """
    predicted = np.zeros((len(targets), len(target.names)))
    choices = []
    with one_thread():
        for fold in folds.folds:
            choice = choose(model, features, target, targets, fold, replace(fitting, to_choose=True), advance)
            train, others = features.scaled(choice.columns, fold.train, fold.held_out)
            (predict,) = model.fit(train, targets[fold.train], (choice.penalty,), fitting)
            predicted[fold.held_out] = predict(others)
            choices.append(choice)
            advance(1)
    _notice_edges(model, choices)
    return HeldOut(model, predicted, tuple(choices))


def fits(model: ProbeModel, features: Features, folds: Folds) -> int:
    """Return how many fits `held_out` makes."""
    to_choose = len(features.choices) * len(model.penalties)
    return len(folds.folds) + (to_choose > 1) * sum(len(fold.inner) * to_choose for fold in folds.folds)


def choose(
    model: ProbeModel,
    features: Features,
    target: Target,
    targets: np.ndarray,
    fold: Fold,
    fitting: Fitting,
    advance: Advance,
) -> Choice:
    """Choose the columns and the penalty of a fold by its inner folds.

    Penalties are tried from the strongest on, until two in a row are worse than the best.
    """
    if len(features.choices) * len(model.penalties) == 1:
        return Choice(next(iter(features.choices)), model.penalties[0], {})
    figures = {
        columns: list(_figures(model, features, columns, target, targets, fold, fitting, advance))
        for columns in features.choices
    }
    best = max(((each, columns) for columns, of in figures.items() for each in of), key=lambda pair: pair[0])
    return Choice(best[1], model.penalties[figures[best[1]].index(best[0])], figures)


def _figures(
    model: ProbeModel,
    features: Features,
    columns: str,
    target: Target,
    targets: np.ndarray,
    fold: Fold,
    fitting: Fitting,
    advance: Advance,
) -> Iterator[float]:
    """Yield the figure of each penalty over all inner rows held out."""
    metric, best, worse = METRICS[CHOSEN_BY[target.kind]], -math.inf, 0
    of_rows, paths = [], []
    for train, rows in fold.inner:
        scaled, others = features.scaled(columns, train, rows)
        of_rows.append(others)
        paths.append(model.fit(scaled, targets[train], model.penalties, fitting))
    truth = np.concatenate([targets[rows] for _, rows in fold.inner])
    for number, predicts in enumerate(zip(*paths, strict=True), start=1):
        predicted = np.concatenate([predict(others) for predict, others in zip(predicts, of_rows, strict=True)])
        figure = metric.of(predicted, truth)
        figure = -math.inf if math.isnan(figure) else figure
        yield figure
        advance(len(paths))
        best, worse = max(best, figure), (worse + 1 if figure < best else 0)
        if worse == WORSE:
            advance(len(paths) * (len(model.penalties) - number))
            return


@contextmanager
def one_thread() -> Iterator[None]:
    """Run on one thread: on small arrays and busy cores, threads cost up to 100 times as much."""
    scikit_learn("utils")  # it brings threadpoolctl
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


def _notice_edges(model: ProbeModel, choices: list[Choice]) -> None:
    if len(model.penalties) < 2:
        return
    for penalty, side in ((model.penalties[0], "strongest"), (model.penalties[-1], "weakest")):
        if count := sum(choice.penalty == penalty for choice in choices):
            chosen = f"{count} of {len(choices)} folds chose the {side} penalty, {model.parameter} {penalty:g}"
            notice(f"{model.name}: {chosen}: a better one may lie beyond it.")
