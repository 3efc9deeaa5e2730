"""What to try when a model ends below a simpler one."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hyenadna_core.task import Run, RunSettings

SMALL = "human-chr20-1k"  # the weights in the package
LARGER = "hyenadna-small-32k"
LATE, EARLY = 0.8, 0.3  # parts of the steps
FEW = 2  # passes over the training sequences; fewer are too few
HINTS = 2  # that are named


@dataclass(frozen=True)
class Trained:
    """How a model was trained, as far as advice depends on it.

    Args:
        kind: of the target.
        start: the weights that the run started from, or None.
        frozen: whether only the head was trained.
        strand_may_count: whether both strands were read, and neither the task nor k-mers say that
            this is better.
        both_directions: whether each base saw the bases on both sides.
        epochs: passes over the training sequences.
        best_at: the part of all steps after which the validation was best; nan without validation.
    """

    kind: str
    start: str | None
    frozen: bool
    strand_may_count: bool
    both_directions: bool
    epochs: float
    best_at: float


# Whether a hint fits, and its text, the most likely first. Two of them always fit.
TABLE: tuple[tuple[Callable[[Trained], bool], Callable[[Trained], str]], ...] = (
    (lambda run: run.start is None, lambda run: f"--weights {SMALL} (weights to start from)"),
    (lambda run: run.frozen, lambda run: "no --freeze (the backbone learns too)"),
    (
        lambda run: run.kind == "bases" and not run.both_directions,
        lambda run: "--both-directions (each base sees both sides)",
    ),
    (
        lambda run: run.epochs < FEW,
        lambda run: f"--epochs {FEW} or more, or more steps in --stages (a sequence was read {run.epochs:.1f} times)",
    ),
    (
        lambda run: run.best_at >= LATE and run.epochs >= FEW,
        lambda run: f"--epochs {round(2 * run.epochs)} (the validation was still improving)",
    ),
    (
        lambda run: run.best_at <= EARLY and run.epochs >= FEW,
        lambda run: "--head-dropout 0.3 (the validation was best early, then the model overfitted)",
    ),
    (lambda run: run.strand_may_count, lambda run: "--forward-only (if the label depends on the strand)"),
    (lambda run: run.start != LARGER, lambda run: f"--weights {LARGER} (larger, published weights)"),
    (lambda run: True, lambda run: "--learning-rate, half or twice as large"),
)


def trained(task: Any, folder: Run, config: RunSettings) -> Trained:
    """Return how the model of a sequence task was trained."""
    steps = sum(stage.steps for stage in config.stages)
    name, direction = task.monitor
    measured = [(line[name], line["step"]) for line in folder.read_validations() if math.isfinite(line[name])]
    best = (max if direction == "max" else min)(measured, default=(math.nan, math.nan))[1]
    losses = task.strand_losses
    sequences = sum(stage.steps * stage.batch_size for stage in config.stages)
    return Trained(
        task.target.kind,
        config.start,
        config.freeze,
        task.on_both_strands and task.stranded is None and (losses is None or losses.one < losses.both),
        task.both_directions,
        epochs=sequences / len(task.split("train")),
        best_at=best / steps,
    )


def advice(run: Trained) -> str:
    """Return the two options that are most likely to help."""
    return " and ".join([text(run) for fits, text in TABLE if fits(run)][:HINTS])
