import numpy as np
import pytest
from hyenadna_benchmarks.report.paired import FIGURES, confusion, difference, mean_figure

from hyenadna_core import SequenceTask, Target, bootstrap_difference


class OfClasses(SequenceTask):
    name = "classes"

    def __init__(self, classes):
        super().__init__()
        self.target = Target("classes", tuple(map(str, range(classes))))

    def sequences(self, split):
        return None


def predictions(classes, rows=300, seed=0, skill=0.6):
    random = np.random.default_rng(seed)
    targets = random.integers(classes, size=rows).astype(np.int32)
    predicted = random.random((rows, classes)) + skill * np.eye(classes)[targets]
    return (predicted / predicted.sum(axis=1, keepdims=True)).astype(np.float32), targets


@pytest.mark.parametrize("metric", FIGURES)
@pytest.mark.parametrize("classes", [2, 3])
def test_figures_are_those_of_the_core(metric, classes):
    of_core = next(each.of for each in OfClasses(classes).chosen_metrics() if each.name == metric)
    for seed, skill in ((0, 0.6), (1, 0.0), (2, -0.4), (3, 9.0)):
        predicted, targets = predictions(classes, seed=seed, skill=skill)
        np.testing.assert_allclose(FIGURES[metric](confusion(classes, predicted, targets)), of_core(predicted, targets))


def test_a_model_that_always_says_the_same_has_mcc_0_and_the_f1_of_the_core():
    predicted, targets = np.tile([0.9, 0.1], (10, 1)), np.arange(10) % 2
    counts = confusion(2, predicted, targets)
    assert FIGURES["mcc"](counts) == 0
    of_core = next(each.of for each in OfClasses(2).chosen_metrics() if each.name == "f1")
    np.testing.assert_allclose(FIGURES["f1"](counts), of_core(predicted, targets))


def test_the_difference_of_one_run_a_side_is_that_of_the_core():
    metric = next(each for each in OfClasses(2).chosen_metrics() if each.name == "mcc")
    (a, targets), b = predictions(2), predictions(2, seed=0, skill=0.2)[0]
    ours, core = difference("mcc", [a], [b], targets), bootstrap_difference(metric, a, b, targets)
    np.testing.assert_allclose(ours[0], core[0])
    np.testing.assert_allclose(ours[1:], core[1:], atol=0.02)  # other draws


def test_rows_are_paired():
    predicted, targets = predictions(2)
    assert difference("mcc", [predicted], [predicted], targets) == (0, 0, 0)


def test_several_runs_have_the_mean_of_their_figures():
    (a, targets), b = predictions(3, seed=1), predictions(3, seed=1, skill=2.0)[0]
    apart = [mean_figure("accuracy", [run], targets) for run in (a, b)]
    np.testing.assert_allclose(difference("accuracy", [a, b], [a], targets)[0], sum(apart) / 2 - apart[0])
