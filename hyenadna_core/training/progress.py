"""The progress bar of a training run, on stderr; silent if stderr is not a terminal."""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from hyenadna_core.training.warmup import Stage, bases_until, stage_at

Report = Callable[[int, float, float], None]  # steps done, loss, bases per second


@contextmanager
def training_progress(stages: Sequence[Stage], first: int, in_bits: bool = False) -> Iterator[Report]:
    """Show the stage, loss, speed and remaining time of a run that has done `first` steps.

    With `in_bits`, the loss is in nats per base and the perplexity is shown too.
    """
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[figures]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("compiling", total=bases_until(stages, sum(stage.steps for stage in stages)), figures="")

        def report(step: int, loss: float, speed: float) -> None:
            stage = stage_at(stages, step - 1)
            number = 1 + next(index for index, other in enumerate(stages) if other is stage)
            perplexity = f"  perplexity {math.exp(loss):.3f}" if in_bits else ""
            figures = f"loss {loss:.4f}{perplexity}  {speed:,.0f} bases/s"
            description = f"stage {number}/{len(stages)}: {stage.seq_len:,} bases"
            bar.update(task, completed=bases_until(stages, step), description=description, figures=figures)

        if first:
            bar.update(task, completed=bases_until(stages, first))
        yield report
