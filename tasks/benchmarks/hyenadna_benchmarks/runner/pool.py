"""Processes of cells, some at a time."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from hyenadna_benchmarks.runner import cells
from hyenadna_benchmarks.runner.cells import Cell
from hyenadna_benchmarks.runner.plan import Plan
from hyenadna_core import HyenaDNAError, child_environment

WAIT = 0.05  # seconds between two looks at the processes
PATIENCE = 60.0  # seconds for the last checkpoint
SHARED_GPU = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}  # else one process on JAX takes most of its memory


@dataclass
class Pool:
    """The processes of some cells; at most `jobs` at once.

    Args:
        plan: what is computed.
        out: the folder of the benchmark.
        lock: its locked file, which the processes keep too, so that the folder is in use as long as
            one of them works.
    """

    plan: Plan
    out: Path
    jobs: int
    lock: IO[str]
    running: dict[Cell, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def run(
        self,
        pending: Sequence[Cell],
        on_end: Callable[[Cell, str], None],
        on_look: Callable[[Iterable[Cell]], None],
    ) -> None:
        """Compute cells; `on_end` gets each with its error, or "".

        `on_look` gets those that run, at each look at the processes.

        Raises:
            KeyboardInterrupt: Ctrl-C came; all processes have stopped.
        """
        waiting, left = list(pending), set(pending)
        try:
            while waiting or self.running:
                for cell in [cell for cell in waiting if left.isdisjoint(self.plan.before(cell))]:
                    if len(self.running) >= self.jobs:
                        break
                    waiting.remove(cell)
                    if error := self._start(cell):
                        left.discard(cell)
                        on_end(cell, error)
                for cell, status in list(self._ended()):
                    left.discard(cell)
                    on_end(cell, self._error(cell, status))
                on_look(self.running)
                time.sleep(WAIT)
        finally:
            self.stop()

    def _start(self, cell: Cell) -> str:
        """Start the process of a cell, and return why it cannot be started, or ""."""
        folder = cell.folder(self.out)
        cells.clear(folder)
        try:
            cells.write_json(folder / cells.SPEC, self.plan.spec(cell, self.out))
        except HyenaDNAError as error:
            cells.write_json(folder / cells.ERROR, {"error": str(error)})
            return str(error)
        # -P: a random.py in the current folder is not a module of Python
        command = [sys.executable, "-P", "-m", "hyenadna_benchmarks.worker", str(folder / cells.SPEC)]
        with (folder / cells.LOG).open("ab") as log:
            self.running[cell] = subprocess.Popen(  # noqa: S603 (our own command)
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=SHARED_GPU | child_environment(self.plan.backend, self.plan.threads),
                start_new_session=True,  # Ctrl-C reaches this process only, which stops the others
                pass_fds=(self.lock.fileno(),),
            )
        return ""

    def _ended(self) -> Iterator[tuple[Cell, int]]:
        for cell, process in list(self.running.items()):
            if (status := process.poll()) is not None:
                self._close(cell)
                yield cell, status

    def _error(self, cell: Cell, status: int) -> str:
        folder = cell.folder(self.out)
        if cells.finished(folder):  # the result is the last file
            (folder / cells.ERROR).unlink(missing_ok=True)
            return ""
        if not (error := cells.error_of(folder)):
            how = f"signal {-status}" if status < 0 else f"exit status {status}"
            error = f"The process ended with {how}: {folder / cells.LOG} has its output."
            cells.write_json(folder / cells.ERROR, {"error": error})
        return error

    def stop(self) -> None:
        """Ask all processes to stop with a checkpoint, and wait for them."""
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + PATIENCE
        for cell, process in list(self.running.items()):
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._close(cell)

    def _close(self, cell: Cell) -> None:
        process = self.running.pop(cell)
        if process.stdin:
            with suppress(OSError):
                process.stdin.close()
