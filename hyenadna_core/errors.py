"""What may go wrong, and what may come between."""

from pathlib import Path


class HyenaDNAError(Exception):
    """What is wrong, the value, and the way out, in one line; the command prints it and exits with 1."""


class Interrupted(Exception):
    """A run was asked to stop by a signal; its state at `step` is in a checkpoint of its folder."""

    def __init__(self, run_folder: Path, step: int, signal_number: int) -> None:
        super().__init__(f"{run_folder} stopped at step {step}")
        self.run_folder, self.step, self.signal_number = run_folder, step, signal_number
