"""The one line that a long command prints once it knows its speed."""

import resource
import sys
import time

from hyenadna_core.inference.estimate import estimate_line
from hyenadna_core.terminal import Advance, notice

# The first call compiles, so it does not count. The next ones may compile other shapes.
SECONDS = 2.0  # at least
ENOUGH = 64  # windows or bases
LONGEST = 20.0  # seconds, after which fewer than ENOUGH count


class Announcement:
    """Counts the work that is done, and says once what will be done and how long it takes."""

    def __init__(self, work: str, total: int) -> None:
        self.work, self.total, self.done = work, total, 0
        self._first: tuple[float, int] | None = None
        self._is_printed = False

    def advance(self, count: int) -> None:
        """Count work that was done now."""
        self.done += count
        now = time.monotonic()
        if self._first is None:
            self._first = now, self.done
            return
        seconds, done = now - self._first[0], self.done - self._first[1]
        is_enough = done >= min(ENOUGH, self.total // 2) or seconds >= LONGEST
        if not self._is_printed and seconds >= SECONDS and done and is_enough:
            self._is_printed = True
            notice(estimate_line(self.work, (self.total - self.done) * seconds / done, peak_memory()))

    def beside(self, progress: Advance) -> Advance:
        """Return a function that counts work here and in a progress bar."""

        def advance(count: int) -> None:
            self.advance(count)
            progress(count)

        return advance


def peak_memory() -> int:
    """Return the largest number of bytes that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
