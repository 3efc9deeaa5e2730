"""The outcome of a split: the predictions of a model and the targets, in memory or on disk."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from hyenadna_core.evaluation.metrics import Metric
from hyenadna_core.evaluation.outcome import Outcome, Table
from hyenadna_core.evaluation.scratch import Scratch, scratch_folder
from hyenadna_core.labelled.rows import Rows
from hyenadna_core.labelled.targets import Target
from hyenadna_core.registry import by_name, session_plugins
from hyenadna_core.tasks import slabs as sizes
from hyenadna_core.tasks.slabs import Slab, size_of
from hyenadna_core.terminal import notice
from hyenadna_plugins import PluginError, collect

LARGE = 1e9  # bytes of a file that the user should know of


@contextmanager
def outcome_of(slabs: Iterable[Slab], rows: Rows, target: Target, in_memory: bool = False) -> Iterator[Outcome]:
    """Collect the predictions of all rows; those of a large split are in a temporary file.

    The file is removed at the end of the block, also after an error. Bases without a label and
    bases that the model has not read are left out.

    Raises:
        HyenaDNAError: the disk has too little space.
    """
    size = size_of(rows, target)
    joined = (_joined(slab, target) for slab in slabs)
    if in_memory or size <= sizes.IN_MEMORY:
        predicted, targets = zip(*joined, strict=True)
        yield Outcome(target.kind, _one(predicted), _one(targets))
        return
    folder = scratch_folder(size)
    if size > LARGE:
        notice(f"Predictions of {len(rows):,} rows take {size / 1e9:.1f} GB of a temporary file in {folder}.")
    places = int(rows.lengths.sum()) if target.kind == "bases" else len(rows)
    outcome: Outcome | None = None
    try:
        for predictions, truths in joined:
            if outcome is None:
                of_classes = target.kind in ("classes", "bases")
                scratch = Scratch(folder, places, predictions.shape[-1], predictions.dtype)
                outcome = Outcome(target.kind, scratch, truths[:0])
                if not of_classes:
                    outcome.targets = Scratch(folder, places, truths.shape[-1], truths.dtype)
            outcome.append(predictions, truths)
        assert outcome is not None  # noqa: S101
        yield outcome
    finally:
        if outcome:
            outcome.close()


def _joined(slab: Slab, target: Target) -> tuple[np.ndarray, np.ndarray]:
    """Return the predictions and targets of a slab as metrics take them."""
    if target.kind != "bases":
        return np.asarray(slab.predictions), np.asarray(slab.targets)
    predictions, targets = np.concatenate(slab.predictions), np.concatenate(slab.targets)
    measured = (targets >= 0) & np.isfinite(predictions[:, 0])
    return predictions[measured], targets[measured]


def _one(arrays: Sequence[np.ndarray]) -> Table:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


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
