"""Parts of a picture: a confusion matrix, or predicted against true values."""

from typing import Any

import numpy as np

from hyenadna_core.evaluation.metrics import confusion
from hyenadna_core.labelled.targets import Target

LABELLED_CELLS = 20  # most classes for which each cell shows its count


def draw_confusion(axes: Any, target: Target, predicted: np.ndarray, targets: np.ndarray) -> None:
    """Draw the confusion matrix, a row for each true class: (n, K) probabilities, (n,) classes."""
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


def draw_scatter(axes: Any, target: Target, predicted: np.ndarray, targets: np.ndarray) -> None:
    """Draw predicted against true values, (n, K) each."""
    for name, x, y in zip(target.names, targets.T, predicted.T, strict=True):
        axes.plot(x, y, ".", markersize=4, alpha=0.5, label=name)
    both = np.concatenate([targets, predicted])
    axes.plot([both.min(), both.max()], [both.min(), both.max()], color="0.6", linewidth=1)
    axes.set_xlabel("true")
    axes.set_ylabel("predicted")
    if len(target.names) <= LABELLED_CELLS:
        axes.legend(fontsize=8)
