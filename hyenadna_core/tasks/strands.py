"""Whether targets depend on the strand, by k-mer regressions of one strand and of both.

If they do not, a sequence and its reverse complement are two examples of the same, and counts of
both strands predict better. If they do, as for promoters that all point the same way, they predict
worse.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hyenadna_core.evaluation.baselines import kmer_counter
from hyenadna_core.evaluation.metrics import scikit_learn
from hyenadna_core.labelled.regions import COMPLEMENT
from hyenadna_core.labelled.rows import Rows
from hyenadna_core.labelled.sequences import LabelledSequences
from hyenadna_core.labelled.targets import Target
from hyenadna_core.terminal import progress

SHORTEST, LONGEST = 2, 4  # bases of a k-mer
LEAST_ROWS, MOST_ROWS = 20, 4_000  # of a split; fewer do not tell, and more take longer
MOST_BASES = 2_000_000  # of a split: about 6 seconds of counting
PENALTIES = (0.1, 1.0)  # C of logistic regression; the better one counts
MARGIN = 0.01  # one strand must have a loss that is lower by this share


class StrandLosses(NamedTuple):
    """The losses of k-mer regressions on the validation split: of one strand, and of both.

    `error` is the standard error of their difference.
    """

    one: float
    both: float
    error: float

    @property
    def tells_strands_apart(self) -> bool:
        """Whether targets depend on the strand: one must be better by 1 % and a standard error."""
        return self.both - self.one > max(MARGIN * self.both, self.error)


def strand_losses(train: Rows, valid: Rows, target: Target) -> StrandLosses | None:
    """Fit k-mer regressions to at most 4,000 training rows, or return None if that does not tell.

    It tells for classes and quantities of single sequences in memory, with 20 rows or more in both
    splits.
    """
    if target.kind not in ("classes", "regression"):
        return None
    if not isinstance(train, LabelledSequences) or not isinstance(valid, LabelledSequences):
        return None
    if min(len(train), len(valid)) < LEAST_ROWS or train.lengths.max() < SHORTEST:
        return None
    train, valid = _some(train), _some(valid)
    if target.kind == "classes" and len(np.unique(train.targets)) < 2:
        return None
    counter = kmer_counter(SHORTEST, LONGEST)
    with progress("Comparing one strand with both", 2) as advance:
        of_train, of_valid = counter.fit_transform(_texts(train)), counter.transform(_texts(valid))
        losses = []
        for turned in (False, True):
            if turned:
                of_train = of_train + counter.transform(_texts(train, turned=True))
                of_valid = of_valid + counter.transform(_texts(valid, turned=True))
            losses.append(_losses(of_train, of_valid, train.targets, valid.targets, target))
            advance(1)
    one, both = losses
    error = float((both - one).std(ddof=1)) / math.sqrt(len(one))
    return StrandLosses(float(one.mean()), float(both.mean()), error) if math.isfinite(error) else None


def sentence_of(losses: StrandLosses | None, both: bool) -> str:
    """Return a sentence that says which strands a run reads, and why."""
    read, other = (
        ("both strands", "--forward-only reads one") if both else ("one strand", "--reverse-complements: both")
    )
    why = ""
    if losses:
        less = losses.both - losses.one
        near = "a standard error" if less <= losses.error else f"{100 * MARGIN:g} %"
        unsure = f": the difference is within {near}" if less > 0 and not losses.tells_strands_apart else ""
        figures = f"loss {losses.one:.4f} with one, {losses.both:.4f} with both{unsure}"
        why = f", by k-mer regression on the validation ({figures})"
    return f"Sequences are read on {read}{why}; {other}."


def _some(rows: LabelledSequences) -> LabelledSequences:
    """Return rows drawn with a fixed seed, at most as many as are compared in a few seconds."""
    most = min(MOST_ROWS, max(LEAST_ROWS, MOST_BASES // max(1, int(rows.lengths.mean()))))
    return rows if len(rows) <= most else rows.take(np.random.default_rng(0).permutation(len(rows))[:most])


def _texts(rows: LabelledSequences, turned: bool = False) -> Sequence[str]:
    texts = [bases.tobytes().upper() for bases in rows]
    return [(text.translate(COMPLEMENT)[::-1] if turned else text).decode("latin-1") for text in texts]


def _losses(
    of_train: object, of_valid: object, train_targets: np.ndarray, valid_targets: np.ndarray, target: Target
) -> np.ndarray:
    """Return the loss of each validation row, (n,): cross entropy, or standardised square."""
    scaler, linear = scikit_learn("preprocessing").MaxAbsScaler(), scikit_learn("linear_model")
    scaled, others = scaler.fit_transform(of_train), scaler.transform(of_valid)
    if target.kind == "regression":
        scale = np.maximum(train_targets.std(axis=0), np.finfo(np.float32).tiny)
        predicted = linear.Ridge(alpha=1.0).fit(scaled, train_targets / scale).predict(others)
        squares = (predicted.reshape(valid_targets.shape) - valid_targets / scale) ** 2
        return np.asarray(squares.mean(axis=1))
    losses = []
    for penalty in PENALTIES:
        model = linear.LogisticRegression(C=penalty, max_iter=2_000).fit(scaled, train_targets)
        places = np.searchsorted(model.classes_, valid_targets).clip(max=len(model.classes_) - 1)
        chances = model.predict_proba(others)[np.arange(len(places)), places]
        known = model.classes_[places] == valid_targets  # a class that training lacks counts for neither
        losses.append(np.where(known, -np.log(np.maximum(chances, 1e-12)), 0.0))
    return min(losses, key=np.mean)
