"""The best validation of a run."""

import math
from typing import Any

from hyenadna_core.errors import HyenaDNAError


class BestValidation:
    """The best value of a figure so far, and the number of validations since then."""

    def __init__(self, figure: str, direction: str, value: float | None = None, step: int = 0, since: int = 0) -> None:
        self.figure, self.sign = figure, {"min": 1, "max": -1}[direction]
        self.value, self.step, self.since = value, step, since

    def improves(self, step: int, figures: dict[str, float]) -> bool:
        """Record a validation, and return whether it is the best so far; nan never is.

        Raises:
            HyenaDNAError: the figure was not measured.
        """
        if self.figure not in figures:
            measured = ", ".join(figures)
            raise HyenaDNAError(f"The task is monitored by {self.figure}, but measures {measured}: set its monitor.")
        value = figures[self.figure]
        if math.isnan(value) or (self.value is not None and not self.sign * value < self.sign * self.value):
            self.since += 1
            return False
        self.value, self.step, self.since = value, step, 0
        return True

    def waited(self, patience: int | None) -> bool:
        """Return whether `patience` validations have passed without an improvement."""
        return patience is not None and self.since >= patience

    def state(self) -> dict[str, Any]:
        """Return the arguments with which a resumed run makes this object again."""
        return {"value": self.value, "step": self.step, "since": self.since}
