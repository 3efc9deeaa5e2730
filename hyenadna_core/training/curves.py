"""The picture of a run: the loss against the bases seen, with its stages and Markov models."""

import math
from collections.abc import Sequence
from pathlib import Path

from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.training.run_folder import LogLine
from hyenadna_core.training.warmup import Stage


def draw_curves(
    path: Path,
    lines: Sequence[LogLine],
    stages: Sequence[Stage],
    levels: Sequence[tuple[str, float]] = (),
    in_bits: bool = False,
) -> None:
    """Draw the training loss of `lines`, and a horizontal line for each of `levels` (label, bits).

    With `in_bits`, the loss is in nats per base and is drawn in bits.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    bases = [line.bases / 1e6 for line in lines]
    losses = [line.loss / (math.log(2) if in_bits else 1) for line in lines]
    axes.plot(bases, losses, color="tab:blue", linewidth=1, label="training loss")
    for (label, level), color in zip(levels, ("tab:green", "tab:orange", "tab:red"), strict=False):
        axes.axhline(level, color=color, linewidth=1.2, linestyle="--", label=f"{label}: {level:.4f} bits")
    start = 0.0
    for stage in stages:
        axes.axvline(start, color="0.8", linewidth=0.8, zorder=0)
        axes.text(start, 1.0, f" {stage.seq_len:,}", transform=axes.get_xaxis_transform(), va="top", fontsize=8)
        start += stage.bases / 1e6
    if losses:
        settled = sorted(losses)[: max(1, len(losses) * 9 // 10)]  # the first steps would flatten all the rest
        lowest = min([settled[0], *(level for _, level in levels)])
        axes.set_ylim(lowest - 0.01, max(settled[-1], *(level for _, level in levels), lowest + 0.02) + 0.01)
    axes.set_xlim(0, start)
    axes.set_xlabel("bases seen (millions); the length of each stage at the top")
    axes.set_ylabel("bits per base" if in_bits else "loss")
    axes.legend(loc="lower left", fontsize=8)
    with file_written_aside(path) as file:
        figure.savefig(file, format="png")
