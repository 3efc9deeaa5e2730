import math
import sys
import warnings

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.evaluation.bootstrap import bootstrap_difference
from hyenadna_core.evaluation.metrics import METRICS, Metric, measure
from hyenadna_plugins import PluginWarning

TWO = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.45, 0.55]])  # predicts 0, 0, 1, 1


def figure(name, predicted, targets):
    return METRICS[name].of(np.asarray(predicted, np.float64), np.asarray(targets))


@pytest.mark.parametrize(
    ("name", "worked_out"),
    [
        ("accuracy", 3 / 4),
        ("mcc", (2 * 1 - 0 * 1) / math.sqrt(2 * 3 * 1 * 2)),  # 2 true positives, 1 true and 1 false negative
        ("f1", (2 * 2 / (4 + 1) + 2 * 1 / (2 + 1)) / 2),  # class 1: 2 tp, 1 fn; class 0: 1 tp, 1 fp
        ("auroc", 1.0),  # 0.1 is below 0.4, 0.55 and 0.7
        ("auprc", 1.0),
    ],
)
def test_two_classes_by_hand(name, worked_out):
    np.testing.assert_allclose(figure(name, TWO, [0, 1, 1, 1]), worked_out)


def test_the_last_of_two_classes_is_the_one_that_precision_is_taken_of():
    # ranked by the last class: 0, 1, 1, 0
    # precision at its two positives: 1/2 and 2/3 (class 0 has 1/1 and 2/4)
    np.testing.assert_allclose(figure("auprc", TWO, [0, 1, 0, 1]), (1 / 2 + 2 / 3) / 2)
    np.testing.assert_allclose(figure("auroc", TWO, [0, 1, 0, 1]), 2 / 4)


def test_several_classes_are_each_taken_against_the_rest():
    predicted = np.array([[0.8, 0.1, 0.1], [0.5, 0.3, 0.2], [0.6, 0.2, 0.2], [0.1, 0.2, 0.7]])
    targets = [0, 1, 0, 2]
    # class 0: both positives above both others; 1: its only row the highest; 2: likewise
    np.testing.assert_allclose(figure("auroc", predicted, targets), 1.0)
    predicted[1] = [0.7, 0.15, 0.15]  # class 0: 3 of 4 pairs in order; class 1: below two, above one; class 2: highest
    np.testing.assert_allclose(figure("auroc", predicted, targets), (3 / 4 + 1 / 3 + 1) / 3)
    np.testing.assert_allclose(figure("accuracy", predicted, targets), 3 / 4)


def test_several_labels_are_averaged_over_those_that_differ_between_rows():
    predicted = np.array([[0.9, 0.2, 0.4], [0.6, 0.1, 0.6], [0.05, 0.3, 0.1]])
    targets = np.array([[1, 0, 1], [0, 0, 0], [0, 0, 1]])
    # label 0: one positive, ranked first; no row has label 1
    # label 2: positives 0.4 and 0.1 below 0.6
    np.testing.assert_allclose(figure("auroc", predicted, targets), (1 + 0) / 2)
    np.testing.assert_allclose(figure("auprc", predicted, targets), (1 + (1 / 2 + 2 / 3) / 2) / 2)
    # at 0.5: label 0 has 1 tp, 1 fp; label 1 is neither there nor predicted; label 2 has no tp
    np.testing.assert_allclose(figure("f1", predicted, targets), (2 / 3 + 0) / 2)


def test_regression_by_hand_is_the_mean_over_quantities():
    targets = np.array([[1.0, 5.0], [2.0, 3.0], [3.0, 1.0]])
    predicted = np.array([[2.0, 5.0], [4.0, 3.0], [6.0, 1.0]])  # the first doubled, the second right
    np.testing.assert_allclose(figure("pearson", predicted, targets), 1.0)
    np.testing.assert_allclose(figure("r2", predicted, targets), ((1 - (1 + 4 + 9) / 2) + 1) / 2)
    # of 1, 8, 27 and 1, 2, 3: deviations -11, -4, 15 and -1, 0, 1
    np.testing.assert_allclose(figure("pearson", targets[:, :1] ** 3, targets[:, :1]), 26 / math.sqrt(362 * 2))
    cubed = np.column_stack([targets[:, 0] ** 3, -targets[:, 1]])
    np.testing.assert_allclose(figure("spearman", cubed, targets), (1 - 1) / 2, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "predicted", "targets"),
    [(name, TWO, [1, 1, 1, 1]) for name in ("mcc", "auroc", "auprc")]
    + [(name, TWO, np.ones((4, 2), int)) for name in ("auroc", "auprc")]
    + [("f1", np.zeros((4, 2)), np.zeros((4, 2), int))]
    + [(name, TWO, np.ones((4, 2))) for name in ("r2", "pearson", "spearman")],
)
def test_what_is_not_defined_is_nan_without_a_warning(name, predicted, targets):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_equal(figure(name, predicted, targets), math.nan)


def test_the_same_prediction_for_all_rows_has_no_correlation():
    same = np.full((4, 1), 0.3)
    targets = np.arange(4.0)[:, None]
    assert [figure(name, same, targets) for name in ("pearson", "spearman")] == [0, 0]
    assert figure("mcc", np.repeat([[0.7, 0.3]], 4, axis=0), [0, 1, 1, 0]) == 0


def test_a_nearly_constant_prediction_warns_nobody():
    targets = np.arange(4.0)[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure("pearson", 1 + 1e-15 * targets, targets)


def test_measure_names_its_figures_and_leaves_out_bases_without_a_label():
    metrics = [METRICS["accuracy"], METRICS["mcc"]]
    figures = measure(metrics, "bases", np.concatenate([TWO, TWO]), np.array([0, 0, 1, 1, -1, -1, -1, -1]))
    assert figures == {"accuracy": 1.0, "mcc": 1.0}


def test_a_split_without_rows_has_no_figures():
    figures = measure([METRICS["accuracy"]], "classes", np.empty((0, 2)), np.empty(0, int))
    np.testing.assert_equal(figures, {"accuracy": math.nan})


def test_a_metric_of_another_kind_is_refused():
    with pytest.raises(HyenaDNAError, match="The metric mcc is not for regression: it is for classes, bases"):
        measure([METRICS["mcc"]], "regression", TWO, TWO)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_predictions_that_are_not_finite_are_refused(bad):
    predicted = TWO.copy()
    predicted[2] = bad
    with pytest.raises(HyenaDNAError, match="predictions of 1 of 4 rows are nan or infinite"):
        measure([METRICS["accuracy"]], "classes", predicted, np.array([0, 1, 1, 1]))
    with pytest.raises(HyenaDNAError, match="predictions of 1 of 4 rows are nan or infinite"):
        bootstrap_difference(METRICS["accuracy"], TWO, predicted, np.array([0, 1, 1, 1]))


def test_without_scikit_learn_one_line_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    with pytest.raises(HyenaDNAError, match=r"pip install 'hyenadna\[classify\]'"):
        figure("mcc", TWO, [0, 1, 1, 1])


def predictions(rng, targets, share_right):
    right = rng.random(len(targets)) < share_right
    return np.eye(2)[np.where(right, targets, 1 - targets)]


def test_the_interval_of_a_difference_is_the_binomial_one():
    rng = np.random.default_rng(0)
    targets = rng.integers(2, size=2000)
    a, b = predictions(rng, targets, 0.9), predictions(rng, targets, 0.8)
    difference, low, high = bootstrap_difference(METRICS["accuracy"], a, b, targets, rounds=2000)
    right = [(p.argmax(-1) == targets).astype(float) for p in (a, b)]
    paired = right[0] - right[1]
    np.testing.assert_allclose(difference, paired.mean())
    error = paired.std() / math.sqrt(len(paired))
    np.testing.assert_allclose([low, high], [difference - 1.96 * error, difference + 1.96 * error], atol=0.1 * error)


def test_a_model_does_not_differ_from_itself_and_one_seed_gives_one_interval():
    targets = np.array([0, 1, 1, 0])
    assert bootstrap_difference(METRICS["accuracy"], TWO, TWO, targets, rounds=50) == (0, 0, 0)
    differences = [
        bootstrap_difference(METRICS["accuracy"], TWO, TWO[::-1], targets, seed, rounds=50) for seed in (1, 1, 2)
    ]
    assert differences[0] == differences[1]
    assert differences[0] != differences[2]


def test_rounds_in_which_the_metric_is_not_defined_are_left_out():
    targets = np.array([0, 1, 1, 1])
    difference, low, high = bootstrap_difference(METRICS["auroc"], TWO, TWO[::-1], targets, rounds=200)
    np.testing.assert_allclose(difference, 1 - 1 / 3)
    assert 0 <= low <= difference <= high
    never = Metric("never", lambda predicted, targets: math.nan, ("classes",))
    np.testing.assert_equal(bootstrap_difference(never, TWO, TWO, targets, rounds=3), (math.nan,) * 3)


def test_f1_of_one_label_is_that_of_the_label():
    there, never = np.array([[1], [0], [0], [0]]), np.full((4, 1), 0.1)
    assert METRICS["f1"].of(never, there) == 0.0
    assert METRICS["f1"].of(there.astype(float), there) == 1.0


def test_a_metric_that_fails_is_named_and_costs_nothing_else():
    failing = Metric("broken", lambda predicted, targets: 1 / 0, ("classes",))
    with pytest.warns(PluginWarning, match="The metric broken failed: division by zero"):
        figures = measure([failing, METRICS["accuracy"]], "classes", np.eye(2), np.array([0, 1]))
    assert math.isnan(figures["broken"])
    assert figures["accuracy"] == 1.0
