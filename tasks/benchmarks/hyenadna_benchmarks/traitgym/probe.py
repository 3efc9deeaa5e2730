"""The probe of TraitGym: logistic regression of scores, with one block held out at a time.

The features are LLR, its absolute value, and the inner product of each channel. They are scaled to
unit variance, and both classes weigh the same. The penalty C is the one of PENALTIES with the best
mean AUPRC over at most five folds of the blocks to train on.
"""

import warnings

import numpy as np

from hyenadna_benchmarks.traitgym.figures import average_precision
from hyenadna_core import progress

PENALTIES = np.logspace(-8, 0, 10)
FOLDS = 5
STEPS = 1000  # of the optimizer
FEWEST_BLOCKS = 3  # one is held out, and two choose the penalty


def features(llr: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Return the features of each variant: (n,), (n, D) -> (n, D + 2)."""
    return np.column_stack([llr, np.abs(llr), products])


def probe(x: np.ndarray, labels: np.ndarray, blocks: np.ndarray) -> np.ndarray | None:
    """Return the probability of each variant, from a model that saw no variant of its block: (n,).

    It is None if there are fewer than three blocks, or a block is held out that leaves one class.
    """
    names = np.unique(blocks)
    if len(names) < FEWEST_BLOCKS:
        return None
    from threadpoolctl import threadpool_limits

    scores = np.zeros(len(labels))
    with threadpool_limits(1), progress("Probe", len(names)) as advance:
        for name in names:
            out = blocks == name
            if len(np.unique(labels[~out])) < 2:
                return None
            penalty = _penalty(x[~out], labels[~out], blocks[~out])
            scores[out] = _fit(x[~out], labels[~out], penalty, x[out])
            advance(1)
    return scores


def _penalty(x: np.ndarray, labels: np.ndarray, blocks: np.ndarray) -> float:
    """Choose C by folds of whole blocks; among equal ones the strongest penalty."""
    from sklearn.model_selection import GroupKFold

    folds = []
    for train, out in GroupKFold(min(FOLDS, len(np.unique(blocks)))).split(x, labels, blocks):
        if len(np.unique(labels[train])) == 2 and len(np.unique(labels[out])) == 2:
            folds.append((train, out))
    if not folds:
        return float(PENALTIES[-1])
    figures = [
        np.mean([average_precision(labels[out], _fit(x[train], labels[train], C, x[out])) for train, out in folds])
        for C in PENALTIES
    ]
    return float(PENALTIES[int(np.argmax(figures))])


def _fit(x: np.ndarray, labels: np.ndarray, C: float, others: np.ndarray) -> np.ndarray:
    """Fit to some variants, and return the probability of others to be causal."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=C, class_weight="balanced", max_iter=STEPS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the weakest penalty may need more steps, as in the published code
        model.fit(x, labels)
    probabilities: np.ndarray = model.predict_proba(others)[:, 1]
    return probabilities
