"""The report of a sequence task: figures, baselines, predictions.tsv and a picture."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.evaluation.baselines import Baseline
from hyenadna_core.evaluation.metrics import Metric, bootstrap_difference, confusion
from hyenadna_core.evaluation.predictions import prediction_rows, target_texts, write_table
from hyenadna_core.labelled.sequences import LabelledSequences
from hyenadna_core.labelled.targets import Target
from hyenadna_core.task import Run
from hyenadna_core.tasks.pictures import draw
from hyenadna_core.tasks.sequence_evaluation import joined_predictions

MANY = 20_000  # rows for which one round of the bootstrap takes a tenth of a second
MOST_CLASSES = 12  # of a confusion matrix that is printed


@dataclass(frozen=True)
class Measured:
    """Predictions of a model for the rows of a split: (K,) each, or (L, K) for bases."""

    name: str
    split: str
    sequences: LabelledSequences
    target: Target
    predictions: Sequence[np.ndarray]

    @cached_property
    def joined(self) -> tuple[np.ndarray, np.ndarray]:
        """The predictions and targets of all rows, as metrics take them."""
        return joined_predictions(self.predictions, self.sequences)


def report(
    measured: Measured,
    figures_of: Callable[[np.ndarray, np.ndarray], dict[str, float]],
    metric: Metric,
    baselines: Iterable[Baseline],
    folder: Run,
    expected: Mapping[str, tuple[float, float]],
) -> str:
    """Write figures, predictions and a picture into the folder of a run; return a text to print.

    The figures of the model are written before baselines are fitted, because that may take long.

    Args:
        figures_of: computes figures by name from predictions and targets.
        metric: the metric by which the model is compared with baselines.
        expected: ranges that figures should lie in, by name.
    """
    split, sequences, target = measured.split, measured.sequences, measured.target
    predicted, targets = measured.joined
    figures = {measured.name: figures_of(predicted, targets)}
    result: dict[str, Any] = {
        "split": split,
        "sequences": len(sequences),
        "figures": figures,
        "settings": {},
        "differences": {},
    }
    folder.write_run(folder.read_run() | {"result": result})
    _write_predictions(folder.path / "predictions.tsv", measured)
    picture = draw(folder.path, target, predicted, targets)
    with_bases = f" with {len(targets):,} labelled bases" if sequences.of_bases else ""
    lines = [f"{split}: {len(sequences):,} sequences{with_bases}; {folder.path}/predictions.tsv, {picture}"]
    if split == "train":
        lines.append("The figures are of the training sequences: they do not show how the model does on new ones.")
    lines.append("")
    compared = []
    rounds = 1000 if len(targets) <= MANY else 200
    for baseline in baselines:
        figures[baseline.name] = figures_of(baseline.predicted, targets)
        difference, low, high = bootstrap_difference(metric, predicted, baseline.predicted, targets, rounds=rounds)
        result["settings"][baseline.name] = baseline.settings
        result["differences"][baseline.name] = difference, low, high
        folder.write_run(folder.read_run() | {"result": result})
        interval = f"95 % interval {low:+.4f} to {high:+.4f}, paired bootstrap over {split} rows"
        compared.append(f"{baseline.name}: {baseline.settings}")
        compared.append(
            f"{metric.name} of {measured.name} minus that of {baseline.name}: {difference:+.4f} ({interval})"
        )
    lines += [*_figures(figures), *compared, *_expected(expected, figures[measured.name])]
    if target.kind in ("classes", "bases") and len(target.names) <= MOST_CLASSES:
        lines += ["", *_confusion(target, predicted, targets)]
    return "\n".join(lines)


def _write_predictions(path: Path, measured: Measured) -> None:
    target, sequences = measured.target, measured.sequences
    columns, rows = prediction_rows(target, zip(sequences.names, measured.predictions, strict=True))
    labels = [f"label_{name}" for name in target.names] if target.kind == "regression" else ["label"]
    labelled = [[row[0], *target_texts(target, sequences.target(number)), *row[1:]] for number, row in enumerate(rows)]
    write_table(path, [columns[0], *labels, *columns[1:]], labelled)


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
