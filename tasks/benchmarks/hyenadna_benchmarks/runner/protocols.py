"""Protocols by name: which rows are for training, which for validation, and how often."""

from collections.abc import Sequence
from dataclasses import dataclass

FOLDS = 5


@dataclass(frozen=True)
class Protocol:
    """How the rows of a set are used.

    Args:
        of_task: the protocol of the task.
        folds: parts of the training rows, each the validation part once; 0 without folds.
        caution: to print on every line of results.
        sentence: what it does.
    """

    of_task: str
    folds: int
    caution: str
    sentence: str

    def splits(self, seeds: int, seeded: bool) -> Sequence[tuple[int, int | None]]:
        """Return the seed and the fold of each measurement of a contender."""
        if self.folds:
            return [(fold - 1, fold) for fold in range(1, self.folds + 1)]
        return [(seed, None) for seed in range(seeds if seeded else 1)]


PROTOCOLS = {
    "holdout": Protocol("holdout", 0, "", "validates on the published dev rows or a tenth of train; test is read once"),
    "paper": Protocol("paper", 0, "selects on test", "validates on the test rows, as the paper did: selects on test"),
    "cv5": Protocol("holdout", FOLDS, "", f"{FOLDS} folds of train, each the validation part once, with its own seed"),
}
