"""The fast bootstrap equals a direct loop over rows that are repeated."""

import numpy as np
import pytest

from hyenadna_core.evaluation.metrics import METRICS
from hyenadna_core.probe.bootstrap import drawn_figures, interval


def predictions(kind, n=60, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    if kind == "regression":
        return rng.normal(size=(n, 1)), rng.normal(size=(n, 1))
    probabilities = rng.dirichlet(np.ones(classes), n).round(2)  # rounded, so that some are equal
    return probabilities, rng.integers(classes, size=n)


@pytest.mark.parametrize(("kind", "classes"), [("classes", 2), ("classes", 3), ("regression", 1)])
def test_each_round_equals_the_metric_of_repeated_rows(kind, classes):
    predicted, targets = predictions(kind, classes=classes)
    other = predictions(kind, classes=classes, seed=1)[0]
    clusters = np.random.default_rng(2).integers(12, size=60)
    metrics = [metric for metric in METRICS.values() if kind in metric.kinds]
    drawn = drawn_figures(metrics, {"one": predicted, "other": other}, targets, clusters, seed=5, rounds=20)
    rng = np.random.default_rng(5)
    for number in range(20):
        chosen = rng.integers(12, size=12)
        rows = np.concatenate([np.flatnonzero(clusters == cluster) for cluster in chosen])
        for name, each in (("one", predicted), ("other", other)):
            expected = [metric.of(each[rows], targets[rows]) for metric in metrics]
            np.testing.assert_allclose(drawn[name][number], expected, atol=1e-12)


def test_a_class_that_was_not_drawn_is_left_out_and_one_class_is_undefined():
    predicted, targets = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])
    metrics = [METRICS["auroc"], METRICS["auprc"]]
    drawn = drawn_figures(metrics, {"one": predicted}, targets, np.arange(2), rounds=30)["one"]
    assert np.isnan(drawn).any()
    np.testing.assert_array_equal(np.unique(drawn[~np.isnan(drawn)]), [1.0])


def test_an_interval_leaves_out_undefined_rounds():
    assert interval(np.append(np.arange(101.0), np.nan)) == (2.5, 97.5)
    assert np.isnan(interval(np.array([np.nan]))).all()


def test_many_rows_have_fewer_rounds():
    rows = np.zeros((20_001, 1))
    accuracy = [METRICS["accuracy"]]
    assert len(drawn_figures(accuracy, {"a": rows}, np.zeros(20_001, int), np.arange(20_001))["a"]) == 200
