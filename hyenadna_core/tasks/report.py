"""The report of a sequence task: figures, baselines, predictions.tsv, labels.tsv and a picture."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.evaluation.baselines import Baseline
from hyenadna_core.evaluation.bootstrap import bootstrap_difference, rounds_for, too_long
from hyenadna_core.evaluation.metrics import Metric, confusion
from hyenadna_core.evaluation.outcome import Outcome
from hyenadna_core.evaluation.predictions import prediction_rows, table_line, target_texts
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.labelled.rows import Rows
from hyenadna_core.labelled.targets import Target
from hyenadna_core.task import Model, Run, RunSettings
from hyenadna_core.tasks.advice import advice, trained
from hyenadna_core.tasks.label_table import write_labels
from hyenadna_core.tasks.pictures import draw
from hyenadna_core.tasks.sequence_baselines import Splits, fitted_baselines
from hyenadna_core.tasks.sequence_evaluation import LARGE, outcome_of
from hyenadna_core.tasks.slabs import Slab
from hyenadna_core.terminal import notice

MOST_CLASSES = 12  # of a confusion matrix that is printed
CELL = 10  # characters of a number in predictions.tsv, about


@dataclass(frozen=True)
class Measured:
    """A model measured on the rows of a split; `monitor` names the metric that compares models."""

    name: str
    split: str
    rows: Rows
    target: Target
    metrics: Sequence[Metric]
    monitor: str
    advice: str = ""


def report_of_task(task: Any, model: Model, folder: Run, config: RunSettings) -> str:
    """Measure the model of a sequence task on test, or else on valid or train, and report on it."""
    split = next((name for name in ("test", "valid") if task.has(name)), "train")
    rows, hints = task.split(split), advice(trained(task, folder, config))
    measured = Measured(config.preset, split, rows, task.target, task.chosen_metrics(), task.monitor[0], hints)
    splits = Splits(task.split("train"), task.split("valid") if task.has("valid") else None, rows)

    def predict(model: Model) -> np.ndarray:
        predicted: np.ndarray = task.predicted(model, rows)[0]
        return predicted

    baselines = fitted_baselines(task, task.baseline, splits, task.target, predict, config.seed)
    expected = task.expected if split == "test" else {}
    return report(measured, task.slabs(model, rows), task.figures, baselines, folder, expected)


def report(
    measured: Measured,
    slabs: Iterable[Slab],
    figures_of: Callable[[Outcome], dict[str, float]],
    baselines: Iterable[Baseline],
    folder: Run,
    expected: Mapping[str, tuple[float, float]],
) -> str:
    """Write figures, predictions and a picture into the folder of a run; return a text to print.

    The figures of the model are written before baselines are fitted, because that may take long.

    Args:
        slabs: the predictions of the model.
        figures_of: computes figures by name.
        expected: ranges that figures should lie in, by name.
    """
    target = measured.target
    written = with_predictions_written(folder.path / "predictions.tsv", measured, slabs)
    with outcome_of(written, measured.rows, target) as outcome:
        figures = figures_of(outcome)
        result: dict[str, Any] = {
            "split": measured.split,
            "sequences": len(measured.rows),
            "figures": {measured.name: figures},
            "settings": {},
            "differences": {},
        }
        folder.write_run(folder.read_run() | {"result": result})
        files = ["predictions.tsv", *write_labels(folder.path, measured.metrics, target, outcome)]
        files.append(draw(folder.path, target, outcome, measured.metrics))
        named = ", ".join([f"{folder.path}/{files[0]}", *files[1:]])
        with_bases = f" with {len(outcome):,} labelled bases" if target.kind == "bases" else ""
        lines = [f"{measured.split}: {len(measured.rows):,} sequences{with_bases}; {named}"]
        if measured.split == "train":
            lines.append("The figures are of the training sequences: they do not show how the model does on new ones.")
        compared = _compared(measured, outcome, figures_of, baselines, folder, result)
        lines += ["", *_figures(result["figures"]), *compared, *_expected(expected, figures)]
        if target.kind in ("classes", "bases") and len(target.names) <= MOST_CLASSES:
            predicted, targets = outcome.arrays()
            if len(only := np.unique(predicted.argmax(axis=-1))) == 1 and len(targets) > 1:
                name = target.names[only[0]]
                lines.append(f"The model predicts {name} for all. Most likely to help: {measured.advice}.")
            if len(only := np.unique(targets[targets >= 0])) == 1 and len(targets) > 1:
                lines.append(
                    f"All {measured.split} labels are {target.names[only[0]]}: MCC, AUROC and AUPRC do not exist, and "
                    "the accuracy says little."
                )
            lines += ["", *_confusion(target, predicted, targets)]
    return "\n".join(lines)


def _compared(
    measured: Measured,
    outcome: Outcome,
    figures_of: Callable[[Outcome], dict[str, float]],
    baselines: Iterable[Baseline],
    folder: Run,
    result: dict[str, Any],
) -> list[str]:
    """Add each baseline to the result in run.json, and return sentences that compare the model."""
    metric = next(metric for metric in measured.metrics if metric.name == measured.monitor)
    sentences = []
    for baseline in baselines:
        predicted, targets = outcome.arrays()
        result["figures"][baseline.name] = figures_of(Outcome(outcome.kind, baseline.predicted, targets))
        no_interval = too_long(metric, outcome)
        rounds = 0 if no_interval else rounds_for(len(outcome))
        difference, low, high = bootstrap_difference(metric, predicted, baseline.predicted, targets, rounds=rounds)
        result["settings"][baseline.name] = baseline.settings
        result["differences"][baseline.name] = difference, low, high
        folder.write_run(folder.read_run() | {"result": result})
        interval = f"95 % interval {low:+.4f} to {high:+.4f}, paired bootstrap over {measured.split} rows"
        sentences.append(f"{baseline.name}: {baseline.settings}")
        if np.isnan(difference):
            sentences.append(f"{metric.name} cannot be compared: it is not a number.")
            continue
        sentences.append(
            f"{metric.name} of {measured.name} minus that of {baseline.name}: {difference:+.4f}"
            + (f". {no_interval}" if no_interval else f" ({interval})")
        )
        if (difference < 0 if metric.better == "max" else difference > 0) and measured.advice:
            unsure = ", but the interval contains 0" if low <= 0 <= high else ""
            sentences.append(
                f"The model is worse than {baseline.name}{unsure}. Most likely to help: {measured.advice}."
            )
    return sentences


def with_predictions_written(path: Path, measured: Measured, slabs: Iterable[Slab]) -> Iterator[Slab]:
    """Yield slabs, and write a line for each row; the table appears after the last slab."""
    target, rows = measured.target, measured.rows
    columns, _ = prediction_rows(target, ())
    labels = [f"label_{name}" for name in target.names] if target.kind == "regression" else ["label"]
    numbers = len(columns) + len(labels) - 3 if target.kind != "bases" else 0
    if (size := len(rows) * numbers * CELL) > LARGE:
        notice(f"{path} takes about {size / 1e9:.1f} GB.")
    with file_written_aside(path) as aside, aside.open("w", encoding="utf-8") as file:
        file.write(table_line([columns[0], *labels, *columns[1:]]))
        for slab in slabs:
            for place, (prediction, truth) in enumerate(zip(slab.predictions, slab.targets, strict=True)):
                _, (row,) = prediction_rows(target, [(rows.name(slab.start + place), prediction)])
                file.write(table_line([row[0], *target_texts(target, truth), *row[1:]]))
            yield slab


def _figures(figures: Mapping[str, Mapping[str, float]]) -> list[str]:
    names = list(next(iter(figures.values())))
    width = max(20, *(len(model) + 2 for model in figures))
    wide = [max(10, len(name) + 2) for name in names]
    lines = [f"{'':<{width}}" + "".join(f"{name:>{cell}}" for name, cell in zip(names, wide, strict=True))]
    for model, values in figures.items():
        cells = (f"{values[name]:>{cell}.4f}" for name, cell in zip(names, wide, strict=True))
        lines.append(f"{model:<{width}}" + "".join(cells))
    return lines


def _expected(ranges: Mapping[str, tuple[float, float]], figures: Mapping[str, float]) -> list[str]:
    lines = []
    for name, (low, high) in ranges.items():
        value = figures.get(name, math.nan)
        side = "inside" if low <= value <= high else "outside"
        lines.append(f"{name} {value:.4f} is {side} the expected range, {low:g} to {high:g}.")
    return lines


def _confusion(target: Target, predicted: np.ndarray, targets: np.ndarray) -> list[str]:
    counts = confusion(len(target.names), predicted, targets)
    width = max(10, *(len(name) + 2 for name in target.names))
    lines = ["Confusion matrix: a row for each true class, a column for each predicted class"]
    lines.append(" " * (width + 8) + "".join(f"{name:>{width}}" for name in target.names))
    for name, row in zip(target.names, counts, strict=True):
        lines.append(f"{name:<{width + 8}}" + "".join(f"{count:>{width},}" for count in row))
    return lines
