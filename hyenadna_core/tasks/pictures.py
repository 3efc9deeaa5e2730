"""The picture of a sequence task: a confusion matrix, predicted against true values, or labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.evaluation.metrics import Metric
from hyenadna_core.evaluation.outcome import Outcome
from hyenadna_core.evaluation.panels import draw_confusion, draw_scatter
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.labelled.targets import Target
from hyenadna_core.tasks.label_pictures import draw_bars, draw_strips, strips_of

MOST_BARS = 40  # labels or quantities with a bar or a color each; more are drawn as strips
MOST_POINTS = 200_000  # of a scatter; of more, evenly spread rows are drawn


def draw(folder: Path, target: Target, outcome: Outcome, metrics: Sequence[Metric]) -> str:
    """Write the picture for a kind of target, and return the name of its file."""
    from matplotlib.figure import Figure

    name, paint = PICTURES[target.kind]
    strips = strips_of(metrics) if len(target.names) > MOST_BARS and target.kind in ("labels", "regression") else []
    if strips:
        name, figure = "labels.png", Figure(figsize=(10, 7), dpi=120, layout="constrained")
        draw_strips(figure, target, outcome, strips)
    else:
        figure = Figure(figsize=(7, max(6.0, 0.22 * len(target.names)) if paint is draw_bars else 6), dpi=120)
        figure.set_layout_engine("constrained")
        paint(figure.add_subplot(), target, outcome)
    with file_written_aside(folder / name) as file:
        figure.savefig(file, format="png")
    return name


def _confusion(axes: Any, target: Target, outcome: Outcome) -> None:
    draw_confusion(axes, target, *outcome.arrays())


def _scatter(axes: Any, target: Target, outcome: Outcome) -> None:
    every = -(-len(outcome) * len(target.names) // MOST_POINTS)
    draw_scatter(axes, target, *(np.asarray(values[:: max(1, every)]) for values in outcome.arrays()))


PICTURES = {
    "classes": ("confusion.png", _confusion),
    "bases": ("confusion.png", _confusion),
    "regression": ("scatter.png", _scatter),
    "labels": ("labels.png", draw_bars),
}
