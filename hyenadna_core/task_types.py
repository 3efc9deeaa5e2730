"""What a task uses of other things: of a model, a run and the options of `hyenadna train`."""

from pathlib import Path
from typing import Any, Protocol, TypedDict

import numpy as np


class Model(Protocol):
    """A Keras model, as far as a task uses it."""

    max_seq_len: int

    def predict_on_batch(self, ids: np.ndarray, /) -> Any:
        """Return the outputs for token ids, (B, L) -> (B, ...)."""


class LanguageModel(Model, Protocol):
    """A CausalLM, as far as a task uses it."""

    backbone: Any


class Run(Protocol):
    """The folder of a run, as far as a report uses it."""

    @property
    def path(self) -> Path:
        """The folder."""

    def read_run(self) -> dict[str, Any]:
        """Return the content of run.json."""

    def write_run(self, run: dict[str, Any], /) -> None:
        """Write run.json."""

    def read_log(self) -> list[Any]:
        """Return the lines of log.tsv."""

    def read_validations(self) -> list[dict[str, float]]:
        """Return the lines of valid.tsv."""


class RunSettings(Protocol):
    """The configuration of a run, as far as a report uses it."""

    @property
    def preset(self) -> str:
        """The name of the preset or of the weights."""

    @property
    def seed(self) -> int:
        """The seed of the run."""

    @property
    def stages(self) -> tuple[Any, ...]:
        """The stages of training."""

    @property
    def start(self) -> str | None:
        """The weights that the run started from; None if they were random."""

    @property
    def freeze(self) -> bool:
        """Whether only the head was trained."""


class GivenOptions(Protocol):
    """The options of `hyenadna train`, as far as a task uses them; None if not given."""

    @property
    def stages(self) -> str | None:
        """The stages as text, such as "1024x8@100"."""

    @property
    def warmup(self) -> str | None:
        """The shortest and the longest length of the length warmup, such as "256..1024"."""

    @property
    def steps(self) -> int | None:
        """The steps of a stage."""

    @property
    def batch_size(self) -> int | None:
        """The sequences of a step."""

    @property
    def batch_bases(self) -> int | None:
        """The bases of a step."""

    @property
    def dropout(self) -> float:
        """The dropout after the embedding."""

    @property
    def rematerialise(self) -> bool:
        """Whether activations are computed again in place of being stored."""

    @property
    def data_parallel(self) -> bool:
        """Whether all devices of this machine share a step."""


class TaskDefaults(TypedDict, total=False):
    """Values for options of `hyenadna train` that are not given."""

    stages: str
    warmup: str
    steps: int
    batch_size: int
    batch_bases: int
    micro_batch: int
    learning_rate: float
    head_learning_rate: float
    valid_every: int
    patience: int
