"""The picture of a sequence task: a confusion matrix, or predicted against true values."""

from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.evaluation.panels import draw_confusion, draw_scatter
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.labelled.targets import Target


def draw(folder: Path, target: Target, predicted: np.ndarray, targets: np.ndarray) -> str:
    """Write the picture for a kind of target, and return the name of its file."""
    name, paint = PICTURES[target.kind]
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 6), dpi=120, layout="constrained")
    paint(figure.add_subplot(), target, predicted, targets)
    with file_written_aside(folder / name) as file:
        figure.savefig(file, format="png")
    return name


def _bars(axes: Any, target: Target, predicted: np.ndarray, targets: np.ndarray) -> None:
    """Draw the mean probability of each label over rows with the label, and over rows without."""
    places = np.arange(len(target.names))
    for there, offset, color in ((1, -0.2, "tab:blue"), (0, 0.2, "0.7")):
        rows = targets == there
        mean = (predicted * rows).sum(axis=0) / np.maximum(rows.sum(axis=0), 1)
        axes.barh(places + offset, mean, height=0.4, color=color, label="with the label" if there else "without")
    axes.set_yticks(places, target.names)
    axes.set_xlim(0, 1)
    axes.set_xlabel("mean predicted probability")
    axes.legend(fontsize=8)


PICTURES = {
    "classes": ("confusion.png", draw_confusion),
    "bases": ("confusion.png", draw_confusion),
    "regression": ("scatter.png", draw_scatter),
    "labels": ("labels.png", _bars),
}
