"""The rows of the table: one for each set and contender."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_benchmarks.report import paired
from hyenadna_benchmarks.report.audited import Audited, read_audit
from hyenadna_benchmarks.report.cautions import caution_of, mixed_packages
from hyenadna_benchmarks.report.published import comparable
from hyenadna_benchmarks.runner import cells, inputs, recipes
from hyenadna_benchmarks.runner.contenders import KMER, SCRATCH, TRAINED, Contender
from hyenadna_benchmarks.runner.kept import check_cells
from hyenadna_benchmarks.runner.plan import Plan

AGAINST = {"kmers": KMER, "scratch": SCRATCH}
OF_AUDIT = ("repeats", "repeats_other_label", "seqleak")


@dataclass(frozen=True)
class Runs:
    """What is kept of a contender on a set.

    Args:
        results: cell.json of each finished cell with a figure.
        predicted: the predictions of each, (n, K).
        targets: the classes of the test rows, (n,).
        errors: of cells that failed.
        missing: the number of cells without a result.
        not_run: why a simple model was not fitted, or "".
    """

    contender: Contender
    results: Sequence[Mapping[str, Any]]
    predicted: Sequence[np.ndarray]
    targets: np.ndarray
    errors: Sequence[str]
    missing: int
    not_run: str

    @property
    def metric(self) -> str:
        return str(self.results[0]["metric"])

    @property
    def figures(self) -> list[float]:
        values = [result["figures"][self.metric] for result in self.results]
        return [math.nan if value is None else value for value in values]


def table_rows(plan: Plan, out: Path) -> list[dict[str, Any]]:
    """Return the rows of all sets of a plan."""
    mixed = mixed_packages(plan, [result for _, result in cells.results(plan.cells(), out)])
    return [row for name in plan.sets for row in rows_of_set(plan, out, name, mixed)]


def rows_of_set(plan: Plan, out: Path, name: str, mixed: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each contender on a set; `mixed` is for its cautions.

    Raises:
        HyenaDNAError: predictions are damaged, or cells have different rows, weights or options.
    """
    check_cells(plan, plan.cells_of(name), out)
    results = list(cells.results(plan.cells_of(name), out))
    inputs.check_rows(name, out, [result for _, result in results])
    inputs.check_weights(out, [(cell.contender.weights, result) for cell, result in results])
    all_runs = [read_runs(plan, out, name, contender) for contender in plan.all_contenders]
    by_kind = {runs.contender.kind: runs for runs in all_runs if runs.results}
    audit = read_audit(out, name) if plan.audit else Audited()
    rows = [_row(plan, name, runs, by_kind, audit) for runs in all_runs]
    for row, runs in zip(rows, all_runs, strict=True):
        row["caution"] = caution_of(plan, runs.results, mixed)
    return rows


def read_runs(plan: Plan, out: Path, name: str, contender: Contender) -> Runs:
    """Read what is kept of a contender on a set.

    Raises:
        HyenaDNAError: predictions are damaged.
    """
    chosen = [cell for cell in plan.cells_of(name) if cell.contender == contender]
    errors = list(dict.fromkeys(filter(None, (cells.error_of(cell.folder(out)) for cell in chosen))))
    measured = [cell for cell in chosen if cell.trial is None]
    finished = list(cells.results(measured, out))
    not_run = next((str(result["not_run"]) for _, result in finished if "not_run" in result), "")
    folders = [cell.folder(out) for cell, result in finished if "not_run" not in result]
    results = [result for _, result in finished if "not_run" not in result]
    arrays = [cells.read_predictions(folder) for folder in folders]
    targets = arrays[0][1] if arrays else np.zeros(0, np.int32)
    missing = len(measured) - len(finished)
    return Runs(contender, results, [predicted for predicted, _ in arrays], targets, errors, missing, not_run)


def _row(plan: Plan, name: str, runs: Runs, by_kind: Mapping[str, Runs], audit: Audited) -> dict[str, Any]:
    contender, is_measured = runs.contender, bool(runs.results)
    values = runs.figures if is_measured else []
    row: dict[str, Any] = {
        "set": name,
        "contender": contender.name,
        "metric": runs.metric if is_measured else "",
        "n": len(values),
        "mean": _rounded(float(np.mean(values))) if is_measured else None,
        "least": _rounded(min(values)) if is_measured else None,
        "most": _rounded(max(values)) if is_measured else None,
        "spread": _rounded(max(values) - min(values)) if is_measured else None,
    }
    for key, kind in AGAINST.items():
        other = by_kind.get(kind)
        ends: Iterable[float | None] = (None, None, None)
        if is_measured and other is not None and kind != contender.kind:
            ends = map(_rounded, paired.difference(runs.metric, runs.predicted, other.predicted, runs.targets))
        row |= dict(zip((f"minus_{key}", f"minus_{key}_low", f"minus_{key}_high"), ends, strict=True))
    kept = None if audit.leaked is None or not is_measured else ~audit.leaked
    row["rows"] = len(runs.targets) if is_measured else None
    row["leaked"] = None if audit.leaked is None else int(audit.leaked.sum())
    row |= {column: getattr(audit, column) for column in OF_AUDIT}
    row["mean_without_leaked"] = None
    if kept is not None and kept.any():
        clean = [predicted[kept] for predicted in runs.predicted]
        row["mean_without_leaked"] = _rounded(paired.mean_figure(runs.metric, clean, runs.targets[kept]))
    for key, strict in (("paper", False), ("stricter", True)):
        figure = comparable(plan.suite, name, contender.kind, strict)
        row[key] = figure.text if figure else ""
    row["protocol"] = plan.protocol
    row["settings"] = _settings(plan, runs)
    row["seconds"] = _seconds(runs.results)
    errors = [*runs.errors, audit.error]
    row["error"] = "; ".join(filter(None, errors)) or ("not finished" if runs.missing else "")
    return row


def _seconds(results: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the mean of the seconds that are known; None without any."""
    seconds = [result["seconds"] for result in results if result["seconds"] is not None]
    return round(float(np.mean(seconds)), 1) if seconds else None


def _settings(plan: Plan, runs: Runs) -> str:
    """Return the options of a contender in words; those of a sweep are named as its choice."""
    if runs.not_run:
        return f"not run: {runs.not_run}"
    if runs.contender.kind in TRAINED and runs.results:
        chosen = f"best of {plan.trials} trials on validation: " if plan.trials else ""
        named = "" if plan.recipe == recipes.DEFAULT else f"recipe {plan.recipe}: "
        return named + chosen + (recipes.text_of(runs.results[0]["options"]) or "defaults")
    return "; ".join(dict.fromkeys(str(result["settings"]) for result in runs.results))


def _rounded(value: float) -> float | None:
    """Return six digits, so that a table has the same text on all machines; None for nan."""
    return None if math.isnan(value) else round(value, 6)
