"""A task: it makes batches from draws, and has a head on the backbone, a loss and figures."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self
from zlib import crc32

import click
import numpy as np

from hyenadna_backends.blocks import Tensor
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.intervals import SPLITS as SPLITS  # plug-ins import it from here
from hyenadna_core.recipe import Recipe
from hyenadna_core.task_types import GivenOptions as GivenOptions
from hyenadna_core.task_types import LanguageModel as LanguageModel
from hyenadna_core.task_types import Model as Model
from hyenadna_core.task_types import Run as Run
from hyenadna_core.task_types import RunSettings as RunSettings
from hyenadna_core.task_types import TaskDefaults as TaskDefaults
from hyenadna_core.terminal import tab_separated
from hyenadna_core.tokens import A, T


@dataclass(frozen=True)
class Draw:
    """The name of a batch. The same draw gives the same batch in any process, on any backend."""

    split: str
    step: int
    seq_len: int
    batch_size: int
    seed: int

    def generator(self) -> np.random.Generator:
        """Return the random numbers of this draw. No other draw has the same."""
        return np.random.default_rng([self.seed, crc32(self.split.encode()), self.step])


class Batch(NamedTuple):
    """Token ids (B, L), targets and their weights; the first axis of each counts sequences.

    A task of pairs has ids (B, 2, L), with the targets and weights of whole sequences.
    A task that predicts every position has targets and weights (B, L). A task that predicts whole
    sequences has targets (B,) or (B, K), and weights (B,).
    """

    ids: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


@contextmanager
def no_exit(name: str) -> Iterator[None]:
    """Turn a SystemExit in the code of a task into an error: a task does not end the command.

    Raises:
        HyenaDNAError: the task called sys.exit.
    """
    try:
        yield
    except (SystemExit, GeneratorExit) as error:
        raise HyenaDNAError(f"The task {name} ended the command with {type(error).__name__}({error}).") from error


def number_of_targets(batch: Batch) -> float:
    """Count the targets with a weight above zero, by which the loss is divided.

    It is not the sum of the weights, so rare classes keep a weight above one.
    """
    return max(1.0, float(np.count_nonzero(batch.weights)))


def next_base_batch(windows: np.ndarray) -> Batch:
    """Return windows of token ids, (B, L + 1), as inputs and targets (B, L).

    Only A, C, G and T count in the loss.
    """
    targets = windows[:, 1:]
    return Batch(windows[:, :-1], targets, ((targets >= A) & (targets <= T)).astype(np.float32))


class Task(ABC):
    """A purpose to train a model for; a plug-in registers a subclass with `register_tasks`.

    A subclass has a `name` and makes batches. Most tasks have sequences with one target each. They
    are written as a SequenceTask, which has a head, a loss, metrics and a report.
    """

    name: str
    options: Sequence[click.Parameter] = ()  # of `hyenadna train --task NAME`
    monitor: tuple[str, str] = ("bits", "min")  # the figure that chooses the best weights
    recipe: Recipe | None = None  # used in place of the recipe of the preset
    starts_from: str | None = None  # weights; a run starts from these if it has neither --weights nor --preset
    expected: Mapping[str, tuple[float, float]] = {}  # ranges for figures of the test split
    seq_len: int = 0  # of the longest stage; `prepare` sets it
    evaluation_bases = 1 << 13  # of a batch when a split is measured
    caution: str = ""  # what is wrong with the figures: said when a run starts, in its report and by `evaluate`
    no_validation = "it has no valid data"  # the reason that an error message gives
    passes = 1  # how many times the model reads each sequence, for the estimate of memory
    pairs = False  # whether a row has two sequences: ids (B, 2, L); such a task has passes = 2
    shared_front = 0  # how many vectors of `embed` come first and are the same in all rows
    in_bits = False  # whether the loss is in nats per base, shown in bits
    epoch_rows = 0  # training sequences in an epoch; 0 if training has no epochs

    @classmethod
    def class_of(cls, options: Mapping[str, Any]) -> "type[Task]":
        """Return the class of the task with these options; by default this class.

        A task that some options leave without training steps returns a FittedTask for them.
        """
        return cls

    @classmethod
    def from_options(cls, options: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> Self:
        """Return the task with the values of its options by name; some may be missing.

        `state` is the result of `state()` when the model was trained. With it, a trained model is
        used, and the training data may be missing.
        """
        return cls(**options)

    def state(self) -> dict[str, Any]:
        """Return the facts that a trained model needs of its task, such as the names of classes."""
        return {}

    @property
    def sha256(self) -> str:
        """The checksum of all data that training reads; a run cannot be resumed with other data."""
        return ""

    def checksum(self, split: str) -> str:
        """Return the SHA-256 of the data of a split; empty if it is not known."""
        return self.sha256

    @property
    def whole_sha256(self) -> str:
        """The checksum of all data before they were divided into folds: the same for each fold."""
        return self.sha256

    def fold(self, number: int, of: int) -> Self:
        """Return this task with part `number` of `of` parts of its training rows to validate on.

        Parts count from 1. The other parts are the training split, and test stays. The parts of one
        `of` are disjoint and hold all rows, whatever the seed and the backend. The task itself does
        not change.

        Raises:
            HyenaDNAError: the task has no folds.
        """
        raise HyenaDNAError(f"The task {self.name} has no folds: leave out --fold.")

    @property
    def title(self) -> str:
        """The name of the data, for the first line of a run."""
        return self.name

    def defaults(self, max_seq_len: int, given: GivenOptions) -> TaskDefaults:
        """Return values for options of `hyenadna train` that are not given, such as stages."""
        return {}

    def prepare(self, seq_len: int) -> list[str]:
        """Set the longest window of a run, and return sentences that the user should read.

        Raises:
            HyenaDNAError: the task cannot be trained with these data or options.
        """
        self.seq_len = seq_len
        return []

    def has(self, split: str) -> bool:
        """Return whether a split has data: "train", "valid" or "test"."""
        return split == "train"

    @abstractmethod
    def batch(self, draw: Draw) -> Batch:
        """Return the batch that `draw` names. The same draw must give the same batch."""

    def padded_lengths(self, seq_len: int) -> Sequence[int]:
        """Return the few lengths, ascending, to which training may shorten padded sequences.

        `seq_len` is that of the stage. Without lengths, all sequences of a batch keep its length.
        """
        return ()

    def model(self, language_model: LanguageModel) -> Model:
        """Make the Keras model to train: by default the backbone with the head of this task."""
        from hyenadna_core.model.task_model import TaskModel

        model: Model = TaskModel(
            language_model.backbone, self.head, embed=self.embed, pairs=self.pairs, shared_front=self.shared_front
        )
        return model

    def embed(self, ids: Tensor, embedded: Tensor) -> Tensor:
        """Make the input of the blocks: (B, L), (B, L, D) -> (B, P + L, D).

        It may put P new vectors in front. The head has the states of the L ids.
        """
        return embedded

    def trained_part(self, model: Any) -> Sequence[Any] | None:
        """Return the layers that are trained, such as [model.embed, model.head]; None means all.

        The rest is frozen and keeps every byte.
        """
        return None

    def head(self, hidden: Tensor, real: Tensor) -> Tensor:
        """Compute outputs from hidden (B, L, D); real (B, L) is false at padding.

        A task of pairs has `head(self, hidden_a, hidden_b, real_a, real_b)`.
        """
        raise HyenaDNAError(f"The task {self.name} has neither a head nor a model: its plug-in must have one of them.")

    def loss(self, outputs: Tensor, targets: Tensor, weights: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """Compute the weighted sum of the losses of a batch, in the backend's arrays: a scalar."""
        from hyenadna_core.model.losses import cross_entropy

        return cross_entropy(outputs, targets, weights, label_smoothing)

    def evaluate(self, model: Model, split: str) -> dict[str, float]:
        """Measure a model on a whole split, never averaged over batches; return figures by name.

        Raises:
            HyenaDNAError: the task has no figures.
        """
        raise HyenaDNAError(f"The task {self.name} measures nothing on {split}: train it without --valid-every.")

    def predictions(
        self, model: Model, path: Path, batch_size: int | None = None, **columns: Any
    ) -> Iterator[tuple[list[str], list[list[Any]]]]:
        """Predict the sequences in a file in parts with the same columns; by default in one.

        Raises:
            HyenaDNAError: as in `predict`; or the task does not take a `batch_size`.
        """
        if batch_size is not None:
            raise HyenaDNAError(f"The task {self.name} chooses how many sequences it reads: leave out --batch-size.")
        yield self.predict(model, path, **columns)

    def predict(self, model: Model, path: Path, **columns: Any) -> tuple[list[str], list[list[Any]]]:
        """Predict the sequences in a file: return names of columns, and a row for each sequence.

        `columns` has sequence_column (a tuple of two for pairs) and fasta, and name_column if it is
        given.

        Raises:
            HyenaDNAError: the task does not predict, or the file cannot be read.
        """
        raise HyenaDNAError(f"The task {self.name} does not predict new sequences: use `hyenadna evaluate`.")

    def report(self, model: Model, folder: Run, config: RunSettings) -> str:
        """Measure a trained model on test, write run.json, and return a text to print."""
        if not self.has("test"):
            return ""
        figures = self.evaluate(model, "test")
        folder.write_run(folder.read_run() | {"test": figures})
        return tab_separated((name, f"{value:.4f}") for name, value in figures.items())
