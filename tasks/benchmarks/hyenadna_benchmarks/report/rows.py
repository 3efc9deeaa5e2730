"""The rows of the table: one for each set and contender."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_benchmarks.report import paired
from hyenadna_benchmarks.report.published import comparable
from hyenadna_benchmarks.runner import cells, inputs, recipes
from hyenadna_benchmarks.runner.cells import Cell
from hyenadna_benchmarks.runner.contenders import KMER, SCRATCH, TRAINED, Contender
from hyenadna_benchmarks.runner.plan import Plan
from hyenadna_benchmarks.runner.protocols import PROTOCOLS
from hyenadna_core import HyenaDNAError

AGAINST = {"kmers": KMER, "scratch": SCRATCH}


@dataclass(frozen=True)
class Runs:
    """What is kept of a contender on a set.

    Args:
        results: cell.json of each finished cell.
        predicted: the predictions of each, (n, K).
        targets: the classes of the test rows, (n,).
        errors: of cells that failed.
    """

    contender: Contender
    results: Sequence[Mapping[str, Any]]
    predicted: Sequence[np.ndarray]
    targets: np.ndarray
    errors: Sequence[str]
    missing: int

    @property
    def metric(self) -> str:
        return str(self.results[0]["metric"])

    @property
    def figures(self) -> list[float]:
        values = [result["figures"][self.metric] for result in self.results]
        return [math.nan if value is None else value for value in values]


def table_rows(plan: Plan, out: Path) -> list[dict[str, Any]]:
    """Return the rows of all sets of a plan."""
    return [row for name in plan.sets for row in rows_of_set(plan, out, name)]


def rows_of_set(plan: Plan, out: Path, name: str) -> list[dict[str, Any]]:
    """Return a row for each contender on a set.

    Raises:
        HyenaDNAError: predictions are damaged, or cells have different rows, weights or options.
    """
    results = list(cells.results(plan.cells_of(name), out))
    inputs.check_rows(name, out, [result for _, result in results])
    inputs.check_weights(out, [(cell.contender.weights, result) for cell, result in results])
    all_runs = [read_runs(plan, out, name, contender) for contender in plan.all_contenders]
    by_kind = {runs.contender.kind: runs for runs in all_runs if runs.results}
    leaked = read_leaked(out, name) if plan.audit else None
    return [_row(plan, out, name, runs, by_kind, leaked) for runs in all_runs]


def read_runs(plan: Plan, out: Path, name: str, contender: Contender) -> Runs:
    """Read what is kept of a contender on a set.

    Raises:
        HyenaDNAError: predictions are damaged, or the measurements have different options.
    """
    chosen = [cell for cell in plan.cells_of(name) if cell.contender == contender]
    errors = list(dict.fromkeys(filter(None, (cells.error_of(cell.folder(out)) for cell in chosen))))
    measured = [cell for cell in chosen if cell.trial is None]
    folders = [folder for cell in measured if cells.finished(folder := cell.folder(out))]
    results = [cells.finished(folder) or {} for folder in folders]
    if len(options := list(dict.fromkeys(recipes.text_of(result["options"]) for result in results))) > 1:
        raise HyenaDNAError(
            f"The measurements of {contender.name} on {name} have different options ({'; '.join(options)}): remove "
            f"{folders[0].parent}, and start the same command again."
        )
    arrays = [cells.read_predictions(folder) for folder in folders]
    targets = arrays[0][1] if arrays else np.zeros(0, np.int32)
    missing = len(measured) - len(folders)
    return Runs(contender, results, [predicted for predicted, _ in arrays], targets, errors, missing)


def read_leaked(out: Path, name: str) -> np.ndarray | None:
    """Return which test rows repeat training rows, (n,) bool; None without a finished audit."""
    from safetensors.numpy import load_file

    folder = Cell(name, cells.AUDIT).folder(out)
    if cells.finished(folder) is None:
        return None
    return np.asarray(load_file(folder / cells.LEAKED)["leaked"], bool)


def _row(
    plan: Plan, out: Path, name: str, runs: Runs, by_kind: Mapping[str, Runs], leaked: np.ndarray | None
) -> dict[str, Any]:
    contender, measured = runs.contender, bool(runs.results)
    values = runs.figures if measured else []
    row: dict[str, Any] = {
        "set": name,
        "contender": contender.name,
        "metric": runs.metric if measured else "",
        "n": len(values),
        "mean": _rounded(float(np.mean(values))) if measured else None,
        "least": _rounded(min(values)) if measured else None,
        "most": _rounded(max(values)) if measured else None,
        "spread": _rounded(max(values) - min(values)) if measured else None,
    }
    for key, kind in AGAINST.items():
        other = by_kind.get(kind)
        differs = measured and other is not None and kind != contender.kind
        found = (
            paired.difference(runs.metric, runs.predicted, other.predicted, runs.targets) if differs and other else ()
        )
        ends = map(_rounded, found) if found else (None, None, None)
        row |= dict(zip((f"minus_{key}", f"minus_{key}_low", f"minus_{key}_high"), ends, strict=True))
    kept = None if leaked is None or not measured else ~leaked
    row["rows"] = len(runs.targets) if measured else None
    row["leaked"] = None if kept is None else int((~kept).sum())
    row["mean_without_leaked"] = None
    if kept is not None and kept.any():
        clean = [predicted[kept] for predicted in runs.predicted]
        row["mean_without_leaked"] = _rounded(paired.mean_figure(runs.metric, clean, runs.targets[kept]))
    for key, strict in (("paper", False), ("stricter", True)):
        figure = comparable(plan.suite, name, contender.kind, strict)
        row[key] = figure.text if figure else ""
    row["protocol"] = plan.protocol
    row["caution"] = PROTOCOLS[plan.protocol].caution
    row["settings"] = _settings(plan, out, name, runs)
    row["seconds"] = round(float(np.mean([result["seconds"] for result in runs.results])), 1) if measured else None
    row["error"] = "; ".join(runs.errors) or ("not finished" if runs.missing else "")
    return row


def _settings(plan: Plan, out: Path, name: str, runs: Runs) -> str:
    """Return the options of a contender in words; those of a sweep are named as its choice."""
    if runs.contender.kind in TRAINED and runs.results:
        chosen = f"best of {plan.trials} trials on validation: " if plan.trials else ""
        named = "" if plan.recipe == recipes.DEFAULT else f"recipe {plan.recipe}: "
        return named + chosen + (recipes.text_of(runs.results[0]["options"]) or "defaults")
    return "; ".join(dict.fromkeys(str(result["settings"]) for result in runs.results))


def _rounded(value: float) -> float | None:
    """Return six digits, so that a table has the same text on all machines; None for nan."""
    return None if math.isnan(value) else round(value, 6)


def printed(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with the columns that a terminal has room for."""
    return [
        {
            "set": row["set"],
            "model": row["contender"],
            "metric": row["metric"],
            "mean": number(row["mean"]),
            "seeds": range_of(row),
            "minus k-mers": interval(row, "kmers"),
            "minus scratch": interval(row, "scratch"),
            "without leaks": number(row["mean_without_leaked"]),
            "paper": row["paper"],
            "stricter": row["stricter"],
            "seconds": row["seconds"],
            "caution": row["caution"],
            "error": row["error"],
        }
        for row in rows
    ]


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def range_of(row: Mapping[str, Any]) -> str:
    """Return the smallest and largest of several figures; with folds, the spread as published."""
    if row["n"] < 2:
        return ""
    if PROTOCOLS[row["protocol"]].folds:
        return f"± {number(row['spread'])} (n={row['n']})"
    return f"{number(row['least'])} to {number(row['most'])} (n={row['n']})"


def interval(row: Mapping[str, Any], key: str) -> str:
    """Return a difference with its interval, such as +0.021 [0.004, 0.038]."""
    if row[f"minus_{key}"] is None:
        return ""
    low, high = number(row[f"minus_{key}_low"]), number(row[f"minus_{key}_high"])
    return f"{row[f'minus_{key}']:+.3f} [{low}, {high}]"
