"""Pictures of labels: a bar for each of a few, or the figures of many by group."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hyenadna_core.evaluation.metrics import Metric, values_of_labels
from hyenadna_core.evaluation.outcome import Outcome
from hyenadna_core.labelled.targets import Target

PREFERRED = ("auroc", "auprc", "pearson", "r2")
PANELS = 2  # metrics in a picture
NAMED = 10  # the best and the worst labels, which have their names
MOST_LEVEL = 6  # groups whose names are written level
CHARACTERS = 34  # of a name


def draw_bars(axes: Any, target: Target, outcome: Outcome) -> None:
    """Draw the mean probability of each label over rows with the label, and over rows without."""
    places = np.arange(len(target.names))
    columns = [outcome.column(label) for label in range(len(places))] if outcome.in_memory else []
    for there, offset, color in ((1, -0.2, "tab:blue"), (0, 0.2, "0.7")):
        mean = np.zeros(len(places))
        for label in range(len(places)):
            values, truths = columns[label] if columns else outcome.column(label)
            mean[label] = values[truths == there].sum() / max(1, np.count_nonzero(truths == there))
        axes.barh(places + offset, mean, height=0.4, color=color, label="with the label" if there else "without")
    axes.set_yticks(places, target.names)
    axes.set_ylim(-0.6, len(places) - 0.4)
    axes.set_xlim(0, 1)
    axes.set_xlabel("mean predicted probability")
    axes.legend(fontsize=8)


def strips_of(metrics: Sequence[Metric]) -> list[Metric]:
    """Return the one or two metrics that a picture of many labels shows."""
    by_label = {metric.name: metric for metric in metrics if metric.of_label}
    names = [*(name for name in PREFERRED if name in by_label), *by_label]
    return [by_label[name] for name in dict.fromkeys(names)][:PANELS]


def draw_strips(figure: Any, target: Target, outcome: Outcome, metrics: Sequence[Metric]) -> None:
    """Draw the figures of many labels: a strip of points for each group with its median.

    Below, the labels with the best and the worst value of the first metric have their names.
    """
    noun = "quantities" if outcome.kind == "regression" else "labels"
    top, bottom = figure.subfigures(2, 1, height_ratios=(1, 1.1))
    groups = list(dict.fromkeys(target.groups)) or ["all"]
    of_labels = np.array(target.groups or ["all"] * len(target.names))
    for axes, metric in zip(top.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        values = values_of_labels(metric, outcome)
        for place, group in enumerate(groups):
            own = np.sort(values[(of_labels == group) & ~np.isnan(values)])
            spread = place + 0.35 * (np.modf(np.arange(len(own)) * 0.618034)[0] * 2 - 1)  # even, and always the same
            axes.plot(spread, own, ".", markersize=3, alpha=0.5, color=f"C{place % 10}")
            if len(own):
                median = float(np.median(own))
                axes.plot([place - 0.4, place + 0.4], [median, median], color="black", linewidth=1.5)
                axes.annotate(f"{median:.3f}", (place + 0.42, median), fontsize=8, va="center")
        counts = [int((of_labels == group).sum()) for group in groups]
        texts = [f"{group}\n{count:,} {noun}" for group, count in zip(groups, counts, strict=True)]
        axes.set_xticks(range(len(groups)), texts, fontsize=8, rotation=90 if len(groups) > MOST_LEVEL else 0)
        axes.set_xlim(-0.6, len(groups) - 0.2)
        axes.set_ylabel(metric.name)
        axes.set_title(f"{metric.name} of each of {len(target.names):,} {noun}, with medians", fontsize=9)
    values = values_of_labels(metrics[0], outcome)
    ordered = np.argsort(values, kind="stable")[: np.count_nonzero(~np.isnan(values))]  # nan is at the end
    if metrics[0].better == "max":
        ordered = ordered[::-1]
    color = {group: f"C{place % 10}" for place, group in enumerate(groups)}
    least, most = (values[ordered].min(), values[ordered].max()) if len(ordered) else (0.0, 1.0)
    margin = 0.04 * (most - least) or 0.04
    for axes, which, labels in zip(
        bottom.subplots(1, 2), ("best", "worst"), (ordered[:NAMED], ordered[-NAMED:]), strict=True
    ):
        places = np.arange(len(labels))[::-1]
        axes.hlines(places, least - margin, values[labels], color="0.85", linewidth=1, zorder=0)
        axes.scatter(values[labels], places, color=[color[of_labels[label]] for label in labels], s=18)
        for place, value in zip(places, values[labels], strict=True):
            right = value < (least + most) / 2  # of the point is room for the number
            offset, side = (6, "left") if right else (-6, "right")
            number = axes.annotate(f"{value:.3f}", (value, place), (offset, 0), textcoords="offset points", fontsize=7)
            number.set(va="center", ha=side, backgroundcolor="white")
            number.get_bbox_patch().set_boxstyle("square", pad=0.1)
        axes.set_xlim(least - margin, most + margin)
        axes.set_yticks(places, [_short(target.names[label]) for label in labels], fontsize=8)
        axes.set_xlabel(metrics[0].name)
        axes.set_title(f"the {len(labels)} {which} {noun} by {metrics[0].name}", fontsize=9)


def _short(name: str) -> str:
    return name if len(name) <= CHARACTERS else name[: CHARACTERS - 1] + "…"
