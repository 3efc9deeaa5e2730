"""What a run of a sequence task ends with: figures beside those of baselines, predictions.tsv and a picture."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.evaluation.metrics import bootstrap_difference, confusion
from hyenadna_core.evaluation.predictions import prediction_rows, target_texts, write_table
from hyenadna_core.labelled.sequences import LabelledSequences
from hyenadna_core.labelled.targets import Target
from hyenadna_core.tasks.pictures import draw
from hyenadna_core.terminal import notice

MANY = 20_000  # rows, of which a round of the bootstrap takes a tenth of a second
MOST_CLASSES = 12  # that a confusion matrix is printed for


def report(task: Any, model: Any, folder: Any, config: Any) -> str:
    """Measure a trained model on test, or on valid where there is no test, and keep all of it in the folder.

    The model's own figures are there before baselines are fitted, which may take long.
    """
    split = "test" if task.has("test") else "valid" if task.has("valid") else "train"
    found, name, metric = task.split(split), config.preset, task.monitor[0]
    rows = list(task.by_row(model, found))
    predicted, targets = task.as_measured(rows, found)
    figures = {name: task.figures(predicted, targets)}
    result: dict[str, Any] = {
        "split": split,
        "sequences": len(found),
        "figures": figures,
        "settings": {},
        "differences": {},
    }
    folder.write_run(folder.read_run() | {"result": result})
    _write_predictions(folder.path / "predictions.tsv", task.target, found, rows)
    picture = draw(folder.path, task.target, predicted, targets)
    of_targets = f", {len(targets):,} bases of them" if found.of_bases else ""
    lines = [f"{split}: {len(found):,} sequences{of_targets}; {folder.path}/predictions.tsv, {picture}", ""]
    said = []
    for baseline in _baselines(task, split, config):
        figures[baseline.name] = task.figures(baseline.predicted, targets)
        difference, low, high = _difference(task, predicted, baseline.predicted, targets)
        result["settings"][baseline.name] = baseline.settings
        result["differences"][baseline.name] = difference, low, high
        folder.write_run(folder.read_run() | {"result": result})
        interval = f"95 % interval {low:+.4f} to {high:+.4f}, paired bootstrap over {split} rows"
        said.append(f"{baseline.name}: {baseline.settings}")
        said.append(f"{metric} of {name} less that of {baseline.name}: {difference:+.4f} ({interval})")
    lines += [*_figures(figures), *said]
    if split == "test":
        lines += _expected(task.expected, figures[name])
    if task.target.kind in ("classes", "bases") and len(task.target.names) <= MOST_CLASSES:
        lines += ["", *_confusion(task.target, predicted, targets)]
    return "\n".join(lines)


def _write_predictions(path: Path, target: Target, found: LabelledSequences, outputs: Sequence[np.ndarray]) -> None:
    columns, rows = prediction_rows(target, zip(found.names, outputs, strict=True))
    labelled = [[row[0], *target_texts(target, found.target(number)), *row[1:]] for number, row in enumerate(rows)]
    write_table(path, [columns[0], *_label_columns(target), *columns[1:]], labelled)


def _baselines(task: Any, split: str, config: Any) -> Any:
    if task.target.kind == "bases" or not task.has("valid"):
        if set(task.baseline) - {"none"}:
            notice("No baseline: there is none for bases, nor without valid data to choose it by.")
        return
    data = (task.split("train"), task.split("valid"), task.split(split))
    if "kmer" in task.baseline:
        from hyenadna_core.evaluation.baselines import kmer_baseline

        yield kmer_baseline(*data, task.target)
    if "cnn" in task.baseline:
        from hyenadna_core.tasks.cnn_baseline import cnn_baseline

        yield cnn_baseline(task, split, config.seed)


def _difference(task: Any, ours: np.ndarray, others: np.ndarray, targets: np.ndarray) -> tuple[float, float, float]:
    metric = next(metric for metric in task.chosen_metrics() if metric.name == task.monitor[0])
    return bootstrap_difference(metric, ours, others, targets, rounds=1000 if len(targets) <= MANY else 200)


def _label_columns(target: Target) -> list[str]:
    return [f"label_{name}" for name in target.names] if target.kind == "regression" else ["label"]


def _figures(figures: Mapping[str, Mapping[str, float]]) -> list[str]:
    names = list(next(iter(figures.values())))
    width = max(20, *(len(side) + 2 for side in figures))
    wide = [max(10, len(name) + 2) for name in names]
    lines = [f"{'':<{width}}" + "".join(f"{name:>{cell}}" for name, cell in zip(names, wide, strict=True))]
    for side, values in figures.items():
        cells = (f"{values[name]:>{cell}.4f}" for name, cell in zip(names, wide, strict=True))
        lines.append(f"{side:<{width}}" + "".join(cells))
    return lines


def _expected(ranges: Mapping[str, tuple[float, float]], figures: Mapping[str, float]) -> list[str]:
    lines = []
    for name, (low, high) in ranges.items():
        value = figures.get(name, math.nan)
        where = "within" if low <= value <= high else "outside"
        lines.append(f"{name} {value:.4f} is {where} the range expected, {low:g} to {high:g}.")
    return lines


def _confusion(target: Target, predicted: np.ndarray, targets: np.ndarray) -> list[str]:
    counts = confusion(len(target.names), predicted, targets)
    width = max(10, *(len(name) + 2 for name in target.names))
    lines = [f"{'true, predicted':<{width + 8}}" + "".join(f"{name:>{width}}" for name in target.names)]
    for name, row in zip(target.names, counts, strict=True):
        lines.append(f"{name:<{width + 8}}" + "".join(f"{count:>{width},}" for count in row))
    return lines
