"""The predictions of a model for a split and the targets, in memory or on disk."""

from functools import cached_property

import numpy as np

from hyenadna_core.evaluation.scratch import Scratch

Table = np.ndarray | Scratch  # (n, K), or (n,) for classes


class Outcome:
    """Predictions of n rows, or of n bases, and their targets, as metrics take them.

    Args:
        kind: the kind of target.
        predicted: probabilities or values, (n, K).
        targets: classes (n,), or labels or values (n, K).
    """

    def __init__(self, kind: str, predicted: Table, targets: Table) -> None:
        self.kind, self.predicted, self.targets = kind, predicted, targets
        self.of_labels: dict[str, np.ndarray] = {}  # the values of a metric for each label, once computed
        self._not_finite = 0

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def labels(self) -> int:
        """The number K of classes, labels or quantities."""
        return self.predicted.columns if isinstance(self.predicted, Scratch) else self.predicted.shape[-1]

    @property
    def in_memory(self) -> bool:
        return not isinstance(self.predicted, Scratch)

    def append(self, predicted: np.ndarray, targets: np.ndarray) -> None:
        """Add the next rows, (m, K), to an outcome on disk."""
        assert isinstance(self.predicted, Scratch)  # noqa: S101
        self._not_finite += _not_finite(predicted)
        self.predicted.append(predicted)
        if isinstance(self.targets, Scratch):
            self.targets.append(targets)
        else:
            self.targets = np.concatenate([self.targets, targets])

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the predictions and the targets; those on disk are maps of their file."""
        return _whole(self.predicted), _whole(self.targets)

    def column(self, label: int, decided: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Return the predictions and the truths of one label or quantity: (n,), (n,).

        A class is compared with the rest. If `decided`, the predictions are true where the class is
        the most likely one.
        """
        if self.kind not in ("classes", "bases"):
            return _column(self.predicted, label), _column(self.targets, label)
        truths: np.ndarray = self.targets == label  # type: ignore[assignment]
        return (self.choices == label if decided else _column(self.predicted, label)), truths

    @cached_property
    def choices(self) -> np.ndarray:
        """The most likely class of each row, (n,)."""
        if isinstance(self.predicted, np.ndarray):
            most_likely: np.ndarray = self.predicted.argmax(axis=-1)
            return most_likely
        choices, best = np.zeros(len(self), np.int64), self.predicted.column(0)
        for label in range(1, self.labels):
            values = self.predicted.column(label)
            choices[values > best] = label
            np.maximum(best, values, out=best)
        return choices

    def rows_not_finite(self) -> int:
        """Count the rows whose predictions are nan or infinite."""
        return _not_finite(self.predicted) if isinstance(self.predicted, np.ndarray) else self._not_finite

    def close(self) -> None:
        """Remove the files."""
        for table in (self.predicted, self.targets):
            if isinstance(table, Scratch):
                table.close()


def _column(table: Table, label: int) -> np.ndarray:
    return table.column(label) if isinstance(table, Scratch) else table[:, label]


def _whole(table: Table) -> np.ndarray:
    return table.view() if isinstance(table, Scratch) else table


def _not_finite(predicted: np.ndarray) -> int:
    return int((~np.isfinite(predicted)).any(axis=-1).sum())
