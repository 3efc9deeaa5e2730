"""Errors for users, their text, and the interruption of a run."""

from collections.abc import Iterable
from pathlib import Path

from hyenadna_plugins.errors import MESSAGE, PIECE, shown

__all__ = ["MESSAGE", "PIECE", "HyenaDNAError", "Interrupted", "NotAffordable", "first_names", "shown"]

NAMES_SHOWN = 8  # in a message
NAME = 60  # characters of each


class HyenaDNAError(Exception):
    """One line: the fault, the value and the way out. The command prints it and exits with 1.

    Text from outside goes through `shown` first: then the rest of the line remains whole.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(shown(message, MESSAGE))


class NotAffordable(HyenaDNAError):
    """A computation was not begun, as it would take too much time or memory; the line says why."""


class Interrupted(Exception):
    """The stop of a run by a signal; a checkpoint in its folder has the state at `step`."""

    def __init__(self, run_folder: Path, step: int, signal_number: int) -> None:
        super().__init__(f"{run_folder} stopped at step {step}")
        self.run_folder, self.step, self.signal_number = run_folder, step, signal_number


def first_names(names: Iterable[object]) -> str:
    """Join the first names of a long list for a message, and count the others."""
    names = list(names)
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return (", ".join(shown(name, NAME) for name in names[:NAMES_SHOWN]) or "none") + more
