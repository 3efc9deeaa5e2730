import numpy as np
import pytest
from hyenadna_benchmarks.runner.probe import CONVERGED, PENALTIES, Features, fits, other_strand, probe_of
from hyenadna_benchmarks.tasks import GUETask

from hyenadna_core import CausalLM, encode, open_run, train


def test_the_other_strand_of_padded_ids():
    ids = encode(["ACCGT", "GTN", "A"])
    np.testing.assert_array_equal(other_strand(ids), encode(["ACGGT", "NAC", "T"]))


@pytest.mark.parametrize("classes", [2, 3])
def test_weights_are_those_of_logistic_regression(classes):
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    x, targets = random.normal(size=(90, 5)), random.integers(classes, size=90)
    for penalty, weights, bias in fits(x, targets, classes):
        expected = LogisticRegression(C=penalty, **CONVERGED).fit(x, targets).predict_proba(x)
        logits = np.exp(x @ weights + bias)
        np.testing.assert_allclose(logits / logits.sum(axis=1, keepdims=True), expected, atol=1e-4)


def test_a_class_without_rows_is_never_predicted():
    x = np.random.default_rng(0).normal(size=(40, 3))
    for targets in (np.repeat([0, 2], 20), np.full(40, 2)):
        *_, (penalty, weights, bias) = fits(x, targets, 3)
        assert penalty == PENALTIES[-1]
        assert set((x @ weights + bias).argmax(axis=1)) <= set(targets)


def test_features_do_not_depend_on_padding_nor_on_the_strand():
    from hyenadna_core.testing import tiny_backbone

    features = Features(CausalLM(tiny_backbone()))
    ids = encode(["ACCGTTGA", "ACG"])
    both = features.predict_on_batch(ids)
    np.testing.assert_allclose(features.predict_on_batch(ids[1:, :3])[0], both[1], atol=1e-5)
    np.testing.assert_allclose(features.predict_on_batch(other_strand(ids)), both, atol=1e-5)
    assert np.abs(Features(features, "one").predict_on_batch(ids) - both).max() > 1e-3


def test_a_probe_is_fitted_kept_and_read_again(tmp_path, data):
    probe, options = probe_of(GUETask), {"set": "prom_core_tata", "folder": data, "baseline": ["none"]}
    run = train(probe, options, out=tmp_path / "run")
    rows = run.task.split("test")
    predicted, targets = run.task.predicted(run.model, rows)
    again = open_run(tmp_path / "run", probe)
    np.testing.assert_allclose(again.task.predicted(again.model, rows)[0], predicted)
    of_train = run.task.predicted(run.model, run.task.split("train"))
    assert (of_train[0].argmax(axis=1) == of_train[1]).mean() > 0.6
    assert run.model.settings["strands"] in ("both", "one")
    assert np.isfinite(predicted).all()
    assert predicted.shape == (len(targets), 2)
