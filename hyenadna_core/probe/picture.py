"""The picture of a probe: figures with intervals, and the confusion matrix or a scatter."""

from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.evaluation.panels import draw_confusion, draw_scatter
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.probe.examples import Examples
from hyenadna_core.probe.folds import Folds
from hyenadna_core.probe.result import ProbeResult

PANELS = {
    "classes": ("auroc", draw_confusion, "share of each true class"),
    "regression": ("spearman", draw_scatter, "predicted against true values"),
}
OF_VECTORS, OF_BASELINES = "tab:blue", "0.45"


def draw_probe(path: Path, examples: Examples, folds: Folds, result: ProbeResult) -> None:
    """Draw two figures of each model with intervals, and the predictions of the best model."""
    from matplotlib.figure import Figure as Picture

    second, draw, title = PANELS[examples.target.kind]
    metrics = (result.metric, second)
    size = 6.0 + 0.25 * max(0, len(examples.target.names) - 6)
    width = size * 1.2 if examples.target.kind == "classes" else size
    picture = Picture(figsize=(5.2 + width, size), dpi=120, layout="constrained")
    left, right = picture.subfigures(1, 2, width_ratios=(5.2, width), squeeze=False)[0]
    for axes, metric in zip(left.subplots(len(metrics), 1), metrics, strict=True):
        _draw_figures(axes, metric, result)
    left.suptitle(f"held out by {folds.split}, {len(folds.folds)} folds", fontsize=11)
    axes = right.subplots()
    draw(axes, examples.target, result.models[result.best].predicted, examples.targets)
    right.suptitle(f"{result.best}: {title}", fontsize=11)
    with file_written_aside(path) as file:
        picture.savefig(file, format="png")


def _draw_figures(axes: Any, metric: str, result: ProbeResult) -> None:
    """Draw a metric of each model as a point, with its interval as a line."""
    names = list(result.figures)
    for place, name in enumerate(names):
        value, low, high = result.figures[name][metric]
        if not np.isfinite(value):
            continue
        color = OF_VECTORS if name in result.differences else OF_BASELINES
        axes.plot([low, high], [place, place], color=color, linewidth=2.5, solid_capstyle="butt")
        axes.plot([value], [place], "o", color=color, markersize=7)
        axes.annotate(f"{value:.3f}", (value, place), (0, 8), textcoords="offset points", ha="center", fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.6)
    axes.margins(x=0.12)
    axes.set_xlabel(f"{metric}, 95 % interval")
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
