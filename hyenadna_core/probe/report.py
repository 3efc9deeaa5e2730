"""The report of a probe: rows of a table, sentences, probe.json and predictions.tsv."""

import json
import math
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.evaluation.predictions import prediction_rows, target_texts, write_table
from hyenadna_core.files.cache import write_text
from hyenadna_core.probe.examples import Examples
from hyenadna_core.probe.folds import Folds
from hyenadna_core.probe.nested import HeldOut
from hyenadna_core.probe.result import Figure, ProbeResult
from hyenadna_core.terminal import Column, Row

FILES = JSON, PREDICTIONS, PICTURE = ("probe.json", "predictions.tsv", "probe.png")


def table_rows(result: ProbeResult) -> list[dict[str, Any]]:
    """Return a row for each model: its name, and each figure with the ends of its interval."""
    rows = []
    for name, figures in result.figures.items():
        row: dict[str, Any] = {"model": name}
        for metric, figure in figures.items():
            keys = (metric, f"{metric}_low", f"{metric}_high")
            row |= dict(zip(keys, map(_number, figure), strict=True))
        row["penalties"] = penalties(result.models[name])
        rows.append(row)
    return rows


def table_columns(result: ProbeResult) -> list[Column]:
    """Return the columns at a terminal: the model, and a figure with its interval in each cell."""
    metrics = next(iter(result.figures.values()))
    return [Column("model"), *(Column(metric, partial(_cell, metric)) for metric in metrics)]


def _cell(metric: str, row: Row) -> str:
    value, low, high = (row[key] for key in (metric, f"{metric}_low", f"{metric}_high"))
    return "undefined" if value is None else f"{value:.3f}" + ("" if low is None else f" {low:.3f}..{high:.3f}")


def penalties(model: HeldOut) -> str:
    """Return the penalty of each fold as text, such as C 0.1, 0.01."""
    if not model.model.parameter:
        return ""
    of_folds = (f"{choice.penalty:g}" + (f" ({choice.columns})" if choice.columns else "") for choice in model.choices)
    return f"{model.model.parameter} {', '.join(of_folds)}"


def sentences(examples: Examples, folds: Folds, result: ProbeResult, has_kmers: bool) -> list[str]:
    """Return what a person should know to read the figures."""
    n, dimensions = examples.values.shape
    kind = f"{len(examples.target.names)} classes" if examples.target.kind == "classes" else "regression"
    inner = ", ".join(dict.fromkeys(fold.inner_split for fold in folds.folds))
    names = [f"{fold.name} ({int(fold.held_out.sum()):,} rows)" for fold in folds.folds]
    lines = [
        f"{n:,} rows, {dimensions:,} numbers each, {kind}.",
        f"Split: {folds.split}, {len(names)} folds ({folds.reason}): {'; '.join(names)}.",
        f"Penalties were chosen in inner folds: {inner}.",
        f"Intervals: 95 %, bootstrap of {len(np.unique(folds.clusters)):,} {folds.clusters_of}.",
    ]
    for name, figure in result.differences.items():
        lines.append(
            f"{result.metric} of {name} minus that of {result.against}: {figure.value:+.4f} "
            f"({figure.low:+.4f} to {figure.high:+.4f}, paired)."
        )
    if not has_kmers:
        lines.append("For a k-mer baseline on the same folds, give --sequences FILE, or --fasta GENOME.")
    return lines


def write_report(
    folder: Path,
    examples: Examples,
    folds: Folds,
    result: ProbeResult,
    settings: Mapping[str, Any],
    inputs: Mapping[str, Mapping[str, str]],
) -> None:
    """Write probe.json and predictions.tsv into a folder.

    Args:
        settings: the options of the command.
        inputs: the path and the SHA-256 of each file.
    """
    target = examples.target
    content = {
        "versions": {name: version(name) for name in ("hyenadna", "numpy", "scikit-learn")},
        "settings": dict(settings),
        "inputs": {name: dict(each) for name, each in inputs.items()},
        "rows": len(examples.names),
        "dimensions": examples.values.shape[1],
        "target": {"kind": target.kind, "names": list(target.names)},
        "split": {"name": folds.split, "reason": folds.reason},
        "folds": [
            {
                "name": fold.name,
                "held_out": int(fold.held_out.sum()),
                "train": int(fold.train.sum()),
                "inner_split": fold.inner_split,
                "inner_folds": len(fold.inner),
            }
            for fold in folds.folds
        ],
        "bootstrap": {"clusters": len(np.unique(folds.clusters)), "of": folds.clusters_of},
        "metric": result.metric,
        "models": {name: _described(result, name) for name in result.models},
        "differences": {
            name: {"from": result.against, **_figure(figure)} for name, figure in result.differences.items()
        },
    }
    write_text(folder / JSON, json.dumps(content, indent=2, allow_nan=False) + "\n")
    of_rows = np.zeros(len(examples.names), np.int64)
    for number, fold in enumerate(folds.folds):
        of_rows[fold.held_out] = number
    table: list[list[Any]] = []
    columns: list[str] = []
    for name, model in result.models.items():
        columns, rows = prediction_rows(target, zip(examples.names, model.predicted, strict=True))
        for row, number, truth in zip(rows, of_rows.tolist(), examples.targets, strict=True):
            table.append([row[0], folds.folds[number].name, *target_texts(target, truth), name, *row[1:]])
    rest = ["predicted"] if target.kind == "regression" else columns[1:]
    write_table(folder / PREDICTIONS, ["name", "fold", "label", "model", *rest], table)


def _described(result: ProbeResult, name: str) -> dict[str, Any]:
    """Return what probe.json has about a model."""
    model = result.models[name]
    return {
        "parameter": model.model.parameter,
        "penalties": list(model.model.penalties) if model.model.parameter else [],
        "chosen": [
            {
                "penalty": choice.penalty if model.model.parameter else None,
                "columns": choice.columns,
                "inner_figures": {key: [_number(each) for each in values] for key, values in choice.figures.items()},
            }
            for choice in model.choices
        ],
        "figures": {metric: _figure(figure) for metric, figure in result.figures[name].items()},
        "folds": [{metric: _number(value) for metric, value in each.items()} for each in result.of_folds[name]],
    }


def _figure(figure: Figure) -> dict[str, float | None]:
    return {"value": _number(figure.value), "low": _number(figure.low), "high": _number(figure.high)}


def _number(value: float) -> float | None:
    """Return a number that JSON can hold; None for nan and infinity."""
    return float(value) if math.isfinite(value) else None
