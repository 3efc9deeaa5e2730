"""The files of a recall run: table.tsv, recall.md and recall.png."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.kept_parts import JOB
from hyenadna_benchmarks.legend import add_legend
from hyenadna_benchmarks.recall.benchmark import KEPT
from hyenadna_benchmarks.recall.measure import CHANCE, CHANCE_BITS
from hyenadna_benchmarks.recall.plants import Plant
from hyenadna_benchmarks.row_files import markdown, write_lines, write_rows
from hyenadna_core import file_written_aside

FILES = ("table.tsv", "recall.md", "recall.png")
OUTPUTS = (*FILES, f"{KEPT}/{JOB}")  # of a run, without the parts
COLORS = ("#1f4e79", "#d95f02", "#1b7837", "#7b3294", "#b2182b", "#01665e")
UNTRAINED_COLOR = "#8c8c8c"
METHOD = (
    "A key is planted with its value at the start of a sequence. After the background, the key comes again, and the "
    "model predicts the value, each base given those before it. `distance` is that from the first key to the second. "
    "`accuracy` is the share of bases of the value whose most likely base of A, C, G and T is the right one. `gain` is "
    "the log-likelihood of the value less that in the same sequence without the plant, in bits per base. Above "
    "0, the plant has helped: by the key, or only by the composition of its bases. Intervals are 95 %, from draws of "
    "whole sequences.",
    f"Chance is {CHANCE} and {CHANCE_BITS:g} bits: keys and values are drawn anew for each sequence, so a model "
    "without memory of the plant, such as a Markov model of any order, cannot be better on average.",
)


def write_report(folder: Path, rows: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> None:
    """Write the files of a run into a folder."""
    write_rows(folder / FILES[0], rows)
    lines = ["# Recall over distance", "", *(f"- {name}: {value}" for name, value in settings.items()), ""]
    for paragraph in METHOD:
        lines += [paragraph, ""]
    write_lines(folder / FILES[1], [*lines, f"![Recall over distance]({FILES[2]})", "", markdown(rows)])
    _draw(folder / FILES[2], rows)


def settings_of(plant: Plant, repeats: int, background: str) -> dict[str, Any]:
    """Return the settings that the page tells."""
    lengths = f"{plant.key} and {plant.value} bases"
    return {
        "key and value": lengths,
        "sequences of each distance": f"{repeats:,}",
        "background": background,
        "seed": plant.seed,
    }


def _draw(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw accuracy and gain over the distance, with their intervals."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(row["model"] for row in rows))
    figure = Figure(figsize=(10.5, 4.2), dpi=120, layout="constrained")
    for axes, (figure_name, text, chance) in zip(
        figure.subplots(1, 2),
        (("accuracy", "accuracy of the value's bases", CHANCE), ("gain", "gain by the plant, bits per base", 0.0)),
        strict=True,
    ):
        colors, artists = iter(COLORS * len(names)), {}
        for name in names:
            own = [row for row in rows if row["model"] == name]
            x = [row["distance"] for row in own]
            color = UNTRAINED_COLOR if name.startswith("untrained") else next(colors)
            low, high = ([row[f"{figure_name}_{side}"] for row in own] for side in ("low", "high"))
            axes.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0)
            (artists[name],) = axes.plot(x, [row[figure_name] for row in own], "o-", color=color, markersize=4)
        artists["chance"] = axes.axhline(chance, color="black", linewidth=0.8, linestyle="--")
        axes.set_xscale("log", base=2)
        ticks = sorted({row["distance"] for row in rows if row["distance"].bit_count() == 1})
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], rotation=45 if len(ticks) > 7 else 0)
        axes.minorticks_off()
        axes.set_xlabel("distance, bases")
        axes.set_ylabel(text)
        axes.grid(color="0.92")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        if figure_name == "accuracy":
            axes.set_ylim(0, 1.03)
            add_legend(axes, artists, frameon=False, fontsize="small")
    with file_written_aside(path) as file:
        figure.savefig(file, format="png")
