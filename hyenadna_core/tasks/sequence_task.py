"""A task on sequences with one target each: classes, labels, quantities, or classes of bases."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import numpy as np

from hyenadna_backends.blocks import Tensor
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.evaluation.metrics import METRICS, Metric, figures_of_outcome, scikit_learn
from hyenadna_core.evaluation.outcome import Outcome
from hyenadna_core.labelled.rows import Rows
from hyenadna_core.labelled.targets import Target, check_names
from hyenadna_core.recipe import Recipe
from hyenadna_core.task import (
    SPLITS,
    Batch,
    Draw,
    GivenOptions,
    LanguageModel,
    Model,
    Run,
    RunSettings,
    TaskDefaults,
)
from hyenadna_core.tasks.length_groups import LengthGroups, rows_of_draw
from hyenadna_core.tasks.pairs import check_pairs
from hyenadna_core.tasks.sequence_batches import batch_of_rows, class_counts, weights_of_classes
from hyenadna_core.tasks.sequence_evaluation import metrics_of_task, outcome_of
from hyenadna_core.tasks.sequence_options import LONG_ROWS, OPTIONS, stage_options
from hyenadna_core.tasks.sequence_predictions import Table, predicted_parts
from hyenadna_core.tasks.sequence_warnings import NO_VALIDATION, ONE_SIDED, warnings_of_splits
from hyenadna_core.tasks.slabs import Predicting, Slab, check_long_rows, notice_longer, predicted_slabs
from hyenadna_core.tasks.stranded_task import StrandedTask

MONITORS = {"classes": ("mcc", "max"), "bases": ("mcc", "max"), "labels": ("auroc", "max"), "regression": ("r2", "max")}


class SequenceTask(StrandedTask):
    """Sequences, or pairs of sequences (`pairs = True`), with one target each.

    A subclass has a `name`, a `target` and `sequences(split)`. It may have its own head.
    `metrics` names the metrics to measure; if it is empty, all metrics for the kind of target are
    measured.

    Args:
        epochs: passes over the training sequences; None for as many as their number asks for.
        pooling: "mean", "last", "first" or "max".
        head_dropout: share of the pooled channels that training drops.
        reverse_complements: whether half of the training sequences are reverse-complemented, and
            predictions are the mean over both strands. None leaves it to the data (strands.py).
        balanced: whether sequences are weighted so that all classes count the same.
        baseline: "kmer", "cnn": the models that the report compares with.
        both_directions: whether the model also reads the reverse complement; the head then has the
            states of both strands at each base, (B, L, 2D).
        long_rows: what figures and predictions read of a sequence longer than the model: "middle",
            or "windows" that cover it, whose predictions are averaged.
    """

    target: Target
    metrics: tuple[str, ...] = ()
    reading: Mapping[str, Any] = {}  # how training read its files: options of `read_labelled` by name
    options: Sequence[click.Parameter] = OPTIONS
    recipe = Recipe(learning_rate=3e-3, filter_rate=0.1, weight_decay=0.1, beta_2=0.99)
    starts_from = "human-chr20-1k"

    def __init__(
        self,
        epochs: float | None = None,
        pooling: str = "mean",
        head_dropout: float = 0.0,
        reverse_complements: bool | None = None,
        balanced: bool = False,
        baseline: tuple[str, ...] = (),
        both_directions: bool = False,
        long_rows: str = LONG_ROWS[0],
    ) -> None:
        self.epochs, self.pooling, self.head_dropout = epochs, pooling, head_dropout
        self.reverse_complements, self.balanced, self.baseline = reverse_complements, balanced, tuple(baseline)
        self.both_directions, self.passes = both_directions, (1 + both_directions) * (1 + self.pairs)
        self.long_rows = long_rows
        self._splits: dict[str, Rows | None] = {}
        self._groups: dict[tuple[str, int], LengthGroups] = {}

    def split(self, name: str) -> Rows:
        """Return the rows of a split.

        Raises:
            HyenaDNAError: there are none, or their source is faulty.
        """
        if (rows := self._asked_once(name)) is None:
            raise HyenaDNAError(f"The task {self.name} has no {name} data: choose another --split.")
        return rows

    def has(self, split: str) -> bool:
        return self._asked_once(split) is not None

    def _asked_once(self, split: str) -> Rows | None:
        if split not in self._splits:
            self._splits[split] = self.rows_of_split(split)
        return self._splits[split]

    @property
    def monitor(self) -> tuple[str, str]:  # type: ignore[override]
        return MONITORS[self.target.kind]

    @property
    def title(self) -> str:
        train = self.split("train")
        lengths = " to ".join(f"{length:,}" for length in sorted({int(train.lengths.min()), int(train.lengths.max())}))
        return f"{self.name} ({len(train):,} {'pairs' if self.pairs else 'sequences'} of {lengths} bases)"

    @property
    def epoch_rows(self) -> int:  # type: ignore[override]
        return len(self.split("train"))

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256("".join(map(self.checksum, filter(self.has, SPLITS))).encode()).hexdigest()

    def checksum(self, split: str) -> str:
        return self.split(split).checksum

    def defaults(self, max_seq_len: int, given: GivenOptions) -> TaskDefaults:
        """Return one stage as long as the longest sequence, with validations.

        Raises:
            HyenaDNAError: the CNN cannot be trained in several processes or on several devices.
        """
        train = self.split("train")
        return stage_options(
            given,
            sequences=len(train),
            longest=min(int(train.lengths.max()), max_seq_len),
            epochs=self.epochs,
            baseline=self.baseline,
            valid=self.has("valid"),
        )

    def prepare(self, seq_len: int) -> list[str]:
        """Set the longest window of training, and return sentences that the user should read.

        Raises:
            HyenaDNAError: scikit-learn is not installed, the task does not measure its monitor, an
                option or the names of the target do not fit, or the first row of a split is faulty.
        """
        self.seq_len = seq_len
        names = [metric.name for metric in self.chosen_metrics()]
        if self.monitor[0] not in names:
            raise HyenaDNAError(
                f"{self.name} is monitored by {self.monitor[0]}, but measures {', '.join(names)}: set its monitor."
            )
        if not METRICS.keys().isdisjoint(names):
            scikit_learn("metrics")  # now, not after the first epoch
        check_names(self.target, self.name)
        check_long_rows(self.long_rows, self.target)
        splits = {name: self.split(name) for name in SPLITS if name == "train" or self.has(name)}
        check_pairs(self.name, self.pairs, self.target, self.long_rows, splits)
        if self.balanced:
            _ = self.class_weights
        one_sided = self.target.kind == "bases" and not self.both_directions
        said = [ONE_SIDED] * one_sided + [NO_VALIDATION] * (not self.has("valid")) + self.about_strands()
        return said + warnings_of_splits(splits, seq_len)

    def batch(self, draw: Draw) -> Batch:
        """Return rows of a split, of like length, in a new order each epoch.

        If the source of the training rows has `window`, the rows are windows that it draws.

        Ids are (B, L) or (B, 2, L); targets (B,), (B, K) or (B, L); weights (B,) or (B, L).
        """
        sequences = self.split(draw.split)
        rows = rows_of_draw(draw, self.groups(draw.split, draw.seq_len))
        other_strand = (draw.generator().random(draw.batch_size) < 0.5) & self.on_both_strands
        anew = draw if draw.split == "train" else None
        batch = self.rows(sequences, rows, draw.seq_len, other_strand, anew)
        return batch._replace(weights=batch.weights * self.class_weights[batch.targets]) if self.balanced else batch

    def groups(self, split: str, seq_len: int) -> LengthGroups:
        """Return the groups of like length of a split, for windows of at most seq_len bases."""
        key = split, seq_len
        if key not in self._groups:
            self._groups[key] = LengthGroups.of(self.split(split).lengths, seq_len)
        return self._groups[key]

    def padded_lengths(self, seq_len: int) -> Sequence[int]:
        lengths: list[int] = self.groups("train", seq_len).lengths.tolist()
        return lengths

    @cached_property
    def class_weights(self) -> np.ndarray:
        """The weight of each class, (K,), so that all classes count the same.

        Raises:
            HyenaDNAError: the targets are not classes.
        """
        if self.target.kind != "classes":
            raise HyenaDNAError(f"--balanced weights classes, and the target is {self.target.kind}: leave it out.")
        return weights_of_classes(class_counts(self.split("train"), self.target))

    def rows(
        self, source: Rows, rows: np.ndarray, seq_len: int, other: np.ndarray | None = None, draw: Draw | None = None
    ) -> Batch:
        """Return some rows as a batch: longer sequences are cropped to their middle."""
        return batch_of_rows(source, self.target, rows, seq_len, other, draw, self.pairs)

    def model(self, language_model: LanguageModel) -> Model:
        from hyenadna_core.model.task_model import TaskModel

        model: Model = TaskModel(
            language_model.backbone, self.head, self.both_directions, self.embed, self.pairs, self.shared_front
        )
        return model

    def head(self, *states: Any) -> Tensor:
        from hyenadna_core.model.heads import head_of

        pooling = "none" if self.target.kind == "bases" else self.pooling
        return head_of(len(self.target.names), pooling, self.head_dropout, states)

    def loss(self, outputs: Tensor, targets: Tensor, weights: Tensor, label_smoothing: float = 0.0) -> Tensor:
        from hyenadna_core.model.losses import LOSSES

        return LOSSES[self.target.kind](outputs, targets, weights, label_smoothing)

    @property
    def predicting(self) -> Predicting:
        """How a model of this task predicts rows."""
        both_strands = self.on_both_strands and self.target.kind != "bases"
        return Predicting(self.evaluation_bases, self.long_rows, both_strands, pairs=self.pairs)

    def slabs(self, model: Model, rows: Rows) -> Iterator[Slab]:
        """Yield the predictions of all rows in their order, some rows at a time."""
        notice_longer(int((rows.lengths > model.max_seq_len).sum()), len(rows), model, self.long_rows)
        return predicted_slabs(model, rows, self.target, self.predicting)

    def by_row(self, model: Model, rows: Rows) -> list[np.ndarray]:
        """Return the prediction of each row: (K,), or (L, K) at its own L bases."""
        return [prediction for slab in self.slabs(model, rows) for prediction in slab.predictions]

    def outcome(self, model: Model, rows: Rows, in_memory: bool = False) -> AbstractContextManager[Outcome]:
        """Predict all rows, for the length of a block; a large outcome is on disk."""
        return outcome_of(self.slabs(model, rows), rows, self.target, in_memory)

    def predicted(self, model: Model, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return the predictions for all rows and their targets, in memory, for metrics."""
        with self.outcome(model, rows, in_memory=True) as outcome:
            return outcome.arrays()

    def evaluate(self, model: Model, split: str) -> dict[str, float]:
        with self.outcome(model, self.split(split)) as outcome:
            return self.figures(outcome)

    def figures(self, outcome: Outcome) -> dict[str, float]:
        """Return all metrics of the task by name, over a whole split, and medians by group."""
        return figures_of_outcome(self.chosen_metrics(), outcome, self.target.groups)

    def chosen_metrics(self) -> list[Metric]:
        """Return the metrics that the task names, or all for its kind of target.

        Raises:
            PluginError: two plug-ins registered the metric that the task is monitored by.
        """
        return metrics_of_task(self.metrics, self.target.kind, self.monitor[0])

    def predictions(self, model: Model, path: Path, batch_size: int | None = None, **columns: Any) -> Iterator[Table]:
        if type(self).predict is not SequenceTask.predict:  # a subclass predicts in its own way
            return super().predictions(model, path, batch_size, **columns)
        how = replace(self.predicting, batch_size=batch_size)
        return predicted_parts(model, path, self.target, how, shared=self.reading, **columns)

    def predict(self, model: Model, path: Path, **columns: Any) -> Table:
        parts = list(predicted_parts(model, path, self.target, self.predicting, shared=self.reading, **columns))
        return parts[0][0], [row for _, rows in parts for row in rows]

    def report(self, model: Model, folder: Run, config: RunSettings) -> str:
        """Compare the figures of test with those of baselines; write predictions.tsv and a picture.

        Without test data they are the figures of valid, or else of train.
        """
        from hyenadna_core.tasks.report import report_of_task

        return report_of_task(self, model, folder, config)
