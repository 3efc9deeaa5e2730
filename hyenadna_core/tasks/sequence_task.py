"""A task whose data are sequences with a target each: classes, labels, quantities, or a class at every base."""

import hashlib
import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import click
import numpy as np

from hyenadna_backends.processes import rank_and_count
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.evaluation.metrics import METRICS, Metric, measure, scikit_learn
from hyenadna_core.evaluation.predictions import activated, prediction_rows
from hyenadna_core.labelled.sequences import LabelledSequences
from hyenadna_core.labelled.targets import Target, standardised
from hyenadna_core.recipe import Recipe
from hyenadna_core.task import SPLITS, Batch, Draw, Task
from hyenadna_core.terminal import notice, progress
from hyenadna_core.tokens import COMPLEMENT, PAD, TO_ID, UNK
from hyenadna_core.training.warmup import parse_stages
from hyenadna_plugins import PluginError, Registered, collect, plugin_manager

CNN = "cnn"
EPOCHS, BATCH_SIZE = 20, 64
MONITORS = {"classes": ("mcc", "max"), "bases": ("mcc", "max"), "labels": ("auroc", "max"), "regression": ("r2", "max")}
OPTIONS = (
    click.Option(
        ["--epochs"],
        type=click.FloatRange(min=0, min_open=True),
        default=EPOCHS,
        show_default=True,
        help="How often each training sequence is seen, where neither --steps nor --stages say.",
    ),
    click.Option(
        ["--pooling"],
        type=click.Choice(["mean", "last", "first", "max"]),
        default="mean",
        show_default=True,
        help="How the hidden states of a sequence become one.",
    ),
    click.Option(["--head-dropout"], type=click.FloatRange(0, 1, max_open=True), default=0.0, show_default=True),
    click.Option(
        ["--reverse-complements/--forward-only"],
        default=False,
        show_default=True,
        help="Read half of the training sequences, by draw, from the other strand, where the target is that of both.",
    ),
    click.Option(
        ["--balanced"],
        is_flag=True,
        help="Weight training sequences so that all classes count the same, however rare.",
    ),
    click.Option(
        ["--baseline"],
        type=click.Choice(["kmer", CNN, "none"]),
        multiple=True,
        default=("kmer",),
        show_default=True,
        help="What the model is compared with on the same splits; may be repeated.",
    ),
)


class SequenceTask(Task):
    """Sequences with a target each.

    A subclass has a `name`, a `target`, and `sequences(split)`; for a head of its own it has `head(hidden, real)`.
    `metrics` names the metrics to measure by, all of those of the target's kind where it is empty.

    Args:
        epochs: how often each training sequence is seen.
        pooling: "mean", "last", "first" or "max" (heads.py).
        head_dropout: of the pooled channels, in training.
        reverse_complements: read half of the training sequences from the other strand.
        balanced: weight sequences so that all classes count the same.
        baseline: "kmer", "cnn": what the report compares with.
    """

    target: Target
    metrics: tuple[str, ...] = ()
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
    ) -> None:
        self.epochs, self.pooling, self.head_dropout = epochs, pooling, head_dropout
        self.reverse_complements, self.balanced, self.baseline = reverse_complements, balanced, tuple(baseline)
        self._splits: dict[str, LabelledSequences | None] = {}

    @abstractmethod
    def sequences(self, split: str) -> LabelledSequences | None:
        """The sequences of a split with their targets; None where there are none. Asked once."""

    def split(self, name: str) -> LabelledSequences:
        """The sequences of a split.

        Raises:
            HyenaDNAError: there are none.
        """
        if not self.has(name):
            raise HyenaDNAError(f"The task {self.name} has no {name} data.")
        found: LabelledSequences = self._splits[name]  # type: ignore[assignment]
        return found

    def has(self, split: str) -> bool:
        if split not in self._splits:
            self._splits[split] = self.sequences(split)
        return self._splits[split] is not None

    @property
    def monitor(self) -> tuple[str, str]:  # type: ignore[override]
        return MONITORS[self.target.kind]

    @property
    def title(self) -> str:
        train = self.split("train")
        return f"{self.name} ({len(train):,} sequences of {_range(train.lengths)} bases)"

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256("".join(map(self.checksum, filter(self.has, SPLITS))).encode()).hexdigest()

    def checksum(self, split: str) -> str:
        found, digest = self.split(split), hashlib.sha256()
        for array in (found.bases, found.ends, found.targets):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def state(self) -> dict[str, Any]:
        return {"target": self.target.to_json()}

    def defaults(self, max_seq_len: int, given: Mapping[str, Any]) -> dict[str, Any]:
        """One stage as long as the longest sequence, for as many epochs as asked; a validation at the end of each.

        Raises:
            HyenaDNAError: the CNN cannot be trained in several processes or on several devices.
        """
        if CNN in self.baseline and (given.get("data_parallel") or rank_and_count()[1] > 1):
            raise HyenaDNAError(f"--baseline {CNN} is trained on one device: leave it out here.")
        train, found = self.split("train"), dict[str, Any]()
        longest = min(int(train.lengths.max()), max_seq_len)
        batch_size = given["batch_size"] or min(BATCH_SIZE, len(train))
        if given["batch_bases"] and not given["batch_size"]:
            batch_size = max(1, given["batch_bases"] // longest)
        steps = given["steps"] or math.ceil(self.epochs * len(train) / batch_size)
        if given["stages"]:
            batch_size = max(stage.batch_size for stage in parse_stages(given["stages"], batch_size, steps))
        elif given["warmup"]:
            found |= {"steps": steps} | ({} if given["batch_bases"] else {"batch_size": batch_size})
        else:
            found["stages"] = f"{longest}x{batch_size}@{steps}"
        return found | ({"valid_every": math.ceil(len(train) / batch_size)} if self.has("valid") else {})

    def prepare(self, seq_len: int) -> list[str]:
        """Train on at most `seq_len` bases of each sequence from now on; what the user should know of the data.

        Raises:
            HyenaDNAError: scikit-learn is not installed, or the task is monitored or weighted by what it has not.
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
        train, said = self.split("train"), []
        if longer := int((train.lengths > seq_len).sum()):
            said.append(
                f"{longer:,} of {len(train):,} train sequences are longer than the longest stage, {seq_len:,} bases: "
                "their middle is trained on."
            )
        for name in filter(self.has, SPLITS):
            said += unknown_characters(self.split(name), name)
        known = set(_digests(train))
        for name in filter(self.has, SPLITS[1:]):
            if repeated := sum(digest in known for digest in _digests(self.split(name))):
                said.append(f"{repeated:,} {name} sequences are among the training sequences too.")
        return said

    def batch(self, draw: Draw) -> Batch:
        """Rows of a split in an order of their own each epoch: (B, L) ids; (B,), (B, K) or (B, L) targets; weights."""
        found = self.split(draw.split)
        positions = draw.step * draw.batch_size + np.arange(draw.batch_size)
        rows = [
            order(draw.seed, draw.split, int(epoch), len(found))[place]
            for epoch, place in zip(*np.divmod(positions, len(found)), strict=True)
        ]
        other = (draw.generator().random(draw.batch_size) < 0.5) & self.reverse_complements
        batch = self.rows(found, np.array(rows), draw.seq_len, other)
        return batch._replace(weights=batch.weights * self.class_weights[batch.targets]) if self.balanced else batch

    @cached_property
    def class_weights(self) -> np.ndarray:
        """The weight of each class, (K,), with which all count the same: rows over classes times their rows.

        Raises:
            HyenaDNAError: the target has no classes.
        """
        if self.target.kind != "classes":
            raise HyenaDNAError(f"--balanced weights classes, and the target is {self.target.kind}: leave it out.")
        counts = np.bincount(self.split("train").targets, minlength=len(self.target.names))
        return np.asarray(counts.sum() / (len(counts) * np.maximum(counts, 1)), np.float32)

    def rows(
        self, found: LabelledSequences, rows: np.ndarray, seq_len: int, other_strand: np.ndarray | None = None
    ) -> Batch:
        """Some rows as a batch: the middle of what is longer than seq_len, padding on the right of what is shorter."""
        of_bases = self.target.kind == "bases"
        ids = np.full((len(rows), seq_len), PAD, np.int32)
        targets, weights = [], np.ones(len(rows), np.float32)
        if of_bases:
            targets_of_bases, weights = np.zeros_like(ids), np.zeros(ids.shape, np.float32)
        for place, row in enumerate(rows):
            bases = TO_ID["default"][found[row]]
            cut = slice(start := max(0, (len(bases) - seq_len) // 2), start + seq_len)
            turned = slice(None, None, -1 if other_strand is not None and other_strand[place] else 1)
            bases = bases[cut][turned]
            ids[place, : len(bases)] = bases if turned.step == 1 else COMPLEMENT[bases]
            if of_bases:
                labels = found.target(row)[cut][turned]
                weights[place, : len(bases)] = labels >= 0
                targets_of_bases[place, : len(bases)] = np.maximum(labels, 0)
            else:
                targets.append(found.target(row))
        if of_bases:
            return Batch(ids, targets_of_bases, weights)
        values = np.array(targets)
        if self.target.kind == "regression":
            values = standardised(values, self.target)
        return Batch(ids, values.astype(np.int32 if self.target.kind == "classes" else np.float32), weights)

    def head(self, hidden: Any, real: Any) -> Any:
        from hyenadna_core.model.heads import Head

        pooling = "none" if self.target.kind == "bases" else self.pooling
        return Head(len(self.target.names), pooling, self.head_dropout)(hidden, real)

    def loss(self, outputs: Any, targets: Any, weights: Any, label_smoothing: float = 0.0) -> Any:
        from hyenadna_core.model.losses import LOSSES

        return LOSSES[self.target.kind](outputs, targets, weights, label_smoothing)

    def by_row(self, model: Any, found: LabelledSequences) -> Iterator[np.ndarray]:
        """What a model predicts of each row: probabilities or values (K,), or (L, K) at its own L bases.

        Of a sequence that is longer than the model takes, the middle is looked at: bases outside of it are nan.
        """
        longest = int(found.lengths.max())
        seq_len = min(longest, model.max_seq_len)
        if longest > seq_len:
            longer = int((found.lengths > seq_len).sum())
            notice(f"{longer:,} of {len(found):,} sequences are longer than this model takes: their middle is taken.")
        size = max(1, min(self.evaluation_bases // seq_len, len(found)))
        with progress("Predicting", len(found)) as advance:
            for first in range(0, len(found), size):
                rows = np.arange(first, min(first + size, len(found)))
                last_ones = np.resize(rows, size)  # a batch that is not full has rows twice
                batch = self.rows(found, last_ones, seq_len)
                outputs = activated(model.predict_on_batch(batch.ids), self.target)
                for row, output in zip(rows, outputs, strict=False):
                    yield self._of_its_bases(output, int(found.lengths[row])) if found.of_bases else output
                advance(len(rows))

    def _of_its_bases(self, output: np.ndarray, length: int) -> np.ndarray:
        whole = np.full((length, output.shape[-1]), np.nan)
        start = max(0, (length - len(output)) // 2)
        whole[start : start + len(output)] = output[:length]
        return whole

    def predicted(self, model: Any, found: LabelledSequences) -> tuple[np.ndarray, np.ndarray]:
        """What a model predicts of all rows, and their targets, as metrics take them (metrics.py)."""
        return self.as_measured(list(self.by_row(model, found)), found)

    def as_measured(self, rows: Sequence[np.ndarray], found: LabelledSequences) -> tuple[np.ndarray, np.ndarray]:
        """Predictions by row and the rows' targets, joined; without the bases that have no label or were not seen."""
        if not found.of_bases:
            return np.stack(rows), found.targets
        predicted = np.concatenate(rows)
        seen = (found.targets >= 0) & np.isfinite(predicted[:, 0])
        return predicted[seen], found.targets[seen]

    def evaluate(self, model: Any, split: str) -> dict[str, float]:
        return self.figures(*self.predicted(model, self.split(split)))

    def figures(self, predicted: np.ndarray, targets: np.ndarray) -> dict[str, float]:
        """All metrics of the task, over a whole split."""
        return measure(self.chosen_metrics(), self.target.kind, predicted, targets)

    def chosen_metrics(self) -> list[Metric]:
        """The metrics that the task names, or all that are registered for targets of its kind.

        Raises:
            PluginError: two plug-ins registered the one that the task is monitored by.
        """
        from hyenadna_core.registry import by_name

        registered = _registered_metrics()
        if self.metrics:
            return [by_name(registered, name, "metric") for name in self.metrics]
        if self.monitor[0] in registered.taken:
            raise PluginError(registered.clash(self.monitor[0]))
        return [metric for metric, _ in registered.values() if self.target.kind in metric.kinds]

    def predict(self, model: Any, path: Path, **columns: Any) -> tuple[list[str], list[list[Any]]]:
        from hyenadna_core.labelled.files import read_labelled

        records = read_labelled(path, needs_labels=False, **columns)
        for reason, count in records.left_out.items():
            notice(f"{count:,} rows of {path} were left out: {reason}.")
        found = LabelledSequences.of(records.sequences, _no_targets(self.target, records.sequences), records.names)
        for sentence in unknown_characters(found, path.name):
            notice(sentence)
        return prediction_rows(self.target, zip(found.names, self.by_row(model, found), strict=True))

    def report(self, model: Any, folder: Any, config: Any) -> str:
        """The figures of the test split, beside those of baselines; predictions.tsv and a picture in the folder."""
        from hyenadna_core.tasks.report import report

        return report(self, model, folder, config)


@lru_cache(maxsize=8)
def order(seed: int, split: str, epoch: int, size: int) -> np.ndarray:
    """The order in which the rows of a split come in an epoch."""
    return Draw(split, epoch, 0, 0, seed).generator().permutation(size)


def _range(lengths: np.ndarray) -> str:
    least, most = int(lengths.min()), int(lengths.max())
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def unknown_characters(found: LabelledSequences, name: str) -> list[str]:
    """A sentence that counts the characters that are no bases, where there are some."""
    unknown = int(np.count_nonzero(TO_ID["default"][found.bases] == UNK))
    return (
        [f"{unknown:,} of {len(found.bases):,} characters of {name} are no bases and became [UNK]."] if unknown else []
    )


@lru_cache(maxsize=1)
def _registered_metrics() -> Registered:
    return collect(plugin_manager(), "register_metrics")


def _digests(found: LabelledSequences) -> Iterator[bytes]:
    for row in range(len(found)):
        yield hashlib.blake2b(found[row].tobytes().upper(), digest_size=12).digest()


def _no_targets(target: Target, sequences: list[bytes]) -> np.ndarray:
    if target.kind == "bases":
        return np.full(sum(map(len, sequences)), -1, np.int32)
    if target.kind == "classes":
        return np.zeros(len(sequences), np.int32)
    return np.zeros((len(sequences), len(target.names)), np.float32)
