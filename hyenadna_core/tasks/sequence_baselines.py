"""The baselines of a sequence task: simpler models on the same splits, if they are affordable."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hyenadna_core.evaluation.baselines import Baseline, kmer_baseline, kmer_too_long
from hyenadna_core.labelled.pairs import InMemory
from hyenadna_core.labelled.rows import Rows, in_memory
from hyenadna_core.labelled.targets import Target
from hyenadna_core.task import Model, Task
from hyenadna_core.tasks import slabs
from hyenadna_core.tasks.sequence_options import CNN
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
    names = [name for name in names if name != "none"]
    train, valid, rows = splits
    size = slabs.size_of(rows, target)
    if not names:
        return
    if target.kind == "bases" or valid is None:
        notice("No baseline is fitted: a baseline needs valid data, and one target for each sequence.")
        return
    if size > slabs.IN_MEMORY:
        notice(
            f"No baseline is fitted: its predictions of {len(rows):,} rows and {len(target.names):,} labels would take "
            f"{size / 1e9:.1f} GB of memory."
        )
        return
    if "kmer" in names:
        if message := kmer_too_long(train, valid, rows, target, 1 + task.pairs):
            notice(message)
        else:
            held = [_in_memory(split, target) for split in (train, valid, rows)]
            yield kmer_baseline(held[0], held[1], held[2], target)
    if CNN in names and task.pairs:
        notice("No CNN baseline: it reads one sequence a row, and these are pairs.")
    elif CNN in names:
        from hyenadna_core.tasks.cnn_baseline import cnn_baseline

        yield cnn_baseline(task, len(train), len(target.names), predict, seed)


def _in_memory(rows: Rows, target: Target) -> InMemory:
    return rows if isinstance(rows, InMemory) else in_memory(rows, range(len(rows)), target)
