"""The configuration of a run: everything that its numbers depend on, as run.json keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hyenadna_backends.device_memory import free_memory, local_devices
from hyenadna_backends.processes import rank_and_count
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.input import absolute
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.presets import Preset
from hyenadna_core.recipe import ORIGINAL, Recipe
from hyenadna_core.registry import find_preset, find_task
from hyenadna_core.task import Task
from hyenadna_core.training.options import KeptOptions, TrainOptions
from hyenadna_core.training.stages import plan_micro_batches, plan_stages
from hyenadna_core.training.warmup import Stage
from hyenadna_plugins import Plugins, reason_of

POLICIES = {"float32": None, "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}  # of Keras
MEMORY_USED = 0.8  # of the free memory
RUN_PARTS = {"config": dict, "task": dict, "data_sha256": str, "splits": dict}  # of run.json


@dataclass(frozen=True, kw_only=True)
class RunConfig(KeptOptions):
    """A training run with all its options decided."""

    preset: str
    model: dict[str, Any]  # arguments of the backbone
    options: dict[str, Any]  # of the task, by name; paths are absolute
    stages: tuple[Stage, ...]
    recipe: Recipe
    start: str | None = None  # the weights that the run starts from
    micro_batches: tuple[int, ...] = ()  # sequences at a time in each stage; empty: all of a step

    @property
    def steps(self) -> int:
        """The steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    def micro_batch_of(self, stage: Stage) -> int:
        """Return how many sequences of a step in this stage are computed at a time."""
        return self.micro_batches[self.stages.index(stage)] if self.micro_batches else stage.batch_size

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as run.json keeps it; stages as text."""
        return asdict(self) | {"stages": [str(stage) for stage in self.stages]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "RunConfig":
        """Read the configuration that `to_json` wrote.

        Raises:
            HyenaDNAError: another version of hyenadna wrote it.
        """
        try:
            HyenaConfig.from_arguments(values["model"])
            stages = tuple(Stage(*(int(n) for n in text.replace("@", "x").split("x"))) for text in values["stages"])
            tuples = {name: tuple(values[name]) for name in ("micro_batches", "log_to")}
            config = cls(**{**values, **tuples, "stages": stages, "recipe": Recipe(**values["recipe"])})
            if not stages:
                raise ValueError("no stages")
            return config
        except (AttributeError, HyenaDNAError, LookupError, TypeError, ValueError) as error:
            raise other_version(error) from None

    @classmethod
    def of_run(cls, run: Mapping[str, Any]) -> "RunConfig":
        """Check the parts of a run.json, and read its configuration.

        Raises:
            HyenaDNAError: another version of hyenadna wrote it.
        """
        for name, kind in RUN_PARTS.items():
            if not isinstance(run.get(name), kind):
                raise other_version(f"{name} is missing or has another type")
        return cls.from_json(run["config"])


def other_version(reason: object) -> HyenaDNAError:
    """Return the error for a run.json that another version of hyenadna wrote."""
    return HyenaDNAError(
        f"run.json was written by another version of hyenadna ({reason_of(Exception(reason))}): "
        "start a new run with --weights RUN to continue from its weights."
    )


def task_of_run(plugins: Plugins, config: RunConfig, state: Mapping[str, Any] | None = None) -> Task:
    """Return the task of a run; `state` is the one that the trained model knows.

    Raises:
        HyenaDNAError: the task is unknown, or its options or its state are of another version.
    """
    task_class = find_task(plugins, config.task)
    try:
        task: Task = task_class.from_options(config.options, state)
    except (AttributeError, LookupError, TypeError) as error:
        raise other_version(error) from error
    return task


def configure(
    plugins: Plugins, backend: str, options: TrainOptions, task: Task, task_options: Mapping[str, Any]
) -> RunConfig:
    """Decide all options of a run; `task_options` are the options that the task was made from.

    Raises:
        HyenaDNAError: options contradict each other, the preset, or the number of devices.
    """
    if options.data_parallel and backend != "jax":
        raise HyenaDNAError("--data-parallel is for JAX: with PyTorch, start one process per GPU with torchrun.")
    preset = find_preset(options.preset, plugins=plugins)
    model = _architecture(options, preset)
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
        preset=Path(options.weights).resolve().name if options.weights else preset.name,
        model=model,
        options={name: _as_json(value) for name, value in task_options.items()},
        stages=tuple(stages),
        micro_batches=plan_micro_batches(
            HyenaConfig.from_arguments(model), stages, options.micro_batch, devices, limit, backend, task.passes
        ),
        recipe=replace(recipe, learning_rate=options.learning_rate or recipe.learning_rate),
        start=_source(options.weights),
        **options.settings(),
    )


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


def _as_json(value: Any) -> Any:
    """Return the value of a task's option as run.json keeps it, with absolute paths."""
    if isinstance(value, tuple):
        return [_as_json(one) for one in value]
    return _absolute(value) if isinstance(value, Path) else value


def _absolute(path: str | Path) -> str:
    """Make a path absolute, so that a run can be resumed from another folder."""
    return str(absolute(Path(path)))


def _source(weights: str | None) -> str | None:
    """Return a name or an address of weights as it is, and a path as an absolute path."""
    return _absolute(weights) if weights and Path(weights).exists() else weights


def _architecture(options: TrainOptions, preset: Preset) -> dict[str, Any]:
    """Return the arguments of HyenaBackbone: those of the weights, or else of the preset."""
    architecture = dict(preset.config)
    if options.weights:
        from hyenadna_core.weights.sources import read_weights

        architecture = dict(read_weights(options.weights).architecture)
    return architecture | {
        "embed_dropout": options.dropout,
        "seed": options.seed,
        "rematerialise": options.rematerialise,
        "dtype": POLICIES[options.precision],
    }
