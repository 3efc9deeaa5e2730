"""A frozen probe: logistic regression of the mean hidden states of a language model."""

import json
import math
import time
import warnings
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core import FittedTask, Target
from hyenadna_core.tokens import COMPLEMENT, PAD

PENALTIES = tuple(10.0**power for power in range(-4, 3))  # C of scikit-learn, the strongest first
CONVERGED = {"max_iter": 20_000, "tol": 1e-6}
STRANDS = ("both", "one")  # which vector: the mean of those of both strands, or that of the sequence as it is
NEVER = -1e3  # logit of a class that is not in training


class Features:
    """A model whose outputs are mean hidden states: (B, L) -> (B, D), or (B, 2 D)."""

    def __init__(self, language_model: Any, strands: str = "both") -> None:
        self.backbone, self.max_seq_len, self.strands = language_model.backbone, language_model.max_seq_len, strands

    def predict_on_batch(self, ids: np.ndarray, /) -> np.ndarray:
        plus = self._means(ids)
        return plus if self.strands == "one" else (plus + self._means(other_strand(ids))) / 2

    def _means(self, ids: np.ndarray) -> np.ndarray:
        hidden, real = np.asarray(self.backbone.predict_on_batch(ids), np.float64), (ids != PAD)[..., None]
        means: np.ndarray = (hidden * real).sum(axis=1) / real.sum(axis=1)
        return means


class ReadOut:
    """A language model with linear weights on its features: (B, L) -> (B, K)."""

    def __init__(self, features: Features, weights: np.ndarray, bias: np.ndarray, settings: dict[str, Any]) -> None:
        self.features, self.max_seq_len = features, features.max_seq_len
        self.weights, self.bias, self.settings = weights, bias, settings

    def predict_on_batch(self, ids: np.ndarray, /) -> np.ndarray:
        logits: np.ndarray = self.features.predict_on_batch(ids) @ self.weights + self.bias
        return logits


class FrozenProbe(FittedTask):
    """The part of a task that fits the probe; mixed with a SetTask.

    The penalty, and whether both strands count, are those with the best figure on validation.
    Features are scaled by their means and deviations in training.
    """

    def fit(self, language_model: Any, folder: Path) -> ReadOut:
        task: Any = self
        metric = next(each for each in task.chosen_metrics() if each.name == task.monitor[0])
        train, valid, start = task.split("train"), task.split("valid"), time.perf_counter()
        best: tuple[float, ReadOut] | None = None
        for strands in STRANDS:
            features = Features(language_model, strands)
            of_train, of_valid = (self.vectors(features, rows) for rows in (train, valid))
            center, scale = of_train.mean(axis=0), of_train.std(axis=0)
            scale = np.where(scale > 0, scale, 1.0)
            for penalty, weights, bias in fits((of_train - center) / scale, train.targets, len(task.target.names)):
                weights, bias = weights / scale[:, None], bias - (center / scale) @ weights
                figure = metric.of(of_valid @ weights + bias, valid.targets)
                if best is None or math.isnan(best[0]) or figure > best[0]:
                    settings = {"strands": strands, "C": penalty, f"valid {metric.name}": round(figure, 4)}
                    best = figure, ReadOut(features, weights, bias, settings)
        assert best is not None  # noqa: S101
        best[1].settings["seconds"] = round(time.perf_counter() - start, 3)
        return best[1]

    def vectors(self, features: Features, rows: Any) -> np.ndarray:
        """Return the features of rows, (n, D), in batches of like length."""
        task: Any = copy(self)
        task.target = Target("regression", tuple(map(str, range(features.backbone.hyena_config.d_model))))
        vectors: np.ndarray = task.predicted(features, rows)[0]
        return vectors

    def save_fitted(self, fitted: ReadOut, folder: Path) -> None:
        from safetensors.numpy import save_file

        save_file({"weights": fitted.weights, "bias": fitted.bias}, folder / "probe.safetensors")
        (folder / "probe.json").write_text(json.dumps(fitted.settings), encoding="utf-8")

    def load_fitted(self, language_model: Any, folder: Path) -> ReadOut:
        from safetensors.numpy import load_file

        settings = json.loads((folder / "probe.json").read_text(encoding="utf-8"))
        arrays = load_file(folder / "probe.safetensors")
        return ReadOut(Features(language_model, settings["strands"]), arrays["weights"], arrays["bias"], settings)


def probe_of(task: Any) -> Any:
    """Return the class of the probe of a task of labelled sequences."""
    return type("Probe", (FrozenProbe, task), {"name": f"{task.name}-probe", "__doc__": FrozenProbe.__doc__})


def fits(x: np.ndarray, targets: np.ndarray, classes: int) -> Any:
    """Yield each penalty with logistic weights (D, K) and bias (K,), each from the last ones.

    A class without a row to train on is never predicted.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    present = np.unique(targets)
    # Newton steps are fast, but their second derivatives of many classes take much memory
    solver = "newton-cholesky" if len(present) == 2 else "lbfgs"
    model = LogisticRegression(warm_start=True, solver=solver, **CONVERGED)
    for penalty in PENALTIES:
        weights, bias = np.zeros((x.shape[1], classes)), np.full(classes, NEVER)
        if len(present) == 1:
            bias[present] = 0.0
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("error", ConvergenceWarning)
                model.set_params(C=penalty).fit(x, targets)
            binary = len(present) == 2
            weights[:, present] = np.vstack([0 * model.coef_, model.coef_]).T if binary else model.coef_.T
            bias[present] = np.concatenate([[0.0], model.intercept_]) if binary else model.intercept_
        yield penalty, weights, bias


def other_strand(ids: np.ndarray) -> np.ndarray:
    """Return the reverse complements of padded ids, padded on the right too: (B, L) -> (B, L)."""
    lengths = (ids != PAD).sum(axis=1)[:, None]
    places = lengths - 1 - np.arange(ids.shape[1])
    turned: np.ndarray = COMPLEMENT[np.take_along_axis(ids, np.maximum(places, 0), axis=1)]
    return np.where(places >= 0, turned, PAD).astype(ids.dtype)
