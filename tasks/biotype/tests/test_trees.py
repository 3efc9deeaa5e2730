import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hyenadna_biotype.trees import SETTINGS, boosted_trees

from hyenadna_core import HyenaDNAError


def test_without_xgboost_the_line_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    assert boosted_trees("scikit-learn") == "boosting"
    with pytest.raises(HyenaDNAError, match=r"needs xgboost: run pip install 'hyenadna-biotype\[xgboost\]'"):
        boosted_trees("xgboost")


def test_xgboost_has_the_settings_of_the_paper(monkeypatch):
    given = {}

    class Classifier:
        def __init__(self, **settings):
            given.update(settings)

        def fit(self, x, numbers, sample_weight):
            given.update(numbers=numbers, weights=sample_weight)

        def predict_proba(self, others):
            return np.tile([0.25, 0.75], (len(others), 1))

    monkeypatch.setitem(sys.modules, "xgboost", SimpleNamespace(XGBClassifier=Classifier))
    fitting = SimpleNamespace(classes=4, seed=7, balanced=True)
    (predict,) = boosted_trees("xgboost").fit(np.zeros((3, 2)), np.array([1, 3, 3]), (0.0,), fitting)
    assert {name: given[name] for name in SETTINGS} == {"n_estimators": 1000, "max_depth": 3, "learning_rate": 0.1}
    assert (given["random_state"], given["numbers"].tolist()) == (7, [0, 1, 1])
    np.testing.assert_allclose(given["weights"], [1.5, 0.75, 0.75])
    np.testing.assert_array_equal(predict(np.zeros((2, 2))), [[0, 0.25, 0, 0.75]] * 2)


def test_xgboost_learns_a_rule():
    pytest.importorskip("xgboost")
    random = np.random.default_rng(0)
    x = random.normal(size=(90, 3))
    targets = (x[:, 1] > 0).astype(int)
    fitting = SimpleNamespace(classes=2, seed=0, balanced=False)
    (predict,) = boosted_trees("xgboost").fit(x, targets, (0.0,), fitting)
    others = random.normal(size=(40, 3))
    assert (predict(others).argmax(axis=1) == (others[:, 1] > 0)).mean() > 0.9
