"""The picture of a run: the training loss and the validations, with stages and Markov models."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.task import Run, Task
from hyenadna_core.training.run_folder import LogLine
from hyenadna_core.training.warmup import Stage, bases_until, rows_until

SETTLED = 0.9  # share of the losses that decides the height, since the first steps would flatten the others
TALL = 2.0  # losses are cut that are more than so many times as far above the lowest
SMOOTH = 60  # losses, from which on their running median is drawn too
LOSS, MEDIAN, VALID = "#9ec5e8", "#1f5f99", "#c2410c"
LEVELS = ("tab:green", "tab:olive", "tab:red")


@dataclass(frozen=True)
class Validations:
    """The figure that chooses the best weights: its values after these steps."""

    name: str
    direction: str
    steps: Sequence[int]
    values: Sequence[float]

    @property
    def best(self) -> int | None:
        """The index of the first best value, or None if no value is finite."""
        finite = [index for index, value in enumerate(self.values) if math.isfinite(value)]
        sign = 1 if self.direction == "min" else -1
        return min(finite, key=lambda index: sign * self.values[index], default=None)


def draw_run(folder: Run, stages: Sequence[Stage], task: Task, levels: Sequence[tuple[str, float]] = ()) -> None:
    """Draw curves.png of a run folder; `levels` are those of `curves`."""
    name, direction = task.monitor
    lines = [line for line in folder.read_validations() if name in line]
    validations = Validations(name, direction, [int(line["step"]) for line in lines], [line[name] for line in lines])
    figure = curves(
        folder.read_log(),
        stages,
        levels,
        in_bits=task.in_bits,
        validations=validations if lines else None,
        rows=task.epoch_rows,
    )
    with file_written_aside(folder.path / "curves.png") as file:
        figure.savefig(file, format="png")


def curves(
    lines: Sequence[LogLine],
    stages: Sequence[Stage],
    levels: Sequence[tuple[str, float]] = (),
    *,
    in_bits: bool = False,
    validations: Validations | None = None,
    rows: int = 0,
) -> Any:
    """Return a figure of Matplotlib with the training loss of `lines`, and the validations.

    Validations in bits share the axis of a loss in bits; other figures have their own axis below.
    Losses that are far above the others are cut; a triangle at the top marks each of them.

    Args:
        levels: a horizontal line for each (label, bits).
        in_bits: whether the loss is in nats per base; it is drawn in bits.
        rows: the training sequences in an epoch. The x axis counts epochs, or bases without it.
    """
    from matplotlib.figure import Figure

    def position(step: int) -> float:
        return rows_until(stages, step) / rows if rows else bases_until(stages, step) / 1e6

    shares = validations is None or (in_bits and validations.name == "bits")
    figure = Figure(figsize=(9, 5 if shares else 7), dpi=120, layout="constrained")
    all_axes = list(figure.subplots(1 if shares else 2, sharex=True, squeeze=False)[:, 0])
    losses = np.array([line.loss for line in lines]) / (math.log(2) if in_bits else 1)
    at = [position(line.step) for line in lines]
    _draw_losses(all_axes[0], at, losses)
    for (label, level), color in zip(levels, LEVELS, strict=False):
        all_axes[0].axhline(level, color=color, linewidth=1.2, linestyle="--", label=f"{label}: {level:.4f} bits")
    seen = [level for _, level in levels]
    if validations:
        _draw_validations(all_axes[-1], [position(step) for step in validations.steps], validations)
        seen += [value for value in validations.values if math.isfinite(value)] if shares else []
    if len(losses):
        _cut(all_axes[0], at, losses, seen)
    _draw_stages(all_axes, stages, position)
    all_axes[0].set_ylabel("bits per base" if in_bits else "loss")
    all_axes[-1].set_xlabel("epochs" if rows else "bases seen (millions)")
    for axes in all_axes:
        axes.grid(axis="y", color="0.92", linewidth=0.8)
        axes.set_axisbelow(True)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8, framealpha=0.9)
    return figure


def _draw_losses(axes: Any, at: Sequence[float], losses: np.ndarray) -> None:
    """Draw losses, and their running median if there are many."""
    if len(losses) < SMOOTH:
        axes.plot(at, losses, color=MEDIAN, linewidth=1.2, label="training loss")
        return
    from scipy.ndimage import median_filter

    width = 2 * max(2, len(losses) // SMOOTH) + 1
    axes.plot(at, losses, color=LOSS, linewidth=0.9, label="training loss")
    median = median_filter(losses, width, mode="nearest")
    axes.plot(at, median, color=MEDIAN, linewidth=1.5, label=f"its median over {width} lines of log.tsv")


def _draw_validations(axes: Any, at: Sequence[float], validations: Validations) -> None:
    """Draw the figure of the validations, with a star at the best one."""
    label = f"validation {validations.name}"
    dots = {"marker": "o", "markersize": 3.5, "clip_on": False}
    axes.plot(at, validations.values, color=VALID, linewidth=1.2, label=label, **dots)
    if (best := validations.best) is not None:
        value, step = validations.values[best], validations.steps[best]
        label = f"best: {value:.4f} at step {step:,}"
        star = {"linestyle": "", "marker": "*", "markersize": 13, "color": VALID, "clip_on": False}
        axes.plot([at[best]], [value], label=label, zorder=5, **star)
    axes.set_ylabel(validations.name)


def _cut(axes: Any, at: Sequence[float], losses: np.ndarray, seen: Sequence[float]) -> None:
    """Set the height by the settled losses and the values in `seen`; mark the losses above it."""
    settled = np.sort(losses)[: max(1, int(len(losses) * SETTLED))]
    low, high = min([settled[0], *seen]), max([settled[-1], *seen])
    high = max(high, losses[losses <= low + TALL * (high - low)].max(initial=low))
    room = 0.06 * max(high - low, 0.02)
    high += room
    axes.set_ylim(low - room, high)
    above = losses > high
    if not above.any():
        return
    noun = "value" if above.sum() == 1 else "values"
    label = f"{above.sum():,} {noun} above, up to {losses.max():.4g}"
    style = {"linestyle": "", "marker": "^", "markersize": 6, "color": MEDIAN, "clip_on": False}
    axes.plot(np.array(at)[above], np.full(above.sum(), high), label=label, zorder=5, **style)


def _draw_stages(all_axes: Sequence[Any], stages: Sequence[Stage], position: Any) -> None:
    """Set the width to that of the run; mark the start of each of several stages."""
    steps = 0
    for stage in stages:
        for axes in all_axes if len(stages) > 1 else ():
            axes.axvline(position(steps), color="0.8", linewidth=0.8, zorder=0)
        if len(stages) > 1:
            text = {"transform": all_axes[0].get_xaxis_transform(), "va": "bottom", "fontsize": 8, "color": "0.35"}
            bases = f"{stage.seq_len:,}" + " bases" * (steps == 0)
            all_axes[0].text(position(steps), 1.015, f" {bases}", **text)
        steps += stage.steps
    all_axes[-1].set_xlim(0, position(steps))
