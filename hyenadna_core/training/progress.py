"""What a person at a terminal sees of a training run; nothing is shown without a terminal."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hyenadna_core.terminal import bars, clock_text
from hyenadna_core.training.warmup import Stage, bases_until, rows_until, stage_at


class TimeLeft:
    """The time that a run still needs, from the times of its steps and validations.

    The first step at each length compiles and does not count.
    """

    def __init__(self, stages: Sequence[Stage], valid_every: int | None, clock: Callable[[], float]) -> None:
        self._stages, self._valid_every, self._clock = stages, valid_every, clock
        self._steps = sum(stage.steps for stage in stages)
        self._since = clock()
        self._seq_len = 0  # of the last step
        self._seconds = self._bases = self._validation = 0.0

    def stepped(self, step: int) -> None:
        """Count the time since the last event as that of a step."""
        stage, seconds = stage_at(self._stages, step - 1), self._lap()
        if stage.seq_len == self._seq_len:
            self._seconds += seconds
            self._bases += stage.seq_len * stage.batch_size
        self._seq_len = stage.seq_len

    def waited(self) -> None:
        """Count the time since the last event as that of the steps before it."""
        self._seconds += self._lap()

    def validated(self) -> None:
        """Count the time since the last event as that of a validation."""
        self._validation = self._lap()

    def seconds(self, step: int) -> float | None:
        """Return the seconds after `step` steps, or None if no step was counted."""
        if not self._bases:
            return None
        bases = bases_until(self._stages, self._steps) - bases_until(self._stages, step)
        return bases * self._seconds / self._bases + self._validations(step) * self._validation

    def _validations(self, step: int) -> int:
        """Count the validations after `step` steps; the last step has one in any case."""
        if self._valid_every is None or step >= self._steps:
            return 0
        return -(-self._steps // self._valid_every) - step // self._valid_every

    def _lap(self) -> float:
        before, self._since = self._since, self._clock()
        return self._since - before


class RunProgress:
    """The lines about a run, and the display that shows them.

    Args:
        first: steps that are done.
        rows: training sequences in an epoch, or 0 if there are no epochs.
        in_bits: whether the loss is in nats per base and is shown in bits.
        display: the `bars` that show the lines, or None.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        first: int = 0,
        *,
        rows: int = 0,
        in_bits: bool = False,
        valid_every: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        display: Any = None,
    ) -> None:
        self.stages, self.rows, self.in_bits = stages, rows, in_bits
        self.steps = sum(stage.steps for stage in stages)
        self._display, self._left, self._figures = display, TimeLeft(stages, valid_every, clock), dict[str, str]()
        if display:
            counts = {"completed": bases_until(stages, first), "total": bases_until(stages, self.steps)}
            self._task = display.add_task("compiling", **counts, left=clock_text(None), has_inner=False)

    def stepped(self, step: int) -> None:
        """Show that a step was started; on some backends the device still computes it."""
        self._left.stepped(step)
        self._show(step)

    def logged(self, step: int, loss: float, speed: float) -> None:
        """Show the loss and the bases per second of a line of log.tsv."""
        self._left.waited()
        self._figures["loss"] = f"loss {loss / math.log(2):.4f} bits" if self.in_bits else f"loss {loss:.4f}"
        self._figures["speed"] = f"{speed:,.0f} bases/s"
        self._show(step)

    def validated(self, step: int, name: str, value: float, best: float | None, best_step: int) -> None:
        """Show the figure of a validation, and the best one so far."""
        self._left.validated()
        at = f" (best {best:.4f} at step {best_step:,})" if best is not None else ""
        self._figures["valid"] = f"valid {name} {value:.4f}{at}"
        self._show(step)

    def description(self, step: int) -> str:
        """Return the position in the run: the step, and the epoch or the stage."""
        parts = [f"step {step:,}/{self.steps:,}"]
        if self.rows:
            done, epochs = (rows_until(self.stages, one) / self.rows for one in (step, self.steps))
            total = f"{epochs:,.1f}".removesuffix(".0")
            parts.append(f"epoch {done:,.1f}/{total}")
        if len(self.stages) > 1:
            stage = stage_at(self.stages, step - 1)
            number = 1 + next(index for index, other in enumerate(self.stages) if other is stage)
            parts.append(f"stage {number}/{len(self.stages)}: {stage.seq_len:,} bases")
        return "  ".join(parts)

    def figures(self) -> str:
        """Return the loss, the last validation and the speed."""
        return "  ".join(self._figures[name] for name in ("loss", "valid", "speed") if name in self._figures)

    def _show(self, step: int) -> None:
        if not self._display:
            return
        self._display.figures = self.figures()
        self._display.update(
            self._task,
            completed=bases_until(self.stages, step),
            description=self.description(step),
            left=clock_text(self._left.seconds(step)),
        )


@contextmanager
def training_progress(stages: Sequence[Stage], first: int, **options: Any) -> Iterator[RunProgress]:
    """Show a run that has done `first` steps; `options` are those of RunProgress."""
    if not sys.stderr.isatty():
        yield RunProgress(stages, first, **options)
        return
    with bars(stay=True) as display:
        yield RunProgress(stages, first, display=display, **options)
