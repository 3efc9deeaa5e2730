"""Baselines: the commonest class, and linear models of k-mer counts chosen on valid."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.evaluation.metrics import METRICS, scikit_learn
from hyenadna_core.labelled.pairs import InMemory, sides_of
from hyenadna_core.labelled.rows import Rows
from hyenadna_core.labelled.targets import Target
from hyenadna_core.terminal import progress

LONGEST = (4, 5, 6)  # lengths of the longest k-mers; each is tried
MAJORITY = "majority"
SHORTER = 2  # the shortest k-mers counted with them have this many bases fewer
# With scikit-learn's default tolerance of 1e-4, probabilities have an error of 0.02.
CONVERGED = {"max_iter": 10_000, "tol": 1e-6}

# Seconds on one core, for sequences of 200 to 1,000 bases. Counting takes 2.6 microseconds a base
# for each of three lengths, one fit 1.5 for a training base and label; there are six.
COUNTING, FITTING = 8e-6, 9e-6
AFFORDABLE = 3600.0  # seconds
MOST_BASES = 100_000_000  # the counts of a base take 30 bytes

Predict = Callable[[Any], np.ndarray]  # counts (n, features) -> predictions as metrics take them
Fit = Callable[[Any, np.ndarray, float, int], Predict]  # counts, targets, a penalty, K -> Predict


@dataclass(frozen=True)
class Baseline:
    """A simpler model trained on the same splits, with its predictions on the test split, (n, K).

    `settings` describes the model. `valid_figure` is the metric on the validation split that chose
    it; nan if nothing was chosen.
    """

    name: str
    settings: str
    predicted: np.ndarray
    valid_figure: float


def majority_baseline(targets: Iterable[np.ndarray], rows: int, target: Target) -> Baseline:
    """Predict the same for all rows: the share of each class or label in training, or the mean.

    Args:
        targets: those of the training rows in parts, each (n,) or (n, K).
        rows: number of rows to predict.
    """
    total, count = np.zeros(len(target.names)), 0
    for part in targets:
        of_part = np.eye(len(target.names))[part] if target.kind == "classes" else part.reshape(len(part), -1)
        total, count = total + of_part.sum(axis=0, dtype=np.float64), count + len(part)
    shares = total / count
    name = "mean" if target.kind == "regression" else MAJORITY
    settings = f"always {target.names[shares.argmax()]}" if target.kind == "classes" else "the same for all rows"
    return Baseline(name, settings, np.tile(shares, (rows, 1)), math.nan)


def kmer_baseline(train: InMemory, valid: InMemory, test: InMemory, target: Target) -> Baseline:
    """Fit logistic or ridge regression to the counts of all k-mers of three lengths.

    Each count is divided by the largest count of its k-mer in the training split. Pairs have the
    counts of both sequences side by side. The lengths and the penalty are the best ones on the
    validation split: by MCC for classes, by mean AUROC for labels, by R2 for quantities.

    Raises:
        HyenaDNAError: the target is one class for each base, all sequences are shorter than the
            k-mers, or scikit-learn is not installed.
    """
    if target.kind not in FITS:
        raise HyenaDNAError(f"There is no k-mer baseline for {target.kind}: leave out --baseline kmer.")
    name, by, parameter, penalties, fit = FITS[target.kind]
    longest = min(side.lengths.max(initial=0) for side in sides_of(train))
    lengths = [k for k in LONGEST if k - SHORTER <= longest]
    if not lengths:
        raise HyenaDNAError(
            f"No training sequence has the {LONGEST[0] - SHORTER} bases that k-mers need: leave out --baseline kmer."
        )
    texts = [_texts(split) for split in (train, valid, test)]
    best: Baseline | None = None
    with progress("Fitting the k-mer baseline", len(lengths) * len(penalties)) as advance:
        for k in lengths:
            of_train, of_valid, of_test = _scaled_counts(texts, k)
            for penalty in penalties:
                predict = fit(of_train, train.targets, penalty, len(target.names))
                figure = METRICS[by].of(predict(of_valid), valid.targets)
                if best is None or figure > best.valid_figure or math.isnan(best.valid_figure):
                    settings = f"counts of {k - SHORTER}- to {k}-mers, {parameter} {penalty:g}; valid {by} {figure:.4f}"
                    best = Baseline(name, settings, predict(of_test), figure)
                advance(1)
    assert best is not None  # noqa: S101
    return best


def kmer_too_long(train: Rows, valid: Rows, test: Rows, target: Target, sequences: int = 1) -> str:
    """Return a sentence if the k-mer baseline takes over an hour or 3 GB of memory, else "".

    Args:
        sequences: of each row; 2 for pairs.
    """
    of_train, of_valid, of_test = (sequences * int(rows.lengths.sum()) for rows in (train, valid, test))
    bases = of_train + of_valid + of_test
    labels = len(target.names) if target.kind == "labels" or len(target.names) > 2 else 1
    seconds = COUNTING * bases + FITTING * of_train * labels
    if seconds <= AFFORDABLE and bases <= MOST_BASES:
        return ""
    return (
        f"No k-mer baseline: for {len(train):,} training rows, {labels:,} labels and {bases:,} bases it would take "
        f"about {seconds / 3600:,.1f} hours and {bases * 30 / 1e9:.1f} GB of memory."
    )


def _texts(split: InMemory) -> list[list[str]]:
    """Return the texts of all sequences; for pairs, those of the first and those of the second."""
    return [[bases.tobytes().decode("latin-1").upper() for bases in side] for side in sides_of(split)]


def _scaled_counts(texts: Sequence[list[list[str]]], k: int) -> list[Any]:
    """Count the k-mers of lengths k - 2 to k in the training split, and scale the counts.

    Each split gives a sparse array, (n, features). The largest count of each k-mer in the training
    split becomes 1. The counts of both sequences of pairs are side by side.
    """
    from scipy.sparse import hstack

    sides = [_counts_of_side(side, k) for side in zip(*texts, strict=True)]
    return [hstack(split, format="csr") if len(split) > 1 else split[0] for split in zip(*sides, strict=True)]


def _counts_of_side(texts: Sequence[list[str]], k: int) -> list[Any]:
    counter = kmer_counter(k - SHORTER, k)
    scaler = scikit_learn("preprocessing").MaxAbsScaler()
    train = scaler.fit_transform(counter.fit_transform(texts[0]))
    return [train, *(scaler.transform(counter.transform(other)) for other in texts[1:])]


def kmer_counter(shortest: int, longest: int) -> Any:
    """Return scikit-learn's counter of all k-mers of some lengths; it gives a sparse array."""
    return scikit_learn("feature_extraction.text").CountVectorizer(
        analyzer="char", lowercase=False, ngram_range=(shortest, longest), dtype=np.float64
    )


def _classes(counts: Any, targets: np.ndarray, penalty: float, classes: int) -> Predict:
    """Fit logistic regression; a class that is not in the training split has probability 0."""
    present = np.unique(targets)
    if len(present) == 1:
        return lambda others: np.eye(classes)[np.repeat(present, others.shape[0])]
    model = scikit_learn("linear_model").LogisticRegression(C=penalty, solver="newton-cg", **CONVERGED)
    model.fit(counts, targets)

    def predict(others: Any) -> np.ndarray:
        probabilities = np.zeros((others.shape[0], classes))
        probabilities[:, model.classes_] = model.predict_proba(others)
        return probabilities

    return predict


def _labels(counts: Any, targets: np.ndarray, penalty: float, labels: int) -> Predict:
    """Fit one logistic regression for each label."""
    of_labels = [_classes(counts, targets[:, label].astype(np.int64), penalty, 2) for label in range(labels)]
    return lambda others: np.stack([predict(others)[:, 1] for predict in of_labels], axis=1)


def _quantities(counts: Any, targets: np.ndarray, penalty: float, quantities: int) -> Predict:
    """Fit ridge regression to standardised values."""
    center, scale = targets.mean(axis=0, dtype=np.float64), targets.std(axis=0, dtype=np.float64)
    scale = np.where(scale > 0, scale, 1)
    model = scikit_learn("linear_model").Ridge(alpha=penalty, **CONVERGED).fit(counts, (targets - center) / scale)
    return lambda others: model.predict(others).reshape(-1, quantities) * scale + center


FITS: dict[str, tuple[str, str, str, tuple[float, ...], Fit]] = {
    "classes": ("k-mers, logistic", "mcc", "C", (0.1, 1.0), _classes),
    "labels": ("k-mers, logistic", "auroc", "C", (0.1, 1.0), _labels),
    "regression": ("k-mers, ridge", "r2", "alpha", (1.0, 10.0, 100.0), _quantities),
}
