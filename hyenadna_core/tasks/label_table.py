"""labels.tsv: the figures of each class, label or quantity."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hyenadna_core.evaluation.metrics import Metric, values_of_labels
from hyenadna_core.evaluation.outcome import Outcome
from hyenadna_core.evaluation.predictions import write_table
from hyenadna_core.labelled.targets import Target

NAME = "labels.tsv"
FEWEST = {"labels": 2, "regression": 2, "classes": 3}  # names; with fewer, the figures say it all


def write_labels(folder: Path, metrics: Sequence[Metric], target: Target, outcome: Outcome) -> list[str]:
    """Write a row for each label with its group, its positives and its figures.

    Return the name of the file, or nothing if the target has too few labels. Quantities have the
    number of rows in place of positives; each class is compared with the rest.
    """
    if len(target.names) < FEWEST.get(target.kind, len(target.names) + 1) or outcome.labels != len(target.names):
        return []
    counted = "rows" if target.kind == "regression" else "positives"
    of_labels = {metric.name: values_of_labels(metric, outcome) for metric in metrics if metric.of_label}
    rows = []
    for label, name in enumerate(target.names):
        group = target.groups[label] if target.groups else ""
        count = len(outcome) if counted == "rows" else int(np.count_nonzero(outcome.column(label)[1]))
        rows.append([name, group, count, *(float(values[label]) for values in of_labels.values())])
    write_table(folder / NAME, ["name", "group", counted, *of_labels], rows)
    return [NAME]
