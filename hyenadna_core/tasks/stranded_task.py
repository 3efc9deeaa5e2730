"""A task that reads sequences on one strand or on both."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from hyenadna_core.fields import FieldError
from hyenadna_core.labelled.rows import Rows
from hyenadna_core.tasks.folds import FoldedTask
from hyenadna_core.tasks.strands import StrandLosses, sentence_of, strand_losses


class StrandedTask(FoldedTask):
    """A task with rows that asks the data whether its targets depend on the strand.

    A subclass sets `stranded` if it knows: True if they do, False if they do not.
    `reverse_complements` is the choice of the user: True, False, or None to leave it to the task.
    """

    stranded: bool | None = None  # whether a target depends on the strand; None asks the data
    reverse_complements: bool | None = None
    _of_run: bool | None = None  # what was decided when the run began

    @classmethod
    def from_options(cls, options: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> Self:
        task = super().from_options(options, state)
        if state is not None:
            task._of_run = state.get("both_strands", True)  # a run of another version may have none
            if not isinstance(task._of_run, bool):
                raise FieldError(f"task.both_strands is {task._of_run!r}, not true or false")
        return task

    def state(self) -> dict[str, Any]:
        return {"target": self.target.to_json(), "both_strands": self.on_both_strands}

    @property
    def on_both_strands(self) -> bool:
        """Whether a sequence and its reverse complement have the same target."""
        if self.reverse_complements is not None:
            return self.reverse_complements
        if self.stranded or self.target.kind == "bases":
            return False
        if self._of_run is not None:
            return self._of_run
        losses = self.strand_losses
        return losses is None or not losses.tells_strands_apart

    @cached_property
    def strand_losses(self) -> StrandLosses | None:
        """The losses by which one strand is compared with both; None if nothing is to be told."""
        if self.stranded is not None or not (self.has("train") and self.has("valid")):
            return None
        return strand_losses(self.split("train"), self.split("valid"), self.target)

    @abstractmethod
    def split(self, name: str) -> Rows:
        """Return the rows of a split."""

    def about_strands(self) -> list[str]:
        """Return a sentence on the strands of a run, if the user and the task leave them open."""
        if self.stranded is not None or self.target.kind == "bases" or self.reverse_complements is not None:
            return []
        return [sentence_of(self.strand_losses, self.on_both_strands)]
