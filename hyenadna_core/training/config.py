"""The configuration of a run: everything that its numbers depend on, as run.json keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hyenadna_backends.device_memory import free_memory, local_devices
from hyenadna_backends.processes import rank_and_count
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.fields import FieldError, from_json
from hyenadna_core.files.input import absolute
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.presets import Preset
from hyenadna_core.recipe import ORIGINAL, Recipe
from hyenadna_core.registry import find_preset
from hyenadna_core.task import Task
from hyenadna_core.training.option_values import options_as_json
from hyenadna_core.training.options import PRESET, Count, KeptOptions, TrainOptions
from hyenadna_core.training.origin import Origin
from hyenadna_core.training.stages import plan_micro_batches, plan_stages
from hyenadna_core.training.warmup import Stage
from hyenadna_plugins import Plugins, reason_of

POLICIES = {"float32": None, "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}  # of Keras
MEMORY_USED = 0.8  # of the free memory


@dataclass(frozen=True, kw_only=True)
class RunConfig(KeptOptions):
    """A training run with all its options decided."""

    preset: str
    model: dict[str, Any]  # arguments of the backbone
    options: dict[str, Any]  # of the task, by name; paths are absolute
    stages: tuple[Stage, ...]
    recipe: Recipe
    start: str | None = None  # the weights that the run starts from
    micro_batches: tuple[Count, ...] = ()  # sequences at a time in each stage; empty: all of a step

    @property
    def steps(self) -> int:
        """The steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    def micro_batch_of(self, stage: Stage) -> int:
        """Return how many sequences of a step in this stage are computed at a time."""
        return self.micro_batches[self.stages.index(stage)] if self.micro_batches else stage.batch_size

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as run.json keeps it; stages and the fold as text."""
        texts = {"stages": [str(stage) for stage in self.stages], "fold": None if self.fold is None else str(self.fold)}
        return asdict(self) | texts

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "RunConfig":
        """Read the configuration that `to_json` wrote, and check each of its fields.

        Raises:
            FieldError: a field is missing, is unknown or has a wrong value.
        """
        config = from_json(cls, values, "config.")
        try:
            architecture = from_json(HyenaConfig, config.model, "config.model.")
        except FieldError:
            raise
        except (HyenaDNAError, ValueError) as error:
            raise FieldError(f"config.model: {reason_of(error)}") from None
        if architecture.dtype not in POLICIES.values():
            raise FieldError(f"config.model.dtype is {architecture.dtype!r}, not that of a --precision")
        if not config.stages:
            raise FieldError("config.stages is empty")
        if longer := [stage for stage in config.stages if stage.seq_len > architecture.max_seq_len]:
            raise FieldError(f"config.stages has {longer[0]}, and the model takes {architecture.max_seq_len} bases")
        sizes = [stage.batch_size for stage in config.stages]
        for size, part in zip(sizes, config.micro_batches or sizes, strict=False):
            if size % part or len(config.micro_batches) not in (0, len(sizes)):
                raise FieldError(f"config.micro_batches is {config.micro_batches}, which does not divide {sizes}")
        return config


@dataclass(frozen=True, kw_only=True)
class RunFile:
    """The parts of run.json that a resumed or a trained run reads; it has more for people."""

    config: dict[str, Any]  # of RunConfig
    task: dict[str, Any]  # the state of the task
    data_sha256: str
    splits: dict[str, str]  # the checksum of each split
    finished: Count | None = None  # the steps of the run, once its report is written
    origin: Origin | None = None  # of the task
    wandb: str | None = None

    @classmethod
    def of(cls, run: Mapping[str, Any], folder: Path) -> tuple["RunFile", RunConfig]:
        """Check the content of a run.json; return its parts, and the configuration.

        Raises:
            HyenaDNAError: a field is missing, is unknown or has a wrong value.
        """
        try:
            file = from_json(cls, run, others=True)
            return file, RunConfig.from_json(file.config)
        except FieldError as error:
            raise edited(folder, error) from None


def edited(folder: Path, reason: Exception) -> HyenaDNAError:
    """Return the error for a run.json that somebody edited, or that another version wrote."""
    return HyenaDNAError(
        f"{folder / 'run.json'}: {reason_of(reason)}; it was edited, or another version of hyenadna wrote it: "
        f"start a new run with --weights {folder} to continue from its weights."
    )


def configure(
    plugins: Plugins, backend: str, options: TrainOptions, task: Task, task_options: Mapping[str, Any]
) -> RunConfig:
    """Decide all options of a run; `task_options` are the options that the task was made from.

    Raises:
        HyenaDNAError: options contradict each other, the preset, or the number of devices.
    """
    if options.data_parallel and backend != "jax":
        raise HyenaDNAError("--data-parallel is for JAX: with PyTorch, start one process per GPU with torchrun.")
    preset = find_preset(options.preset or PRESET, plugins=plugins)
    start = options.start(task.starts_from)
    model = _architecture(options, preset, start)
    options = options.filled(**task.defaults(model["max_seq_len"], options))
    if options.patience and not options.valid_every:
        raise HyenaDNAError("--patience counts validations: give --valid-every too.")
    asked = options.stage_options()
    if not any(asked.values()):
        asked["stages"] = preset.stages
    stages = plan_stages(model["max_seq_len"], **asked)
    devices, limit = devices_of(options.data_parallel), int(MEMORY_USED * free_memory())
    recipe = ORIGINAL if options.recipe == "original" else task.recipe or preset.recipe
    return RunConfig(
        preset=Path(start).resolve().name if start else preset.name,
        model=model,
        options=options_as_json(task.options, task_options),
        stages=tuple(stages),
        micro_batches=plan_micro_batches(
            HyenaConfig.from_arguments(model), stages, options.micro_batch, devices, limit, backend, task.passes
        ),
        recipe=with_rates(recipe, options),
        start=_source(start),
        **options.settings(),
    )


def with_rates(recipe: Recipe, options: TrainOptions) -> Recipe:
    """Return the recipe with the learning rates that were given."""
    rate = options.learning_rate or recipe.learning_rate
    head_rate = recipe.head_rate if options.head_learning_rate is None else options.head_learning_rate / rate
    return replace(recipe, learning_rate=rate, head_rate=head_rate)


def devices_of(data_parallel: bool) -> int:
    """Return how many devices share a step, in all processes."""
    return (local_devices() if data_parallel else 1) * rank_and_count()[1]


def check_devices(config: RunConfig) -> None:
    """Check that the sequences of a step divide among the devices of this machine.

    Raises:
        HyenaDNAError: they do not.
    """
    count = devices_of(config.data_parallel)
    for stage in config.stages:
        size = config.micro_batch_of(stage)
        if size % count:
            raise HyenaDNAError(
                f"This run has {size} sequences at a time in stage {stage}, which do not divide among {count} devices."
            )


def _source(weights: str | None) -> str | None:
    """Return a name or an address of weights as it is, and a path as an absolute path."""
    return str(absolute(Path(weights))) if weights and Path(weights).exists() else weights


def _architecture(options: TrainOptions, preset: Preset, start: str | None) -> dict[str, Any]:
    """Return the arguments of HyenaBackbone: those of the weights, or else of the preset."""
    architecture = dict(preset.config)
    if start:
        from hyenadna_core.weights.sources import read_weights

        architecture = dict(read_weights(start).architecture)
    return architecture | {
        "embed_dropout": options.dropout,
        "seed": options.seed,
        "rematerialise": options.rematerialise,
        "dtype": POLICIES[options.precision],
    }
