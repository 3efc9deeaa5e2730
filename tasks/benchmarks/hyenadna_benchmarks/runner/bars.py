"""A bar for each measurement that runs, of its training steps that are left."""

import json
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from hyenadna_benchmarks.runner.cells import RUN, Cell
from hyenadna_core import progress

EVERY = 1.0  # seconds between two looks at the files of the runs
PARTS = 1000  # of a run, in which bars move


class RunningBars:
    """The bars of the measurements that run, below that of all measurements.

    Args:
        out: the folder of the benchmark.
    """

    def __init__(self, out: Path) -> None:
        self.out, self._next = out, 0.0
        self._bars: dict[Cell, Bar] = {}

    def __call__(self, running: Iterable[Cell]) -> None:
        """Show these measurements and no others, at most once a second."""
        if time.monotonic() < self._next:
            return
        self._next, wanted = time.monotonic() + EVERY, list(running)
        for cell in [cell for cell in self._bars if cell not in wanted]:
            self._bars.pop(cell).close()
        for cell in wanted:
            share = share_of_steps(cell.folder(self.out))
            if cell in self._bars and share < self._bars[cell].share:  # the run starts again
                self._bars.pop(cell).close()
            if cell not in self._bars:
                self._bars[cell] = Bar(cell.title, share)
            self._bars[cell].show(share)

    def close(self) -> None:
        """Remove all bars."""
        for bar in self._bars.values():
            bar.close()
        self._bars.clear()


class Bar:
    """The bar of one measurement: the steps that were left when it was first shown.

    Those that were done before took no time of this command.
    """

    def __init__(self, title: str, share: float) -> None:
        self._stack, self.share = ExitStack(), share
        self._advance = self._stack.enter_context(progress(title, max(1, round(PARTS * (1 - share)))))

    def show(self, share: float) -> None:
        """Move the bar forward."""
        self._advance(round(PARTS * share) - round(PARTS * self.share))
        self.share = share

    def close(self) -> None:
        """Remove the bar."""
        self._stack.close()


def share_of_steps(folder: Path) -> float:
    """Return the share of the steps of a measurement that are done; 0 if it has no steps yet."""
    run = folder / RUN
    try:
        stages = json.loads((run / "run.json").read_text(encoding="utf-8"))["config"]["stages"]
        steps = sum(int(stage.partition("@")[2]) for stage in stages)
        done = int((run / "log.tsv").read_text(encoding="utf-8").splitlines()[-1].partition("\t")[0])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return 0.0
    return min(1.0, done / steps) if steps else 0.0
