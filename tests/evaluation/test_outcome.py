"""Metrics of each label: their means are the figures, in memory and on disk."""

import math

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from hyenadna_core import HyenaDNAError, Metric, Target
from hyenadna_core.evaluation.metrics import METRICS, figures_of_outcome, measure, values_of_labels
from hyenadna_core.evaluation.outcome import Outcome
from hyenadna_core.evaluation.scratch import Scratch
from hyenadna_core.fields import FieldError

RANDOM = np.random.default_rng(0)


def labels(rows=300, columns=13):
    targets = (RANDOM.random((rows, columns)) < RANDOM.uniform(0.05, 0.5, columns)).astype(np.float32)
    targets[:, 4] = 0  # a label that no row has
    return RANDOM.random((rows, columns)), targets


@pytest.fixture
def on_disk(tmp_path):
    """Return a function that writes an outcome into files, in parts; they are closed at the end."""
    made = []

    def write(kind, predicted, targets):
        scratch = Scratch(tmp_path, len(predicted) + 5, predicted.shape[1], predicted.dtype)
        outcome = Outcome(kind, scratch, targets[:0])
        if targets.ndim == 2:
            outcome.targets = Scratch(tmp_path, len(targets) + 5, targets.shape[1], targets.dtype)
        for start in range(0, len(predicted), 70):
            outcome.append(predicted[start : start + 70], targets[start : start + 70])
        made.append(outcome)
        return outcome

    yield write
    for outcome in made:
        outcome.close()


def test_the_figures_of_labels_are_the_means_of_scikit_learn(on_disk):
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    predicted, targets = labels()
    metrics = [METRICS[name] for name in ("f1", "auroc", "auprc")]
    figures = measure(metrics, "labels", predicted, targets)
    defined = [label for label in range(13) if label != 4]
    for name, of in (("auroc", roc_auc_score), ("auprc", average_precision_score)):
        assert figures[name] == float(np.mean([of(targets[:, k], predicted[:, k]) for k in defined]))
    of_labels = [f1_score(targets[:, k], predicted[:, k] >= 0.5, zero_division=np.nan) for k in range(13)]
    assert figures["f1"] == float(np.mean(of_labels))
    outcome = on_disk("labels", predicted, targets)
    assert figures_of_outcome(metrics, outcome) == figures
    assert math.isnan(values_of_labels(METRICS["auroc"], outcome)[4])


def test_the_figures_of_quantities_are_the_means_of_scipy(on_disk):
    from sklearn.metrics import r2_score

    predicted, targets = RANDOM.normal(size=(200, 9)), RANDOM.normal(size=(200, 9)).astype(np.float32)
    metrics = [METRICS[name] for name in ("r2", "pearson", "spearman")]
    figures = measure(metrics, "regression", predicted, targets)
    pairs = list(zip(predicted.T.astype(np.float64), targets.T.astype(np.float64), strict=True))
    assert figures["r2"] == float(np.mean([r2_score(truth, values) for values, truth in pairs]))
    for name, of in (("pearson", pearsonr), ("spearman", spearmanr)):
        assert figures[name] == float(np.mean([of(*pair).statistic for pair in pairs]))
    assert figures_of_outcome(metrics, on_disk("regression", predicted, targets)) == figures


@pytest.mark.parametrize("classes", [2, 4])
def test_each_class_is_compared_with_the_rest(on_disk, classes):
    from sklearn.metrics import f1_score, roc_auc_score

    predicted = RANDOM.dirichlet(np.ones(classes), 150)
    targets = RANDOM.integers(classes, size=150).astype(np.int32)
    figures = measure([METRICS["f1"], METRICS["auroc"]], "classes", predicted, targets)
    one_hot = targets[:, None] == np.arange(classes)
    of_classes = [roc_auc_score(one_hot[:, k], predicted[:, k]) for k in range(classes)]
    assert figures["auroc"] == float(np.mean(of_classes[1:] if classes == 2 else of_classes))
    assert figures["f1"] == f1_score(targets, predicted.argmax(axis=1), average="macro")
    for outcome in (Outcome("classes", predicted, targets), on_disk("classes", predicted, targets)):
        np.testing.assert_array_equal(values_of_labels(METRICS["auroc"], outcome), of_classes)
        of_f1 = values_of_labels(METRICS["f1"], outcome)
        np.testing.assert_allclose(of_f1.mean(), figures["f1"], rtol=1e-15)
        np.testing.assert_array_equal(outcome.choices, predicted.argmax(axis=1))


def test_groups_have_medians_of_the_labels_that_are_defined():
    predicted, targets = labels()
    groups = ("TF",) * 6 + ("open DNA",) * 6 + ("never",)
    targets[:, 12] = 1
    outcome = Outcome("labels", predicted, targets)
    figures = figures_of_outcome([METRICS["auroc"]], outcome, groups)
    of_labels = values_of_labels(METRICS["auroc"], outcome)
    assert figures["auroc_median_TF"] == np.median(of_labels[[0, 1, 2, 3, 5]])
    assert figures["auroc_median_open_DNA"] == np.median(of_labels[6:12])
    assert math.isnan(figures["auroc_median_never"])


def test_the_groups_of_a_target_are_kept_and_checked():
    target = Target("labels", ("a", "b"), groups=("TF", "HM"))
    assert Target.from_json(target.to_json()) == target
    assert Target.from_json({"kind": "labels", "names": ["a", "b"]}).groups == ()
    with pytest.raises(FieldError, match=r"task\.target has 2 names and 1 groups"):
        Target.from_json(target.to_json() | {"groups": ["TF"]})


def brier(values, truths):
    return float(((values - truths) ** 2).mean())


def test_a_metric_may_be_given_by_its_value_of_one_label():
    predicted, targets = labels()
    metric = Metric("brier", None, ("labels", "classes"), "min", of_label=brier)
    expected = float(np.mean([brier(predicted[:, k], targets[:, k]) for k in range(13)]))
    assert measure([metric], "labels", predicted, targets) == {"brier": expected}
    assert metric.of(predicted, targets) == expected


def test_a_metric_without_labels_gets_maps_of_the_files(on_disk, tmp_path):
    predicted, targets = labels()
    metric = Metric("largest", lambda *arrays: float(max(array.max() for array in arrays)), ("labels",))
    seen = []
    whole = Metric("shape", lambda *arrays: seen.extend(arrays) or 1.0, ("labels",))
    outcome = on_disk("labels", predicted, targets)
    assert figures_of_outcome([metric, whole], outcome)["largest"] == 1.0
    assert [array.shape for array in seen] == [predicted.shape, targets.shape]
    assert all(isinstance(array, np.memmap) for array in seen)
    np.testing.assert_array_equal(seen[0], predicted)
    outcome.close()
    assert list(tmp_path.iterdir()) == []


def test_a_label_is_measured_once():
    calls = []
    metric = Metric("counted", None, ("labels",), of_label=lambda values, truths: calls.append(1) or 0.5)
    outcome = Outcome("labels", *labels())
    for _ in range(2):
        assert figures_of_outcome([metric], outcome) == {"counted": 0.5}
    assert len(calls) == 13


def test_rows_that_are_not_finite_are_refused_from_disk(on_disk):
    predicted, targets = labels()
    predicted[[3, 200], 1] = np.nan
    with pytest.raises(HyenaDNAError, match="predictions of 2 of 300 rows are nan"):
        figures_of_outcome([METRICS["auroc"]], on_disk("labels", predicted, targets))
