"""Figures of a probe: weighted F1, and the rows of figures.tsv from what each split has written."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core import HyenaDNAError, Metric

WEIGHTED = "f1_weighted"
SHOWN = (WEIGHTED, "accuracy", "mcc", "f1", "auroc")  # the metrics of figures.tsv


def weighted_f1(predicted: np.ndarray, targets: np.ndarray) -> float:
    """Return the mean F1 of the classes, weighted by their rows: (n, K), (n,) -> ()."""
    return weighted_f1_of(targets, predicted.argmax(axis=1), predicted.shape[1])


def weighted_f1_of(true: np.ndarray, predicted: np.ndarray, classes: int) -> float:
    """Return the weighted F1 of class numbers: (n,), (n,) -> ()."""
    f1, rows = f1_of_classes(true, predicted, classes)
    return float((f1 * rows).sum() / rows.sum())


def f1_of_classes(true: np.ndarray, predicted: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the F1 and the rows of each class: (n,), (n,) -> (K,), (K,)."""
    right = np.bincount(true[true == predicted], minlength=classes)
    rows, chosen = np.bincount(true, minlength=classes), np.bincount(predicted, minlength=classes)
    return 2 * right / np.maximum(rows + chosen, 1), rows


METRIC = Metric(WEIGHTED, weighted_f1, ("classes",), description="mean F1 of the classes, weighted by their rows")


def read_probe(folder: Path) -> Mapping[str, Any]:
    """Read the probe.json of a split.

    Raises:
        HyenaDNAError: it is damaged.
    """
    path = folder / "probe.json"
    try:
        content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _ = [model["figures"][name]["value"] for model in content["models"].values() for name in SHOWN]
        _ = [content["settings"], content["inputs"]["vectors"]["sha256"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise HyenaDNAError(f"{path} is damaged: remove the folder {folder}, and run the same command again.") from None
    return content


def figure_rows(split: str, probe: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each model of a split: its figures, with 95 % intervals."""
    rows = []
    for name, model in probe["models"].items():
        row: dict[str, Any] = {"split": split, "model": name}
        for metric in SHOWN:
            figure = model["figures"][metric]
            row |= {metric: figure["value"], f"{metric}_low": figure["low"], f"{metric}_high": figure["high"]}
        against = probe["differences"].get(name)
        keys = ("value", "low", "high")
        row["minus"] = against["from"] if against else None
        row |= {f"difference{'' if key == 'value' else '_' + key}": against[key] if against else None for key in keys}
        rows.append(row)
    return rows


def f1_rows(folder: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each biotype: its genes, and its F1 by each model, from predictions.tsv.

    Raises:
        HyenaDNAError: the file is damaged.
    """
    path = folder / "predictions.tsv"
    numbers = {name: number for number, name in enumerate(names)}
    by_model: dict[str, tuple[list[int], list[int]]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                true, predicted = by_model.setdefault(row["model"], ([], []))
                true.append(numbers[row["label"]])
                predicted.append(numbers[row["predicted"]])
        if len({len(true) for true, _ in by_model.values()}) != 1:
            raise ValueError("models have other rows")
    except (OSError, ValueError, KeyError, csv.Error):
        raise HyenaDNAError(f"{path} is damaged: remove the folder {folder}, and run the same command again.") from None
    rows: list[dict[str, Any]] = [{"biotype": name} for name in names]
    for model, pair in by_model.items():
        f1, counts = f1_of_classes(np.array(pair[0]), np.array(pair[1]), len(names))
        for row, value, count in zip(rows, f1.tolist(), counts.tolist(), strict=True):
            row |= {"genes": count, model: value}
    return rows
