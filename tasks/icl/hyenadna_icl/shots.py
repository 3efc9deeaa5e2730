"""Examples for the context, and sequences to tune on: drawn from the training rows only."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from hyenadna_core import Rows, RowsSubset
from hyenadna_icl.faults import DoesNotFit

Shot = tuple[np.ndarray, int]  # bases (L,) and the number of the class


class Pool:
    """The training rows, by class.

    Args:
        rows: the training rows, with classes as targets.
        classes: the names of the classes.
        shots: examples of each class.
        tune: sequences to tune on.
        of: the name of the data, for messages.

    Attributes:
        of_classes: for each class, a row of each of its different sequences; case does not matter.

    Raises:
        DoesNotFit: there are too few rows.
    """

    def __init__(self, rows: Any, classes: Sequence[str], shots: int, tune: int, of: str) -> None:
        self.rows, self.shots, self.tune = rows, shots, tune
        self._row_of: list[dict[bytes, int]] = [{} for _ in classes]  # by the checksum of its bases
        for index in range(len(rows)):
            bases, target = rows.row(index)
            self._row_of[int(target)].setdefault(_checksum(bases), index)
        self.of_classes = [np.array(list(row_of.values()), np.int64) for row_of in self._row_of]
        needed = shots + bool(tune)  # an example is never the sequence that is tuned on
        for name, of_class in zip(classes, self.of_classes, strict=True):
            if shots and len(of_class) < needed:
                raise DoesNotFit(
                    f"{of} has {len(of_class):,} different training sequences of the class {name}, and --shots {shots} "
                    f"needs {needed:,}: use fewer."
                )
        if tune > len(rows):
            raise DoesNotFit(f"{of} has {len(rows):,} training sequences, and --tune asks for {tune:,}: use fewer.")

    def shots_of(self, random: np.random.Generator, but: np.ndarray | None = None) -> list[Shot]:
        """Draw k different examples of each class in random order, none with the bases `but`."""
        shots: list[Shot] = []
        for number, row_of in enumerate(self._row_of if self.shots else ()):
            left_out = None if but is None else row_of.get(_checksum(but))
            drawn = random.permutation(self.of_classes[number]).tolist()
            chosen = [index for index in drawn[: self.shots + 1] if index != left_out][: self.shots]
            shots += [(self.rows.row(index)[0], number) for index in chosen]
        return [shots[place] for place in random.permutation(len(shots))]

    def to_tune_on(self, random: np.random.Generator) -> Rows:
        """Draw the sequences to tune on."""
        chosen = np.sort(random.permutation(len(self.rows))[: self.tune])
        take = getattr(self.rows, "take", None)
        rows: Rows = take(chosen) if take else RowsSubset(self.rows, chosen)
        return rows


def _checksum(bases: np.ndarray) -> bytes:
    """Return a short checksum, the same for the same bases in upper or lower case."""
    return hashlib.blake2b(bases.tobytes().upper(), digest_size=16).digest()
