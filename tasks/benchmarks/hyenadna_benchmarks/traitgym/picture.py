"""The picture of a TraitGym run: a dot for each block, and the weighted mean of each score."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core import file_written_aside

LINE, AROUND, WIDTH = 0.5, 1.4, 7.5  # inches
LARGEST = 160.0  # area of the dot of the largest block, in points
OF_BLOCK, OF_MEAN, OF_CHANCE = "#a6c5e0", "#1f4e79", "#666666"


def draw(path: Path, rows: Sequence[Mapping[str, Any]], summary: Sequence[Mapping[str, Any]]) -> None:
    """Draw AUPRC of each score: blocks as dots, the weighted mean with one standard error."""
    from matplotlib.figure import Figure

    used = [row for row in rows if row["chance"] is not None]
    largest = max(row["n"] for row in used)
    figure = Figure(figsize=(WIDTH, AROUND + LINE * len(summary)), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    random = np.random.default_rng(0)
    for place, row in enumerate(summary):
        values, shift = [each[row["score"]] for each in used], random.uniform(-0.14, 0.14, len(used))
        sizes = [LARGEST * each["n"] / largest for each in used]
        axes.scatter(values, place + shift, s=sizes, color=OF_BLOCK, linewidths=0, alpha=0.8)
        axes.errorbar(row["auprc"], place, xerr=row["se"], fmt="o", color=OF_MEAN, capsize=3, markersize=6, zorder=3)
        text = f"{row['auprc']:.3f}"
        axes.annotate(text, (row["auprc"], place), (0, 9), textcoords="offset points", ha="center", fontsize=9)
    axes.axvline(summary[1]["auprc"], color=OF_CHANCE, linewidth=1, linestyle="--", zorder=0)
    axes.set_yticks(range(len(summary)), [row["score"] for row in summary])
    axes.set_ylim(len(summary) - 0.5, -0.6)
    axes.set_xlabel("AUPRC; light dots: blocks by size, dark: weighted mean ± standard error, dashed: random order")
    axes.grid(axis="x", color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    with file_written_aside(path) as file:
        figure.savefig(file, format="png")
