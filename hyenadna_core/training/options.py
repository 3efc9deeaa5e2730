"""The options of `hyenadna train`, declared once: their names, types and defaults.

This file imports neither NumPy nor Keras, because the command reads the defaults for its help.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

from hyenadna_core.fields import OneOf, Range
from hyenadna_core.training.fold import Fold

PRECISIONS = ("float32", "bfloat16", "float16")
LOGGERS = ("tensorboard", "wandb")
PRESET = "tiny-1k"  # the architecture of a run that names neither a preset nor weights
RANDOM = "none"  # in place of a source of weights: the run starts from random ones
RECIPES = ("preset", "original")
LARGEST_SEED = 2**32 - 1  # of the random numbers of Keras
Count = Annotated[int, Range(1)]
Share = Annotated[float, Range(0, 1, open_most=True)]


@dataclass(frozen=True, kw_only=True)
class KeptOptions:
    """The options that go into run.json as they were given."""

    task: str = "causal-lm"
    seed: Annotated[int, Range(0, LARGEST_SEED)] = 0
    fold: Fold | None = None
    freeze: bool = False  # the backbone: only the head is trained
    precision: Annotated[str, OneOf(PRECISIONS)] = "float32"
    label_smoothing: Share = 0.0
    valid_every: Count | None = None  # steps
    patience: Count | None = None  # validations without an improvement
    keep: Count = 3  # checkpoints
    log_every: Count = 10  # steps
    checkpoint_every: Annotated[float, Range(0)] = 300.0  # seconds
    data_parallel: bool = False
    log_to: tuple[Annotated[str, OneOf(LOGGERS)], ...] = ()

    def settings(self) -> dict[str, Any]:
        """Return these options by name, without those of a subclass."""
        return {field.name: getattr(self, field.name) for field in fields(KeptOptions)}


@dataclass(frozen=True, kw_only=True)
class TrainOptions(KeptOptions):
    """All options of `hyenadna train` that do not belong to a task.

    None means that the option was not given: the task, the preset or the recipe decides.
    """

    preset: str | None = None
    weights: str | None = None
    stages: str | None = None
    warmup: str | None = None
    steps: Count | None = None
    batch_size: Count | None = None
    batch_bases: Count | None = None
    micro_batch: Count | None = None
    recipe: Annotated[str, OneOf(RECIPES)] = "preset"
    learning_rate: Annotated[float, Range(0, open_least=True)] | None = None
    head_learning_rate: Annotated[float, Range(0, open_least=True)] | None = None
    dropout: Share = 0.0
    rematerialise: bool = False
    out: Path | None = None

    def filled(self, **values: Any) -> "TrainOptions":
        """Return the options, with `values` for the ones that were not given."""
        return replace(self, **{name: value for name, value in values.items() if getattr(self, name) is None})

    def start(self, of_task: str | None) -> str | None:
        """Return the weights that the run starts from: these, or else those of the task; or None.

        A preset that was given means an architecture with random weights.
        """
        weights = of_task if self.weights is None and self.preset is None else self.weights
        return None if weights == RANDOM else weights

    def stage_options(self) -> dict[str, Any]:
        """Return the options that decide the stages, by name."""
        return {name: getattr(self, name) for name in ("stages", "warmup", "steps", "batch_size", "batch_bases")}

    def given(self) -> dict[str, Any]:
        """Return the options that differ from their defaults, by name, as run.json keeps them."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _as_json(value) for name, value in values.items() if value != getattr(TrainOptions, name)}


def _as_json(value: Any) -> Any:
    return str(value) if isinstance(value, (Path, Fold)) else list(value) if isinstance(value, tuple) else value


def option_names() -> set[str]:
    """Return the names of all fields of TrainOptions."""
    return {field.name for field in fields(TrainOptions)}
