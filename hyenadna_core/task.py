"""What a task is: data as batches that are pure functions of a draw, a head on the backbone, a loss, and figures."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import click
import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.recipe import Recipe

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Draw:
    """The name of a batch: the same draw is the same batch, in any process, on any backend."""

    split: str
    step: int
    seq_len: int
    batch_size: int
    seed: int

    def generator(self) -> np.random.Generator:
        """Random numbers that belong to this draw alone."""
        return np.random.default_rng([self.seed, crc32(self.split.encode()), self.step])


class Batch(NamedTuple):
    """Token ids (B, L), targets and their weights; the first axis of each counts sequences.

    Targets and weights are (B, L) each for a task that predicts every position, (B,) or (B, K) and (B,) for one that
    predicts something of whole sequences.
    """

    ids: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


def number_of_targets(batch: Batch) -> float:
    """Targets that bear weight, by which the loss is divided: so rare classes keep a weight above one."""
    return max(1.0, float(np.count_nonzero(batch.weights)))


class Task(ABC):
    """What a model is trained for; a plug-in registers a subclass with `register_tasks`.

    A subclass has a `name` and makes batches. Most tasks have sequences with a target each and are written as a
    SequenceTask (sequence_task.py), which brings head, loss, metrics and report.
    """

    name: str
    options: Sequence[click.Parameter] = ()  # of `hyenadna train --task NAME`; their values make the task
    monitor: tuple[str, str] = ("bits", "min")  # the figure of `evaluate` by which weights are best, and its direction
    recipe: Recipe | None = None  # how it is trained where the preset's is not meant
    expected: Mapping[str, tuple[float, float]] = {}  # by figure of the test split, the range it should end in
    seq_len: int = 0  # of the longest stage, once `begin` was told
    evaluation_bases = 1 << 13  # of a batch where a split is measured
    no_validation = "it has no valid data"  # what to say where --valid-every finds none
    in_bits = False  # whether the loss is nats per base, which people read as bits and perplexity

    @classmethod
    def from_options(cls, options: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> "Task":
        """The task with the values of its options by name, some of which may be missing.

        `state` is what `state()` was when the model was trained: with it, a trained model is used, and no training data
        need be there.
        """
        return cls(**options)

    def state(self) -> dict[str, Any]:
        """What a trained model must know of the task to be used, for run.json: names of classes and the like."""
        return {}

    @property
    def sha256(self) -> str:
        """Of all data that training reads: a run is not continued on others."""
        return ""

    def checksum(self, split: str) -> str:
        """SHA-256 of the data that a split is measured on; empty where nobody knows."""
        return self.sha256

    @property
    def title(self) -> str:
        """What the data are, for the line that says that training begins."""
        return self.name

    def defaults(self, max_seq_len: int, given: Mapping[str, Any]) -> dict[str, Any]:
        """Options of `hyenadna train` that the task would choose, such as stages, where they are not given."""
        return {}

    def prepare(self, seq_len: int) -> list[str]:
        """Told before a run what its longest sequences will be; sentences that the user should read.

        Raises:
            HyenaDNAError: the task cannot be trained so.
        """
        self.seq_len = seq_len
        return []

    def has(self, split: str) -> bool:
        """Whether there is data in a split: "train", "valid" or "test"."""
        return split == "train"

    @abstractmethod
    def batch(self, draw: Draw) -> Batch:
        """The batch that `draw` names: a pure function of it."""

    def model(self, language_model: Any) -> Any:
        """The Keras model to train, made from a CausalLM: by default its backbone with this task's head."""
        from hyenadna_core.model.task_model import TaskModel

        return TaskModel(language_model.backbone, self.head)

    def head(self, hidden: Any, real: Any) -> Any:
        """Outputs of hidden states (B, L, D) by Keras layers; real (B, L) is false at padding."""
        raise HyenaDNAError(f"The task {self.name} has neither a head nor a model: its plug-in must write one.")

    def loss(self, outputs: Any, targets: Any, weights: Any, label_smoothing: float = 0.0) -> Any:
        """The weighted sum of the losses of a batch, in the backend's arrays: a scalar."""
        from hyenadna_core.model.losses import cross_entropy

        return cross_entropy(outputs, targets, weights, label_smoothing)

    def evaluate(self, model: Any, split: str) -> dict[str, float]:
        """Figures of a model on a whole split, by name; never averaged over batches.

        Raises:
            HyenaDNAError: the task has none.
        """
        raise HyenaDNAError(f"The task {self.name} measures nothing on {split}: train it without --valid-every.")

    def predict(self, model: Any, path: Path, **columns: Any) -> tuple[list[str], list[list[Any]]]:
        """What a trained model says of the sequences in a file: the names of columns, and a row for each sequence.

        Raises:
            HyenaDNAError: the task predicts nothing, or the file cannot be read.
        """
        raise HyenaDNAError(f"The task {self.name} predicts nothing of new sequences.")

    def report(self, model: Any, folder: Any, config: Any) -> str:
        """What is printed when a run ends, and kept in its folder; by default the figures of the test split."""
        if not self.has("test"):
            return ""
        figures = self.evaluate(model, "test")
        folder.write_run(folder.read_run() | {"test": figures})
        return "\n".join(f"{name}\t{value:.4f}" for name, value in figures.items())
