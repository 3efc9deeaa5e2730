"""What a run of a sequence task ends with: figures beside those of baselines, predictions.tsv and a picture."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from hyenadna_core.metrics import bootstrap_difference
from hyenadna_core.predictions import prediction_rows, told, write_table
from hyenadna_core.targets import Target
from hyenadna_core.task_pictures import draw

MOST_CLASSES = 12  # that a confusion matrix is printed for


def report(task: Any, model: Any, folder: Any, config: Any) -> str:
    """Measure a trained model on test, or on valid where there is no test, and keep all of it in the folder."""
    split = "test" if task.has("test") else "valid" if task.has("valid") else "train"
    found = task.split(split)
    predicted, targets = task.predicted(model, found)
    sides = {config.preset: predicted}
    settings = {}
    for baseline in _baselines(task, split, config):
        sides[baseline.name], settings[baseline.name] = baseline.predicted, baseline.settings
    figures = {name: task.figures(values, targets) for name, values in sides.items()}
    columns, rows = prediction_rows(task.target, zip(found.names, task.by_row(model, found), strict=True))
    labels = [[row[0], told(task.target, found.target(number)), *row[1:]] for number, row in enumerate(rows)]
    write_table(folder.path / "predictions.tsv", [columns[0], *_label_columns(task.target), *columns[1:]], labels)
    picture = draw(folder.path, task.target, predicted, targets)
    differences = {
        name: _difference(task, predicted, values, targets) for name, values in sides.items() if name != config.preset
    }
    kept = {"split": split, "sequences": len(found), "figures": figures, "settings": settings}
    folder.write_run(folder.read_run() | {"result": kept | {"differences": differences}})
    lines = [f"{split}: {len(found):,} sequences; {folder.path}/predictions.tsv, {picture}", "", *_figures(figures)]
    lines += [f"{name}: {text}" for name, text in settings.items()]
    metric = task.monitor[0]
    for name, (difference, low, high) in differences.items():
        interval = f"95 % interval {low:+.4f} to {high:+.4f}, paired bootstrap over {split} rows"
        lines.append(f"{metric} of {config.preset} less that of {name}: {difference:+.4f} ({interval})")
    lines += _expected(task.expected, figures[config.preset])
    if task.target.kind in ("classes", "bases") and len(task.target.names) <= MOST_CLASSES:
        lines += ["", *_confusion(task.target, predicted, targets)]
    return "\n".join(lines)


def _baselines(task: Any, split: str, config: Any) -> Any:
    if task.target.kind == "bases" or not task.has("valid"):
        return
    data = (task.split("train"), task.split("valid"), task.split(split))
    if "kmer" in task.baseline:
        from hyenadna_core.baselines import kmer_baseline

        yield kmer_baseline(*data, task.target)
    if "cnn" in task.baseline:
        from hyenadna_core.cnn_baseline import cnn_baseline

        yield cnn_baseline(task, split, config.seed)


def _difference(task: Any, ours: np.ndarray, others: np.ndarray, targets: np.ndarray) -> tuple[float, float, float]:
    metric = next(metric for metric in task.chosen_metrics() if metric.name == task.monitor[0])
    return bootstrap_difference(metric, ours, others, targets)


def _label_columns(target: Target) -> list[str]:
    return [f"label_{name}" for name in target.names] if target.kind == "regression" else ["label"]


def _figures(figures: Mapping[str, Mapping[str, float]]) -> list[str]:
    names = list(next(iter(figures.values())))
    width = max(20, *(len(side) + 2 for side in figures))
    lines = [f"{'':<{width}}" + "".join(f"{name:>10}" for name in names)]
    return lines + [
        f"{side:<{width}}" + "".join(f"{values[name]:>10.4f}" for name in names) for side, values in figures.items()
    ]


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


def confusion(classes: int, predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """How often each class, by row, was taken for each, by column: (n, K), (n,) -> (K, K)."""
    return np.bincount(targets * classes + predicted.argmax(axis=-1), minlength=classes**2).reshape(classes, classes)
