"""The best validation of a run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.fields import Range

Count = Annotated[int, Range(0)]
SIGNS = {"min": 1, "max": -1}


@dataclass(frozen=True)
class Best:
    """The best value of a figure so far, its step, and the number of validations since then."""

    value: float | None = None
    step: Count = 0
    since: Count = 0


class BestValidation:
    """The best value of a figure in a run, where lower or higher values are better.

    Raises:
        HyenaDNAError: the direction is not "min" or "max".
    """

    def __init__(self, figure: str, direction: str, best: Best | None = None) -> None:
        if direction not in SIGNS:
            raise HyenaDNAError(f"The task is monitored by {figure!r} in the direction {direction!r}: use min or max.")
        self.figure, self.sign, self.so_far = figure, SIGNS[direction], best or Best()

    def improves(self, step: int, figures: Mapping[str, float]) -> bool:
        """Record a validation, and return whether it is the best so far; only a finite value is.

        Raises:
            HyenaDNAError: the figure was not measured.
        """
        if self.figure not in figures:
            measured = ", ".join(figures)
            raise HyenaDNAError(f"The task is monitored by {self.figure}, but measures {measured}: set its monitor.")
        value = figures[self.figure]
        best = self.so_far.value
        if not math.isfinite(value) or (best is not None and not self.sign * value < self.sign * best):
            self.so_far = replace(self.so_far, since=self.so_far.since + 1)
            return False
        self.so_far = Best(value, step)
        return True

    def waited(self, patience: int | None) -> bool:
        """Return whether `patience` validations have passed without an improvement."""
        return patience is not None and self.so_far.since >= patience
