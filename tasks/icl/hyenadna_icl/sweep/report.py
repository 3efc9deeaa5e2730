"""The table and the picture of a sweep."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core import file_written_aside, markdown_table, tab_separated
from hyenadna_icl.context_task import SELECTS_ON_TEST
from hyenadna_icl.sweep.points import LINES, Point

COLUMNS = ("kind", "prompt_length", "shots", "tune", "seed", "accuracy", "mcc", "seconds", "note")
HEAD = ("model", "prompt", "shots", "tuned on", "seeds", "accuracy", "mcc")
STYLES = dict(zip(LINES, ((), (6, 2), (2, 2), (1, 3)), strict=True))  # dashes
GREYS = dict(zip(LINES, ("0.1", "0.3", "0.45", "0.6"), strict=True))

Results = Sequence[tuple[Point, Mapping[str, Any]]]


def write_report(results: Results, out: Path, title: str, selects_on_test: bool = False) -> str:
    """Write sweep.tsv, sweep.md and sweep.png, and return the table in Markdown.

    `selects_on_test` is whether the best weights were chosen on test, by the protocol of the paper.
    """
    rows = [[_text(getattr(point, name, result.get(name))) for name in COLUMNS] for point, result in results]
    table = markdown_table([list(HEAD), *means(results)], right=range(1, len(HEAD)))
    if selects_on_test:
        title, table = f"{title}; selects on test", f"{SELECTS_ON_TEST}\n\n{table}"
    for name, text in (("sweep.tsv", tab_separated([COLUMNS, *rows])), ("sweep.md", table)):
        with file_written_aside(out / name) as aside:
            aside.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    with file_written_aside(out / "sweep.png") as aside:
        picture(results, title).savefig(aside, format="png", dpi=120, bbox_inches="tight")
    return table


def means(results: Results) -> list[list[str]]:
    """Return a row for each model, with the means over its seeds."""
    rows = []
    for key, group in _by_model(results).items():
        cells = [_text(value) for value in key]
        figures = [[result[name] for result in group if result.get(name) is not None] for name in ("accuracy", "mcc")]
        missing = "does not fit" if any(result.get("note") for result in group) else ""
        shown = [f"{np.mean(values):.4f}" if values else missing for values in figures]
        rows.append([*cells, str(len(group)), *shown])
    return rows


def _by_model(results: Results) -> dict[tuple[Any, ...], list[Mapping[str, Any]]]:
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for point, result in results:
        groups.setdefault((point.kind, point.prompt_length, point.shots, point.tune), []).append(result)
    return groups


def picture(results: Results, title: str) -> Any:
    """Draw accuracy over the length of the prompt, and over the number of tuning sequences."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4))
    left, right = figure.subplots(1, 2, sharey=True)
    groups = {
        key: [result["accuracy"] for result in group if result.get("accuracy") is not None]
        for key, group in _by_model(results).items()
    }
    prompts = {key[1]: values for key, values in groups.items() if key[0] == "soft-prompt" and values}
    _curve(left, prompts, "soft prompt", "#2b6ca3")
    left.set_xscale("log", base=2)
    left.set_xticks(sorted(prompts), list(map(str, sorted(prompts))))
    left.minorticks_off()
    left.set_xlabel("vectors of the prompt")
    left.set_ylabel("accuracy on test")
    shots = sorted({key[2] for key in groups if key[0] == "few-shot"})
    tuned = sorted({key[3] for key in groups if key[0] == "few-shot"})
    for number, k in enumerate(shots):
        values = {tuned.index(key[3]): values for key, values in groups.items() if key[2] == k and values}
        _curve(right, values, f"{k} example{'s' * (k != 1)} of each class", f"C{number}")
    right.set_xticks(range(len(tuned)), list(map(str, tuned)))
    right.set_xlabel("sequences that all weights are tuned on")
    for axes in (left, right):
        for line in LINES:
            if of_line := groups.get((line, None, None, None)):
                axes.axhline(np.mean(of_line), color=GREYS[line], dashes=STYLES[line] or (None, None), lw=1, label=line)
        axes.grid(color="#e5e5e5", linewidth=0.6)
        axes.set_axisbelow(True)
    if right.lines:
        right.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize="small")
    figure.suptitle(title)
    return figure


def _curve(axes: Any, values: Mapping[Any, Sequence[float]], label: str, color: str) -> None:
    """Draw the mean over the seeds at each place, and each seed as a dot."""
    places = sorted(values)
    axes.plot(places, [np.mean(values[place]) for place in places], "-", color=color, label=label)
    for place in places:
        axes.plot([place] * len(values[place]), values[place], "o", color=color, markersize=4)


def _text(value: Any) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
