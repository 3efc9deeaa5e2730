"""The baselines of a sequence task: simpler models on the same splits, if they are affordable."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError, NotAffordable, shown
from hyenadna_core.evaluation.baselines import MAJORITY, Baseline, kmer_baseline, kmer_too_long, majority_baseline
from hyenadna_core.labelled.pairs import InMemory
from hyenadna_core.labelled.rows import Rows, all_targets, in_memory
from hyenadna_core.labelled.targets import Target
from hyenadna_core.task import Model, Task
from hyenadna_core.tasks import slabs
from hyenadna_core.tasks.sequence_options import BASELINES, CNN, KMER
from hyenadna_core.terminal import notice


class Splits(NamedTuple):
    """The rows of a task: of training, of validation, and those that are measured."""

    train: Rows
    valid: Rows | None
    measured: Rows


def fitted_baselines(
    task: Task,
    names: Sequence[str],
    splits: Splits,
    target: Target,
    predict: Callable[[Model], np.ndarray],
    seed: int,
) -> Iterator[Baseline]:
    """Fit each baseline that is named, and yield its predictions of the measured rows.

    A baseline that would take too long or too much memory is left out, and a sentence says so.

    Args:
        predict: returns the predictions of a model for the measured rows, (n, K).
    """
    printed = set()
    for name in filter(names.__contains__, BASELINES):
        if not (reason := reason_not_to_fit(task, name, splits, target)):
            yield _fitted(task, name, splits, target, predict, seed)
        elif reason not in printed:
            notice(reason)
            printed.add(reason)


def reason_not_to_fit(task: Task, name: str, splits: Splits, target: Target) -> str:
    """Return a sentence if a baseline cannot be fitted, or not in an hour and some GB; else ""."""
    train, valid, rows = splits
    if target.kind == "bases" or valid is None:
        return "No baseline is fitted: a baseline needs valid data, and one target for each sequence."
    if (size := slabs.size_of(rows, target)) > slabs.IN_MEMORY:
        return (
            f"No baseline is fitted: its predictions of {len(rows):,} rows and {len(target.names):,} labels would take "
            f"{size / 1e9:.1f} GB of memory."
        )
    if name == KMER:
        return kmer_too_long(train, valid, rows, target, 1 + task.pairs)
    if name == CNN and task.pairs:
        return "No CNN baseline: it reads one sequence a row, and these are pairs."
    return ""


def _fitted(
    task: Task, name: str, splits: Splits, target: Target, predict: Callable[[Model], np.ndarray], seed: int
) -> Baseline:
    train, valid, rows = splits
    if name == MAJORITY:
        return majority_baseline(all_targets(train, target), len(rows), target)
    if name == CNN:
        from hyenadna_core.tasks.cnn_baseline import cnn_baseline

        return cnn_baseline(task, len(train), len(target.names), predict, seed)
    assert valid is not None  # noqa: S101
    held = [_in_memory(split, target) for split in (train, valid, rows)]
    return kmer_baseline(held[0], held[1], held[2], target)


def fit_baseline(task: Any, name: str, split: str = "test", seed: int = 0) -> Baseline:
    """Fit a baseline to the training rows of a SequenceTask, and predict the rows of a split.

    Args:
        name: "majority", "kmer" or "cnn".
        seed: of the CNN.

    Returns:
        Its `name`, its `settings` in words, and `predicted`: (n, K), probabilities of classes or
        labels, logits of the CNN, or quantities.

    Raises:
        HyenaDNAError: there is no such baseline or split.
        NotAffordable: it would take too long or too much memory; the line is the reason.
    """
    if name not in BASELINES:
        raise HyenaDNAError(f"There is no baseline {shown(repr(name))}: choose one of {', '.join(BASELINES)}.")
    rows = task.split(split)
    if not task.seq_len:
        task.prepare(int(task.split("train").lengths.max()))
    splits = Splits(task.split("train"), task.split("valid") if task.has("valid") else None, rows)

    def predict(model: Model) -> np.ndarray:
        predicted: np.ndarray = task.predicted(model, rows)[0]
        return predicted

    if reason := reason_not_to_fit(task, name, splits, task.target):
        raise NotAffordable(reason)
    return _fitted(task, name, splits, task.target, predict, seed)


def _in_memory(rows: Rows, target: Target) -> InMemory:
    return rows if isinstance(rows, InMemory) else in_memory(rows, range(len(rows)), target)
