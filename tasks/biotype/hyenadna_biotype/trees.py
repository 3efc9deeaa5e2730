"""Boosted trees of xgboost with the settings of the HyenaDNA paper, as a model of a probe."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from hyenadna_core import HyenaDNAError, ProbeModel

SETTINGS = {"n_estimators": 1000, "max_depth": 3, "learning_rate": 0.1}  # the paper, appendix A.9


def boosted_trees(name: str) -> str | ProbeModel:
    """Return the model of --trees: HistGradientBoosting of scikit-learn, or xgboost.

    Raises:
        HyenaDNAError: xgboost is not installed.
    """
    if name != "xgboost":
        return "boosting"
    _xgboost()
    return ProbeModel("xgboost", "", (0.0,), fit)


def fit(
    x: np.ndarray, targets: np.ndarray, _: tuple[float, ...], fitting: Any
) -> Iterator[Callable[[np.ndarray], np.ndarray]]:
    """Fit trees to (n, D) and (n,); a class without a row has probability 0."""
    present, numbers = np.unique(targets, return_inverse=True)
    model = _xgboost().XGBClassifier(random_state=fitting.seed, **SETTINGS)
    weights = len(targets) / (len(present) * np.bincount(numbers)[numbers]) if fitting.balanced else None
    model.fit(x, numbers, sample_weight=weights)

    def predict(others: np.ndarray) -> np.ndarray:
        probabilities = np.zeros((len(others), fitting.classes))
        probabilities[:, present] = model.predict_proba(others)
        return probabilities

    yield predict


def _xgboost() -> Any:
    try:
        import xgboost
    except ImportError:
        raise HyenaDNAError(
            "--trees xgboost needs xgboost: run pip install 'hyenadna-biotype[xgboost]', or leave it out."
        ) from None
    return xgboost
