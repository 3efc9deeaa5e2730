"""The models of a probe: linear ones with a penalty, boosted trees, and the share of each class.

A new model is one entry of MODELS.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hyenadna_core.evaluation.metrics import scikit_learn

Predict = Callable[[Any], np.ndarray]  # features (n, D) -> probabilities or values (n, K)
# scikit-learn's default for the tolerance, 1e-4, leaves an error of 0.005 in probabilities.
CONVERGED = {"max_iter": 20_000, "tol": 1e-6}
TO_CHOOSE = {"max_iter": 20_000, "tol": 1e-4}  # enough to choose a penalty, and many times as fast
TREES = {
    "max_iter": 100,
    "learning_rate": 0.1,
    "max_leaf_nodes": 31,
    "min_samples_leaf": 20,
    "early_stopping": False,  # it would validate on random rows, which may be homologous
}


@dataclass(frozen=True)
class Fitting:
    """How to fit: the number of classes K, the seed, class weights; or only to choose a penalty."""

    classes: int
    seed: int = 0
    balanced: bool = False
    to_choose: bool = False


@dataclass(frozen=True)
class ProbeModel:
    """A model of one kind of target.

    Args:
        name: in the table.
        parameter: the name of its penalty; "" if it has none.
        penalties: the values to choose from, the strongest penalty first.
        fit: fits the features and targets of the rows to train on, (n, D) and (n,) or (n, 1), for
            each penalty, and yields what predicts others; use it before the next is asked for.
    """

    name: str
    parameter: str
    penalties: tuple[float, ...]
    fit: Callable[[Any, np.ndarray, tuple[float, ...], Fitting], Iterator[Predict]]


def _logistic(x: Any, targets: np.ndarray, penalties: tuple[float, ...], fitting: Fitting) -> Iterator[Predict]:
    """Fit logistic regression, each penalty from the weights of the one before."""
    model = scikit_learn("linear_model").LogisticRegression(
        warm_start=True,
        class_weight="balanced" if fitting.balanced else None,
        **(TO_CHOOSE if fitting.to_choose else CONVERGED),
    )
    for penalty in penalties:
        model.set_params(C=penalty)
        yield from _fitted_classes(model, x, targets, fitting)


def _trees_of_classes(x: Any, targets: np.ndarray, _: tuple[float, ...], fitting: Fitting) -> Iterator[Predict]:
    weight = "balanced" if fitting.balanced else None
    trees = scikit_learn("ensemble").HistGradientBoostingClassifier
    yield from _fitted_classes(trees(random_state=fitting.seed, class_weight=weight, **TREES), x, targets, fitting)


def _fitted_classes(model: Any, x: Any, targets: np.ndarray, fitting: Fitting) -> Iterator[Predict]:
    """Fit a classifier; a class without a row to train on has probability 0."""
    present = np.unique(targets)
    if len(present) > 1:
        model.fit(x, targets)

    def predict(others: Any) -> np.ndarray:
        probabilities = np.zeros((others.shape[0], fitting.classes))
        probabilities[:, present] = model.predict_proba(others) if len(present) > 1 else 1.0
        return probabilities

    yield predict


def _ridge(x: Any, targets: np.ndarray, penalties: tuple[float, ...], fitting: Fitting) -> Iterator[Predict]:
    """Fit ridge regression for all penalties at once."""
    linear_model = scikit_learn("linear_model")
    center, scale = targets.mean(), targets.std() or 1.0
    values = np.repeat((targets - center) / scale, len(penalties), axis=1)
    exact = {} if isinstance(x, np.ndarray) else {"solver": "sparse_cg", **CONVERGED}
    model = linear_model.Ridge(alpha=np.array(penalties), **({"solver": "cholesky"} | exact)).fit(x, values)
    for number in range(len(penalties)):
        yield partial(_ridge_values, model, number, scale, center)


def _ridge_values(model: Any, number: int, scale: float, center: float, others: Any) -> np.ndarray:
    """Predict with one of the penalties of a ridge regression: (n, D) -> (n, 1)."""
    return np.asarray(model.predict(others).reshape(others.shape[0], -1)[:, [number]] * scale + center)


def _trees_of_values(x: Any, targets: np.ndarray, _: tuple[float, ...], fitting: Fitting) -> Iterator[Predict]:
    trees = scikit_learn("ensemble").HistGradientBoostingRegressor(random_state=fitting.seed, **TREES)
    trees.fit(x, targets[:, 0])
    yield lambda others: np.asarray(trees.predict(others))[:, None]


def _shares(x: Any, targets: np.ndarray, _: tuple[float, ...], fitting: Fitting) -> Iterator[Predict]:
    shares = np.bincount(targets, minlength=fitting.classes) / len(targets)
    yield lambda others: np.tile(shares, (others.shape[0], 1))


def _mean(x: Any, targets: np.ndarray, _: tuple[float, ...], fitting: Fitting) -> Iterator[Predict]:
    mean = targets.mean()
    yield lambda others: np.full((others.shape[0], 1), mean)


SEVEN_DECADES = tuple(10.0**power for power in range(-4, 3))
MODELS: Mapping[str, Mapping[str, ProbeModel]] = {
    "classes": {
        "linear": ProbeModel("logistic", "C", SEVEN_DECADES, _logistic),
        "boosting": ProbeModel("boosting", "", (0.0,), _trees_of_classes),
        "constant": ProbeModel("share of each class", "", (0.0,), _shares),
        "kmers": ProbeModel("k-mers, logistic", "C", (0.001, 0.01, 0.1, 1.0, 10.0), _logistic),
    },
    "regression": {
        "linear": ProbeModel("ridge", "alpha", tuple(10.0**power for power in range(5, -2, -1)), _ridge),
        "boosting": ProbeModel("boosting", "", (0.0,), _trees_of_values),
        "constant": ProbeModel("mean", "", (0.0,), _mean),
        "kmers": ProbeModel("k-mers, ridge", "alpha", tuple(10.0**power for power in range(4, -2, -1)), _ridge),
    },
}
