"""A task on sequences with one target each: classes, labels, quantities, or classes of bases."""

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import numpy as np

from hyenadna_backends.blocks import Tensor
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.evaluation.baselines import Baseline
from hyenadna_core.evaluation.metrics import METRICS, Metric, measure, scikit_learn
from hyenadna_core.labelled.sequences import LabelledSequences
from hyenadna_core.labelled.targets import Target
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
    Task,
    TaskDefaults,
)
from hyenadna_core.tasks.length_groups import LengthGroups, rows_of_draw
from hyenadna_core.tasks.sequence_batches import batch_of_rows, weights_of_classes
from hyenadna_core.tasks.sequence_evaluation import (
    joined_predictions,
    metrics_of_task,
    notice_cropped,
    predictions_by_row,
)
from hyenadna_core.tasks.sequence_options import CNN, EPOCHS, OPTIONS, stage_options
from hyenadna_core.tasks.sequence_predictions import Table, predicted_parts
from hyenadna_core.tasks.sequence_warnings import warnings_of_splits
from hyenadna_core.terminal import notice

MONITORS = {"classes": ("mcc", "max"), "bases": ("mcc", "max"), "labels": ("auroc", "max"), "regression": ("r2", "max")}
ONE_SIDED = "Each base sees only the bases on its left: --both-directions adds those on its right."


class SequenceTask(Task):
    """Sequences with one target each.

    A subclass has a `name`, a `target` and `sequences(split)`. It may have its own head.
    `metrics` names the metrics to measure; if it is empty, all metrics for the kind of target are
    measured.

    Args:
        epochs: passes over the training sequences.
        pooling: "mean", "last", "first" or "max".
        head_dropout: share of the pooled channels that training drops.
        reverse_complements: whether half of the training sequences are reverse-complemented.
        balanced: whether sequences are weighted so that all classes count the same.
        baseline: "kmer", "cnn": the models that the report compares with.
        both_directions: whether the model also reads the reverse complement; the head then has the
            states of both strands at each base, (B, L, 2D).
    """

    target: Target
    metrics: tuple[str, ...] = ()
    reading: Mapping[str, Any] = {}  # how training read its files: options of `read_labelled` by name
    options: Sequence[click.Parameter] = OPTIONS
    recipe = Recipe(learning_rate=3e-3, filter_rate=0.1, weight_decay=0.1, beta_2=0.99)

    def __init__(
        self,
        epochs: float = EPOCHS,
        pooling: str = "mean",
        head_dropout: float = 0.0,
        reverse_complements: bool = False,
        balanced: bool = False,
        baseline: tuple[str, ...] = (),
        both_directions: bool = False,
    ) -> None:
        self.epochs, self.pooling, self.head_dropout = epochs, pooling, head_dropout
        self.reverse_complements, self.balanced, self.baseline = reverse_complements, balanced, tuple(baseline)
        self.both_directions, self.passes = both_directions, 1 + both_directions
        self._splits: dict[str, LabelledSequences | None] = {}
        self._groups: dict[tuple[str, int], LengthGroups] = {}

    @abstractmethod
    def sequences(self, split: str) -> LabelledSequences | None:
        """Return the sequences and targets of a split, or None; called once for each split."""

    def split(self, name: str) -> LabelledSequences:
        """Return the sequences of a split.

        Raises:
            HyenaDNAError: there are none.
        """
        sequences = self._asked_once(name)
        if sequences is None:
            raise HyenaDNAError(f"The task {self.name} has no {name} data: choose another --split.")
        return sequences

    def has(self, split: str) -> bool:
        return self._asked_once(split) is not None

    def _asked_once(self, split: str) -> LabelledSequences | None:
        if split not in self._splits:
            self._splits[split] = self.sequences(split)
        return self._splits[split]

    @property
    def monitor(self) -> tuple[str, str]:  # type: ignore[override]
        return MONITORS[self.target.kind]

    @property
    def title(self) -> str:
        train = self.split("train")
        least, most = int(train.lengths.min()), int(train.lengths.max())
        lengths = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        return f"{self.name} ({len(train):,} sequences of {lengths} bases)"

    @property
    def epoch_rows(self) -> int:  # type: ignore[override]
        return len(self.split("train"))

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256("".join(map(self.checksum, filter(self.has, SPLITS))).encode()).hexdigest()

    def checksum(self, split: str) -> str:
        sequences, digest = self.split(split), hashlib.sha256()
        for array in (sequences.bases, sequences.ends, sequences.targets):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def state(self) -> dict[str, Any]:
        return {"target": self.target.to_json()}

    def defaults(self, max_seq_len: int, given: GivenOptions) -> TaskDefaults:
        """Return one stage as long as the longest sequence, with a validation after each epoch.

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
            HyenaDNAError: scikit-learn is not installed, the task does not measure the metric that
                it is monitored by, or `balanced` is set and the targets are not classes.
        """
        self.seq_len = seq_len
        names = [metric.name for metric in self.chosen_metrics()]
        if self.monitor[0] not in names:
            raise HyenaDNAError(
                f"{self.name} is monitored by {self.monitor[0]}, but measures {', '.join(names)}: set its monitor."
            )
        if not METRICS.keys().isdisjoint(names):
            scikit_learn("metrics")  # now, not after the first epoch
        if self.balanced:
            _ = self.class_weights
        splits = {name: self.split(name) for name in SPLITS if name == "train" or self.has(name)}
        one_sided = self.target.kind == "bases" and not self.both_directions
        return [ONE_SIDED] * one_sided + warnings_of_splits(splits, seq_len)

    def batch(self, draw: Draw) -> Batch:
        """Return rows of a split, of like length, in a new order each epoch.

        Ids are (B, L); targets (B,), (B, K) or (B, L); weights (B,) or (B, L).
        """
        sequences = self.split(draw.split)
        rows = rows_of_draw(draw, self.groups(draw.split, draw.seq_len))
        other_strand = (draw.generator().random(draw.batch_size) < 0.5) & self.reverse_complements
        batch = self.rows(sequences, rows, draw.seq_len, other_strand)
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
        return weights_of_classes(self.split("train").targets, len(self.target.names))

    def rows(
        self, sequences: LabelledSequences, rows: np.ndarray, seq_len: int, other_strand: np.ndarray | None = None
    ) -> Batch:
        """Return some rows as a batch: longer sequences are cropped to their middle."""
        return batch_of_rows(sequences, self.target, rows, seq_len, other_strand)

    def model(self, language_model: LanguageModel) -> Model:
        from hyenadna_core.model.task_model import TaskModel

        model: Model = TaskModel(language_model.backbone, self.head, self.both_directions)
        return model

    def head(self, hidden: Tensor, real: Tensor) -> Tensor:
        from hyenadna_core.model.heads import Head

        pooling = "none" if self.target.kind == "bases" else self.pooling
        return Head(len(self.target.names), pooling, self.head_dropout)(hidden, real)

    def loss(self, outputs: Tensor, targets: Tensor, weights: Tensor, label_smoothing: float = 0.0) -> Tensor:
        from hyenadna_core.model.losses import LOSSES

        return LOSSES[self.target.kind](outputs, targets, weights, label_smoothing)

    def by_row(self, model: Model, sequences: LabelledSequences) -> list[np.ndarray]:
        """Return the prediction of each row: (K,), or (L, K) at its own L bases."""
        notice_cropped(int((sequences.lengths > model.max_seq_len).sum()), len(sequences), model)
        return predictions_by_row(model, sequences, self.target, self.evaluation_bases)

    def predicted(self, model: Model, sequences: LabelledSequences) -> tuple[np.ndarray, np.ndarray]:
        """Return the predictions for all rows and their targets, as metrics take them."""
        return joined_predictions(self.by_row(model, sequences), sequences)

    def evaluate(self, model: Model, split: str) -> dict[str, float]:
        return self.figures(*self.predicted(model, self.split(split)))

    def figures(self, predicted: np.ndarray, targets: np.ndarray) -> dict[str, float]:
        """Return all metrics of the task by name, over a whole split."""
        return measure(self.chosen_metrics(), self.target.kind, predicted, targets)

    def chosen_metrics(self) -> list[Metric]:
        """Return the metrics that the task names, or all for its kind of target.

        Raises:
            PluginError: two plug-ins registered the metric that the task is monitored by.
        """
        return metrics_of_task(self.metrics, self.target.kind, self.monitor[0])

    def predictions(self, model: Model, path: Path, batch_size: int | None = None, **columns: Any) -> Iterator[Table]:
        if type(self).predict is not SequenceTask.predict:  # a subclass predicts in its own way
            return super().predictions(model, path, batch_size, **columns)
        return predicted_parts(
            model, path, self.target, self.evaluation_bases, batch_size=batch_size, shared=self.reading, **columns
        )

    def predict(self, model: Model, path: Path, **columns: Any) -> Table:
        parts = list(predicted_parts(model, path, self.target, self.evaluation_bases, shared=self.reading, **columns))
        return parts[0][0], [row for _, rows in parts for row in rows]

    def report(self, model: Model, folder: Run, config: RunSettings) -> str:
        """Compare the figures of test with those of baselines; write predictions.tsv and a picture.

        Without test data they are the figures of valid, or else of train.
        """
        from hyenadna_core.tasks.report import Measured, report

        split = "test" if self.has("test") else "valid" if self.has("valid") else "train"
        sequences = self.split(split)
        measured = Measured(config.preset, split, sequences, self.target, self.by_row(model, sequences))
        metric = next(metric for metric in self.chosen_metrics() if metric.name == self.monitor[0])
        expected = self.expected if split == "test" else {}
        return report(measured, self.figures, metric, self.baselines(split, config.seed), folder, expected)

    def baselines(self, split: str, seed: int) -> Iterator[Baseline]:
        """Fit each baseline in the options, and yield its predictions of a split."""
        if self.target.kind == "bases" or not self.has("valid"):
            if set(self.baseline) - {"none"}:
                notice("No baseline is fitted: a baseline needs valid data, and one target for each sequence.")
            return
        train, valid = self.split("train"), self.split("valid")
        if "kmer" in self.baseline:
            from hyenadna_core.evaluation.baselines import kmer_baseline

            yield kmer_baseline(train, valid, self.split(split), self.target)
        if CNN in self.baseline:
            from hyenadna_core.tasks.cnn_baseline import cnn_baseline

            def predict(model: Model) -> np.ndarray:
                return self.predicted(model, self.split(split))[0]

            yield cnn_baseline(self, len(train), len(self.target.names), predict, seed)
