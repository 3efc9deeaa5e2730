"""Predictions of a model for labelled sequences, and the metrics that measure them."""

from collections.abc import Sequence

import numpy as np

from hyenadna_core.evaluation.metrics import Metric
from hyenadna_core.evaluation.predictions import activated
from hyenadna_core.labelled.sequences import LabelledSequences
from hyenadna_core.labelled.targets import Target
from hyenadna_core.registry import by_name, session_plugins
from hyenadna_core.task import Model
from hyenadna_core.tasks.length_groups import LengthGroups
from hyenadna_core.tasks.sequence_batches import batch_of_rows
from hyenadna_core.terminal import notice, progress
from hyenadna_plugins import PluginError, collect


def notice_cropped(longer: int, total: int, model: Model) -> None:
    """Tell how many of all sequences are longer than the model takes, if there are any."""
    if longer:
        notice(
            f"{longer:,} of {total:,} sequences are longer than the {model.max_seq_len:,} bases of this model: "
            "they are cropped to their middle."
        )


def predictions_by_row(
    model: Model, sequences: LabelledSequences, target: Target, bases_at_once: int, batch_size: int | None = None
) -> list[np.ndarray]:
    """Return the prediction of each row: probabilities or values (K,), or (L, K) at its L bases.

    Longer sequences are cropped to their middle; bases outside of it are nan. A batch has sequences
    of like length: `batch_size` of them at most, by default about `bases_at_once` bases.
    """
    seq_len = min(int(sequences.lengths.max()), model.max_seq_len)
    groups = LengthGroups.of(sequences.lengths, seq_len)
    predictions: dict[int, np.ndarray] = {}
    with progress("Predicting", len(sequences)) as advance:
        for group, length in enumerate(groups.lengths.tolist()):
            of_group = np.flatnonzero(groups.of_rows == group)
            batches = -(-len(of_group) // (batch_size or max(1, bases_at_once // length)))
            size = -(-len(of_group) // batches)
            for rows in np.resize(of_group, (batches, size)):  # the last batch repeats rows: all have one shape
                outputs = activated(model.predict_on_batch(batch_of_rows(sequences, target, rows, length).ids), target)
                lengths = sequences.lengths[rows].tolist()
                of_rows = map(_at_its_bases, outputs, lengths) if sequences.of_bases else outputs
                predictions |= zip(rows.tolist(), of_rows, strict=True)
                advance(size)
    return [predictions[row] for row in range(len(sequences))]


def joined_predictions(
    predictions: Sequence[np.ndarray], sequences: LabelledSequences
) -> tuple[np.ndarray, np.ndarray]:
    """Return the predictions of all rows and their targets, as metrics take them.

    Bases without a label and bases that the model has not read are left out.
    """
    if not sequences.of_bases:
        return np.stack(predictions), sequences.targets
    joined = np.concatenate(predictions)
    measured = (sequences.targets >= 0) & np.isfinite(joined[:, 0])
    return joined[measured], sequences.targets[measured]


def metrics_of_task(names: Sequence[str], kind: str, monitor: str) -> list[Metric]:
    """Return the metrics of these names, or all for the kind of target if `names` is empty.

    Raises:
        HyenaDNAError: no metric has one of the names.
        PluginError: two plug-ins registered the metric that the task is monitored by.
    """
    registered = collect(session_plugins(), "register_metrics")
    if names:
        return [by_name(registered, name, "metric") for name in names]
    if monitor in registered.taken:
        raise PluginError(registered.clash(monitor))
    return [metric for metric, _ in registered.values() if kind in metric.kinds]


def _at_its_bases(output: np.ndarray, length: int) -> np.ndarray:
    """Place the outputs of a crop or of padded bases at all bases: (seq_len, K) -> (length, K)."""
    whole = np.full((length, output.shape[-1]), np.nan)
    start = max(0, (length - len(output)) // 2)
    whole[start : start + len(output)] = output[:length]
    return whole
