"""Recipes of training with AdamW: rates, schedule and weight decay (docs/model.md section 6)."""

from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np

from hyenadna_core.fields import OneOf, Range

Share = Annotated[float, Range(0, 1)]
NotNegative = Annotated[float, Range(0)]
Positive = Annotated[float, Range(0, open_least=True)]


@dataclass(frozen=True)
class Recipe:
    """The settings of AdamW and its learning-rate schedule.

    `learning_rate` is the peak; the filter network learns at `filter_rate` times it, and the head
    of a task, which is all that is not in the backbone, at `head_rate` times it. The rate rises
    linearly over the part `warmup` of all steps, from 0 at the first one, then falls to `floor`
    times the peak: as a cosine, or linearly with `falls="linear"`. With `warmup=0` the first step
    has the peak.
    Weight decay applies to everything except vectors, the embedding and the filter network.

    With `original`, the schedule and the decay are those of the original repository: the cosine
    starts at the first step, so it has begun to fall when warmup ends, and weight decay applies to
    everything except the filter network.
    """

    learning_rate: Positive
    filter_rate: NotNegative
    weight_decay: NotNegative
    beta_2: Annotated[float, Range(0, 1, open_most=True)]
    warmup: Share = 0.05
    floor: Share = 0.0
    original: bool = False
    epsilon: Positive = 1e-8
    falls: Annotated[str, OneOf(("cosine", "linear"))] = "cosine"
    head_rate: Positive = 1.0


DEFAULT = Recipe(learning_rate=6e-4, filter_rate=1.0, weight_decay=0.1, beta_2=0.999)
SHORT_RUN = Recipe(1e-2, filter_rate=0.05, weight_decay=0.02, beta_2=0.98, epsilon=1e-7, falls="linear")  # docs/log.md
ORIGINAL = Recipe(6e-4, 1.0, 0.1, 0.999, warmup=0.01, floor=0.1, original=True)
ORIGINAL_START = 1e-6  # the first rate of the original's schedule


class Schedule(NamedTuple):
    """The numbers of a learning-rate schedule.

    A compiled step of training takes them as inputs. So it serves all rates and numbers of steps.
    """

    low: float  # the rate of the first step
    slope: float  # what a step adds while the rate rises
    rises: float  # steps
    floor: float
    fall: float  # from the peak to `floor`
    start: float  # the step from which the fall is counted
    span: float  # steps


def schedule_of(recipe: Recipe, steps: int) -> Schedule:
    """Return the numbers of the schedule of a recipe over `steps` updates."""
    peak, floor = recipe.learning_rate, recipe.floor * recipe.learning_rate
    if recipe.original:
        low, rises, start, span = ORIGINAL_START, recipe.warmup * steps, 0.0, float(steps)
    else:
        rises = float(max(1, round(recipe.warmup * steps))) if recipe.warmup else 0.0
        low, start, span = 0.0, rises, max(1.0, steps - rises)
    return Schedule(low, (peak - low) / max(1.0, rises), rises, floor, peak - floor, start, span)


def rate_at(schedule: Schedule, falls: str, step: Any, ops: Any = np) -> Any:
    """Compute the rate of update `step` (number or array); `schedule` may have scalar tensors."""
    done = ops.clip((step - schedule.start) / schedule.span, 0.0, 1.0)
    left = 1 - done if falls == "linear" else (1 + ops.cos(np.pi * done)) / 2
    rising, falling = schedule.low + step * schedule.slope, schedule.floor + schedule.fall * left
    return ops.where(step < schedule.rises, rising, falling)


def learning_rate_at(recipe: Recipe, steps: int, step: Any) -> Any:
    """Compute the rate of update `step` (number or array) of `steps`."""
    return rate_at(schedule_of(recipe, steps), recipe.falls, step)
