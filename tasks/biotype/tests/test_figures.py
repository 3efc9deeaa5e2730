import json

import numpy as np
import pytest
from hyenadna_biotype.figures import SHOWN, f1_of_classes, f1_rows, figure_rows, read_probe, weighted_f1
from sklearn.metrics import f1_score

from hyenadna_core import HyenaDNAError


@pytest.mark.parametrize("classes", [2, 4])
def test_weighted_f1_is_that_of_scikit_learn(classes):
    random = np.random.default_rng(classes)
    for _ in range(20):
        predicted, targets = random.random((30, classes)), random.integers(0, classes, 30)
        chosen = predicted.argmax(axis=1)
        expected = f1_score(targets, chosen, average="weighted", zero_division=0)
        assert weighted_f1(predicted, targets) == pytest.approx(expected, abs=1e-12)
        of_classes = f1_score(targets, chosen, average=None, labels=range(classes), zero_division=0)
        np.testing.assert_allclose(f1_of_classes(targets, chosen, classes)[0], of_classes)


def test_f1_of_each_biotype_comes_from_the_predictions(tmp_path):
    rows = [("a", "a", "m"), ("a", "b", "m"), ("b", "b", "m"), ("a", "a", "n"), ("a", "a", "n"), ("b", "a", "n")]
    lines = [f"g{number}\t1\t{label}\t{model}\t{chosen}\n" for number, (label, chosen, model) in enumerate(rows)]
    (tmp_path / "predictions.tsv").write_text("name\tfold\tlabel\tmodel\tpredicted\n" + "".join(lines))
    assert f1_rows(tmp_path, ["a", "b"]) == [
        {"biotype": "a", "genes": 2, "m": pytest.approx(2 / 3), "n": pytest.approx(0.8)},
        {"biotype": "b", "genes": 1, "m": pytest.approx(2 / 3), "n": 0.0},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name\tfold\n1\t2\n",
        "label\tmodel\tpredicted\na\tm\tx\n",
        "label\tmodel\tpredicted\na\tm\ta\na\tm\ta\na\tn\ta\n",
    ],
)
def test_damaged_predictions_are_one_line(text, tmp_path):
    (tmp_path / "predictions.tsv").write_text(text)
    with pytest.raises(HyenaDNAError, match=r"predictions.tsv is damaged: remove the folder"):
        f1_rows(tmp_path, ["a", "b"])


def test_rows_of_figures_have_intervals_and_differences(tmp_path):
    figure = {"value": 0.5, "low": 0.4, "high": 0.6}
    models = {name: {"figures": dict.fromkeys(SHOWN, figure)} for name in ("logistic", "k-mers, logistic")}
    difference = {"logistic": {"from": "k-mers, logistic", "value": -0.1, "low": -0.2, "high": 0.1}}
    about = {"settings": {}, "inputs": {"vectors": {"sha256": ""}}}
    (tmp_path / "probe.json").write_text(json.dumps({"models": models, "differences": difference, **about}))
    ours, kmers = figure_rows("block", read_probe(tmp_path))
    assert (ours["f1_weighted"], ours["f1_weighted_low"], ours["f1_weighted_high"]) == (0.5, 0.4, 0.6)
    assert (ours["minus"], ours["difference"], ours["difference_high"]) == ("k-mers, logistic", -0.1, 0.1)
    assert (kmers["minus"], kmers["difference"]) == (None, None)


@pytest.mark.parametrize("text", ["", "[]", '{"models": 3}', '{"models": {}}', '{"models": {"a": {}}}'])
def test_a_damaged_probe_is_one_line(text, tmp_path):
    (tmp_path / "probe.json").write_text(text)
    with pytest.raises(HyenaDNAError, match=r"probe.json is damaged: remove the folder"):
        read_probe(tmp_path)
