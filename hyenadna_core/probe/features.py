"""What models see of the rows: vectors, or counts of k-mers, scaled by the rows to train on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hyenadna_core.evaluation.metrics import scikit_learn


@dataclass(frozen=True)
class Features:
    """Features of n rows.

    Args:
        values: (n, D), dense or sparse.
        scaler: the name of the class of scikit-learn that scales them.
        choices: names of sets of columns, of which one is chosen as penalties are.
    """

    values: Any
    scaler: str
    choices: Mapping[str, slice | np.ndarray]

    def scaled(self, choice: str, train: np.ndarray, others: np.ndarray) -> tuple[Any, Any]:
        """Return the features of rows to train on and of others, scaled by the former.

        `train` and `others` are (n,) bool; the result is (rows, columns of the choice) each.
        """
        columns = self.values[:, self.choices[choice]]
        scaler = getattr(scikit_learn("preprocessing"), self.scaler)()
        return scaler.fit_transform(columns[train]), scaler.transform(columns[others])


def vector_features(values: np.ndarray) -> Features:
    """Return vectors (n, D) as features: each number is standardised."""
    return Features(np.asarray(values, np.float64), "StandardScaler", {"": slice(None)})
