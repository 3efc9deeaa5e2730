"""Predictions as a table with one row for each sequence."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.evaluation.metrics import THRESHOLD
from hyenadna_core.files.cache import write_text
from hyenadna_core.labelled.targets import Target, restored
from hyenadna_core.terminal import tab_separated

Rows = list[list[Any]]


def activated(outputs: np.ndarray, target: Target) -> np.ndarray:
    """Convert logits to probabilities, or standardised values to values: (..., K) -> (..., K)."""
    from scipy.special import expit, softmax

    outputs = outputs.astype(np.float64)
    if target.kind in ("classes", "bases"):
        return np.asarray(softmax(outputs, axis=-1))
    if target.kind == "labels":
        return np.asarray(expit(outputs))
    return restored(outputs, target)


def prediction_rows(target: Target, outputs: Iterable[tuple[str, np.ndarray]]) -> tuple[list[str], Rows]:
    """Return the names of the columns, and one row for each named sequence.

    A row has the name, the prediction and its probabilities. `outputs` are probabilities or values:
    (K,), or (L, K) with one class for each base.
    """
    if target.kind == "regression":
        return ["name", *target.names], [[name, *_numbers(values)] for name, values in outputs]
    if target.kind == "bases":
        return ["name", "predicted"], [
            [name, "".join("." if np.isnan(one[0]) else target.names[int(one.argmax())] for one in values)]
            for name, values in outputs
        ]
    columns = ["name", "predicted", *(f"p_{name}" for name in target.names)]
    return columns, [[name, predicted_text(target, values), *_numbers(values)] for name, values in outputs]


def predicted_text(target: Target, values: np.ndarray) -> str:
    """Return the most likely class, or all labels with a probability of at least 0.5, from (K,)."""
    if target.kind == "classes":
        return target.names[int(values.argmax())]
    return ";".join(target.names[label] for label in np.flatnonzero(values >= THRESHOLD))


def target_texts(target: Target, value: Any) -> list[str]:
    """Return the target of a row as text: one for each quantity, or one for the other kinds."""
    if target.kind == "regression":
        return [f"{number:.8g}" for number in value]
    if target.kind == "classes":
        return [target.names[int(value)]]
    if target.kind == "labels":
        return [predicted_text(target, value)]
    return ["".join("." if index < 0 else target.names[index] for index in value)]


def table(columns: Sequence[str], rows: Rows) -> str:
    """Return a table as tab-separated text with a header."""
    texts = [[f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    return tab_separated([columns, *texts]) + "\n"


def table_line(row: Sequence[Any]) -> str:
    """Return a row as in `table`, with its line end; all numbers of the row are at its end."""
    words = [cell for cell in row if not isinstance(cell, float)]
    return "\t".join([tab_separated([words]), *map("{:.6g}".format, row[len(words) :])]) + "\n"


def write_table(path: Path, columns: Sequence[str], rows: Rows) -> None:
    """Write a table under a temporary name, then rename it to `path`."""
    write_text(path, table(columns, rows))


def _numbers(values: np.ndarray) -> list[float]:
    numbers: list[float] = np.asarray(values, np.float64).tolist()
    return numbers
