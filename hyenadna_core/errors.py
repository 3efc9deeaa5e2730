"""Errors for users, and the interruption of a run."""

from collections.abc import Iterable
from pathlib import Path

NAMES_SHOWN = 8  # in a message


class HyenaDNAError(Exception):
    """One line: the fault, the value and the way out. The command prints it and exits with 1."""


class Interrupted(Exception):
    """The stop of a run by a signal; a checkpoint in its folder has the state at `step`."""

    def __init__(self, run_folder: Path, step: int, signal_number: int) -> None:
        super().__init__(f"{run_folder} stopped at step {step}")
        self.run_folder, self.step, self.signal_number = run_folder, step, signal_number


def first_names(names: Iterable[str]) -> str:
    """Join the first names of a long list for a message, and count the others."""
    names = list(names)
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return (", ".join(names[:NAMES_SHOWN]) or "none") + more
