"""Predictions of rows held out equal those of scikit-learn, and nothing leaks from them."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import matthews_corrcoef, r2_score
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hyenadna_core.labelled.targets import Target
from hyenadna_core.probe import models
from hyenadna_core.probe.features import vector_features
from hyenadna_core.probe.folds import Rows, make_folds
from hyenadna_core.probe.models import MODELS, Fitting
from hyenadna_core.probe.nested import choose, fits, held_out

CLASSES = Target("classes", ("x", "y", "z"))
QUANTITY = Target("regression", ("value",))
SHIFT = np.array([0.0, 5, -3, 100, 0, 1, 2, 3])


def example(kind, n=150, seed=0):
    """Return vectors with columns of different scale, targets that depend on them, and folds."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 8)) * np.geomspace(0.01, 100, 8) + SHIFT
    z = (values - SHIFT) / np.geomspace(0.01, 100, 8)
    if kind == "classes":
        scores = np.stack([2 * z[:, 0], z[:, 1] - z[:, 2], -z[:, 0]], axis=1) + rng.gumbel(size=(n, 3))
        target, targets = CLASSES, scores.argmax(axis=1)
    else:
        target, targets = QUANTITY, (3 * z[:, [0]] - z[:, [1]] + rng.normal(size=(n, 1)) + 50)
    groups = np.array([f"g{number}" for number in rng.integers(12, size=n)])
    return values, target, targets, make_folds(Rows(target, targets, groups=groups), "group", 3)


def predicted(name, values, target, targets, folds, **options):
    model = MODELS[target.kind][name]
    fitting = Fitting(len(target.names), **options)
    return held_out(model, vector_features(values), target, targets, folds, fitting, lambda done: None)


@pytest.mark.parametrize("kind", ["classes", "regression"])
def test_nested_choice_equals_a_loop_over_scikit_learn(kind, monkeypatch):
    monkeypatch.setattr(models, "TO_CHOOSE", models.CONVERGED)
    values, target, targets, folds = example(kind)
    ours = predicted("linear", values, target, targets, folds)
    for fold, choice in zip(folds.folds, ours.choices, strict=True):
        figures = []
        for penalty in MODELS[kind]["linear"].penalties:
            inner = np.zeros((len(targets), len(target.names)))
            for train, rows in fold.inner:
                inner[rows] = fit_alone(kind, penalty, values[train], targets[train])(values[rows])
            rows = fold.train
            figures.append(
                matthews_corrcoef(targets[rows], inner[rows].argmax(axis=1))
                if kind == "classes"
                else r2_score(targets[rows], inner[rows])
            )
        ours_of_fold = choice.figures[""]
        np.testing.assert_allclose(ours_of_fold, figures[: len(ours_of_fold)], atol=1e-6)
        penalty = MODELS[kind]["linear"].penalties[int(np.argmax(figures[: len(ours_of_fold)]))]
        assert choice.penalty == penalty
        expected = fit_alone(kind, penalty, values[fold.train], targets[fold.train])(values[fold.held_out])
        np.testing.assert_allclose(ours.predicted[fold.held_out], expected, atol=2e-4)


def fit_alone(kind, penalty, values, targets):
    """Fit one model of scikit-learn to standardised vectors, far more exactly than we do."""
    if kind == "classes":
        return (
            make_pipeline(StandardScaler(), LogisticRegression(C=penalty, tol=1e-10, max_iter=10**5))
            .fit(values, targets)
            .predict_proba
        )
    scale = targets.std()
    model = make_pipeline(StandardScaler(), Ridge(alpha=penalty, solver="svd")).fit(values, targets[:, 0] / scale)
    return lambda others: model.predict(others)[:, None] * scale


def test_with_inner_folds_of_one_size_the_choice_is_that_of_grid_search():
    values, target, targets, folds = example("regression", n=180)
    fold = folds.folds[0]
    of = np.full(len(targets), -1)
    for number, (_, rows) in enumerate(fold.inner):
        of[rows] = number
    grid = GridSearchCV(
        make_pipeline(StandardScaler(), Ridge(solver="svd")),
        {"ridge__alpha": np.array(MODELS["regression"]["linear"].penalties) * 1.0},
        cv=PredefinedSplit(of[fold.train]),
        scoring="r2",
    ).fit(values[fold.train], targets[fold.train, 0])
    choice = predicted("linear", values, target, targets, folds).choices[0]
    assert choice.penalty == grid.best_params_["ridge__alpha"]


@pytest.mark.parametrize("kind", ["classes", "regression"])
@pytest.mark.parametrize("name", ["linear", "boosting", "constant"])
def test_rows_held_out_change_nothing_on_the_side_that_trains(kind, name):
    values, target, targets, folds = example(kind)
    fold = folds.folds[0]
    before = predicted(name, values, target, targets, replace(folds, folds=(fold,)))
    poisoned, other = values.copy(), targets.copy()
    first = np.flatnonzero(fold.held_out)[0]
    rest = fold.held_out.copy()
    rest[first] = False
    poisoned[rest] = 1e6
    other[fold.held_out] = 0
    after = predicted(name, poisoned, target, other, replace(folds, folds=(fold,)))
    assert after.choices == before.choices
    np.testing.assert_array_equal(after.predicted[first], before.predicted[first])


@pytest.mark.parametrize("name", ["linear", "boosting", "constant"])
def test_a_class_that_is_not_in_the_rows_to_train_on_has_probability_0(name):
    values, target, targets, folds = example("classes")
    fold = folds.folds[0]
    without = replace(fold, train=fold.train & (targets != 1))
    probabilities = predicted(name, values, target, targets, replace(folds, folds=(without,))).predicted[fold.held_out]
    np.testing.assert_array_equal(probabilities[:, 1], 0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_balanced_classes_raise_the_probability_of_a_rare_class():
    values, target, targets, folds = example("classes", n=300)
    rare = np.where(np.arange(300) % 10 == 0, targets, 0)
    for name in ("linear", "boosting"):
        plain, balanced = (
            predicted(name, values, target, rare, folds, balanced=each).predicted[:, 1:].sum() for each in (False, True)
        )
        assert balanced > 1.2 * plain


def test_the_number_of_fits_is_what_the_progress_bar_counts():
    values, target, targets, folds = example("classes")
    for name in ("linear", "boosting", "constant"):
        done = []
        model = MODELS["classes"][name]
        held_out(model, vector_features(values), target, targets, folds, Fitting(3), done.append)
        assert sum(done) == fits(model, vector_features(values), folds)


def test_the_search_ends_after_two_penalties_that_are_worse_than_the_best():
    def fit(x, targets, penalties, fitting):
        for penalty in penalties:
            tried.append(penalty)
            yield lambda others, error=penalty: others[:, [0]] + error

    values, target, _, folds = example("regression")
    truth = vector_features(values).scaled("", np.ones(150, bool), np.ones(150, bool))[1][:, [0]]
    for penalties, wanted in (((0.2, 0.1, 0.3, 0.1, 0.4, 0.5, 0.0), 6), ((0.3, 0.2, 0.1), 3)):
        tried, model = [], replace(MODELS["regression"]["linear"], penalties=penalties, fit=fit)
        fold = replace(folds.folds[0], inner=folds.folds[0].inner[:1])
        choice = choose(model, vector_features(values), target, truth, fold, Fitting(1), lambda done: None)
        assert (len(choice.figures[""]), choice.penalty) == (wanted, 0.1)


def test_a_penalty_at_the_edge_of_the_grid_has_a_notice(capsys):
    values, target, _, folds = example("regression")
    noise = np.random.default_rng(1).normal(size=(150, 1))
    predicted("linear", values, target, noise, folds)
    assert "folds chose the strongest penalty, alpha 100000: a better one may lie beyond" in capsys.readouterr().err


def test_vectors_of_one_constant_column_are_no_fault():
    values, target, targets, folds = example("classes")
    values[:, 3] = 7
    assert np.isfinite(predicted("linear", values, target, targets, folds).predicted).all()
