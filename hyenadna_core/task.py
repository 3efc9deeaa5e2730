"""What a task is: batches as pure functions of a draw, and a figure on the held-out part."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from hyenadna_core.errors import HyenaDNAError


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
    """Token ids (B, L), targets and their weights: (B, L) each for a task that predicts every position."""

    ids: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


class Task(ABC):
    """What a model is trained for; a plug-in registers a subclass with `register_tasks`."""

    name: str
    monitor: tuple[str, str] = ("bits", "min")  # the figure of `evaluate` by which weights are best, and its direction

    @abstractmethod
    def batch(self, draw: Draw) -> Batch:
        """The batch that `draw` names: a pure function of it."""

    def evaluate(self, model: Any, split: str) -> dict[str, float]:
        """Figures of a model on a whole split, by name.

        Raises:
            HyenaDNAError: the task has none.
        """
        raise HyenaDNAError(f"The task {self.name} has no figures for {split}: leave out --valid-every.")
