"""The picture of a sequence task: a confusion matrix, or predicted against true values."""

from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.evaluation.metrics import confusion
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.labelled.targets import Target

LABELLED_CELLS = 20  # most classes for which each cell shows its count


def draw(folder: Path, target: Target, predicted: np.ndarray, targets: np.ndarray) -> str:
    """Write the picture for a kind of target, and return the name of its file."""
    name, paint = PICTURES[target.kind]
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 6), dpi=120, layout="constrained")
    paint(figure.add_subplot(), target, predicted, targets)
    with file_written_aside(folder / name) as file:
        figure.savefig(file, format="png")
    return name


def _confusion(axes: Any, target: Target, predicted: np.ndarray, targets: np.ndarray) -> None:
    names = target.names
    counts = confusion(len(names), predicted, targets)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    axes.figure.colorbar(image, ax=axes, label="share of the true class")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    for row, column in np.ndindex(counts.shape) if len(names) <= LABELLED_CELLS else ():
        color = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", color=color, fontsize=9)


def _scatter(axes: Any, target: Target, predicted: np.ndarray, targets: np.ndarray) -> None:
    for name, x, y in zip(target.names, targets.T, predicted.T, strict=True):
        axes.plot(x, y, ".", markersize=4, alpha=0.5, label=name)
    both = np.concatenate([targets, predicted])
    axes.plot([both.min(), both.max()], [both.min(), both.max()], color="0.6", linewidth=1)
    axes.set_xlabel("true")
    axes.set_ylabel("predicted")
    if len(target.names) <= LABELLED_CELLS:
        axes.legend(fontsize=8)


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
    "classes": ("confusion.png", _confusion),
    "bases": ("confusion.png", _confusion),
    "regression": ("scatter.png", _scatter),
    "labels": ("labels.png", _bars),
}
