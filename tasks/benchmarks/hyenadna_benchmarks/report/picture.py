"""The picture of a table: one line of dots a set, ours and published ones."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hyenadna_benchmarks.benchmark_set import sets_of
from hyenadna_benchmarks.legend import add_legend
from hyenadna_benchmarks.report.published import comparable
from hyenadna_benchmarks.runner.contenders import PRETRAINED
from hyenadna_benchmarks.runner.plan import Plan

LINE, AROUND, WIDTH = 0.42, 1.3, 9.5  # inches
COLORS = ("#7f7f7f", "#2b6ca3", "#66a5d9", "#e08214", "#b2182b", "#7b3294", "#1b7837", "#c51b7d", "#8c510a", "#01665e")
PUBLISHED = {"paper": ("D", "HyenaDNA, paper (selects on test)"), "stricter": ("s", "HyenaDNA, stricter rerun")}


def picture(plan: Plan, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the picture as SVG, with text as text; the same rows give the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    metric_of = sets_of(plan.suite)
    sets, names = list(plan.sets), list(dict.fromkeys(row["contender"] for row in rows))
    metrics = " or ".join(dict.fromkeys(row["metric"] for row in rows if row["metric"]))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "hyenadna", "font.family": "sans-serif"}):
        figure = Figure(figsize=(WIDTH, AROUND + LINE * len(sets)))
        axes, artists = figure.add_subplot(), {}
        for number, name in enumerate(names):
            color = COLORS[number % len(COLORS)]
            own = [row for row in rows if row["contender"] == name and row["mean"] is not None]
            places = [sets.index(row["set"]) for row in own]
            axes.hlines(places, [row["least"] for row in own], [row["most"] for row in own], color=color, linewidth=1.2)
            (artists[name],) = axes.plot([row["mean"] for row in own], places, "o", color=color, markersize=6)
        for key, (marker, label) in PUBLISHED.items():
            figures = [
                (published.value, place)
                for place, name in enumerate(sets)
                if (published := comparable(plan.suite, name, PRETRAINED, key == "stricter"))
                and published.metric == metric_of[name].metric
            ]
            if figures:
                values, lines = zip(*figures, strict=True)
                (artists[label],) = axes.plot(values, lines, marker, color="black", fillstyle="none", markersize=6)
        axes.set_yticks(range(len(sets)), sets)
        axes.set_ylim(len(sets) - 0.5, -0.5)
        axes.set_xlabel(metrics)
        axes.grid(axis="both", color="#e5e5e5", linewidth=0.6)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        add_legend(axes, artists, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize="small")
        text = io.StringIO()
        figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    return re.sub(r"^.*?(?=<svg )", "", text.getvalue(), flags=re.DOTALL)
