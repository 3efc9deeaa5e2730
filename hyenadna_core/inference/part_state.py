"""The state of a part that is being computed, saved from time to time and at a signal."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.inference.part_file import Arrays, Damaged, from_bytes, state_name_of, to_bytes
from hyenadna_core.inference.stop import Signals, Stopped
from hyenadna_core.terminal import notice

SECONDS = 30.0  # between two states, at least
SHARE = 0.02  # of the time that writing may take


class PartStates:
    """The states of unfinished parts in the folder of a job; `begun` has the numbers of the parts.

    Args:
        job: the SHA-256 of the job.
        signals: those that came. A part that saves its state holds them, and looks at `is_due`
            after each step of its work.
    """

    def __init__(self, folder: Path, job: str, signals: Signals) -> None:
        self.folder, self.signals = folder, signals
        self.begun: set[int] = set()
        self._job = f"{job} state"  # so that no state is taken for a part
        self._next = time.monotonic() + SECONDS

    @property
    def is_due(self) -> bool:
        """Whether the state is to be saved now."""
        return bool(self.signals) or time.monotonic() >= self._next

    def save(self, part: int, arrays: Callable[[], Arrays]) -> None:
        """Save the state of a part; if the disk is full, say so once, and go on without states.

        Raises:
            Stopped: a signal came.
        """
        started = time.monotonic()
        path = self.folder / state_name_of(part)
        try:
            content = to_bytes(arrays(), part, self._job)
            with file_written_aside(path) as aside:
                aside.write_bytes(content)
            self.begun.add(part)
            now = time.monotonic()
            self._next = now + max(SECONDS, (now - started) / SHARE)
        except OSError as error:
            is_first, self._next = self._next < float("inf"), float("inf")
            if is_first:
                remedy = "a stopped run continues this part from its last saved state, if there is one"
                notice(f"Cannot write {path}: {error.strerror}: {remedy}.")
        if self.signals:
            raise Stopped(self.signals[0])

    def find(self, part: int) -> None:
        """Look if an earlier run has left the state of a part."""
        if (self.folder / state_name_of(part)).exists():
            self.begun.add(part)

    def read(self, part: int) -> Arrays | None:
        """Return the state of a part, or None; one line if it is damaged."""
        path = self.folder / state_name_of(part)
        try:
            if part not in self.begun:
                return None
            if path.is_symlink() or not path.is_file():
                raise Damaged
            return from_bytes(path.read_bytes(), part, self._job)
        except Damaged:
            notice(f"{path} is damaged: the part is computed from its beginning.")
            self.remove(part)
            return None

    def remove(self, part: int) -> None:
        """Remove the state of a part that is finished."""
        self.begun.discard(part)
        with suppress(OSError):  # there is none
            (self.folder / state_name_of(part)).unlink()
