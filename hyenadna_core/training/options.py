"""From the options of `hyenadna train` to all that the numbers of a run depend on."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hyenadna_backends.device_memory import free_memory, local_devices
from hyenadna_backends.processes import rank_and_count
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.model.memory import full_architecture
from hyenadna_core.recipe import ORIGINAL
from hyenadna_core.registry import by_name
from hyenadna_core.task import Task
from hyenadna_core.training.config import RunConfig, absolute
from hyenadna_core.training.plan import plan_micro_batches, plan_stages
from hyenadna_plugins import collect

PRECISIONS = {"float32": None, "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}  # the policies of Keras
MEMORY_USED = 0.8  # of what is free
AS_THEY_ARE = (
    *("task", "precision", "seed", "label_smoothing", "valid_every", "patience", "keep", "freeze"),
    *("log_every", "checkpoint_every", "data_parallel", "log_to"),
)


def configure(session, options: Mapping[str, Any], task: Task, of_task: Mapping[str, Any]) -> RunConfig:
    """The configuration of a run; `of_task` are those of the options that the task was made from.

    Raises:
        HyenaDNAError: options that contradict each other, the preset, or the number of devices.
    """
    _check(session.backend.name, options)
    chosen = by_name(collect(session.plugins, "register_presets"), options["preset"], "preset", prefix="hyenadna-")
    model = _architecture(options, chosen)
    options = dict(options)
    for name, value in task.defaults(model["max_seq_len"], options).items():
        options[name] = value if options[name] is None else options[name]
    if options["patience"] and not options["valid_every"]:
        raise HyenaDNAError("--patience counts validations: give --valid-every too.")
    asked = {name: options[name] for name in ("stages", "warmup", "steps", "batch_size", "batch_bases")}
    if not any(asked.values()):
        asked["stages"] = chosen.stages
    stages = plan_stages(model["max_seq_len"], **asked)
    devices, limit = devices_of(options["data_parallel"]), int(MEMORY_USED * free_memory())
    recipe = ORIGINAL if options["recipe"] == "original" else task.recipe or chosen.recipe
    return RunConfig(
        preset=Path(options["weights"]).resolve().name if options["weights"] else chosen.name,
        model=model,
        options={name: _as_json(value) for name, value in of_task.items()},
        stages=tuple(stages),
        micro_batches=plan_micro_batches(
            full_architecture(model), stages, options["micro_batch"], devices, limit, session.backend.name
        ),
        recipe=replace(recipe, learning_rate=options["learning_rate"] or recipe.learning_rate),
        start=_source(options["weights"]),
        **{name: options[name] for name in AS_THEY_ARE},
    )


def _as_json(value: Any) -> Any:
    """The value of an option as run.json keeps it; paths are absolute, so that a run can be resumed from elsewhere."""
    if isinstance(value, tuple):
        return [_as_json(one) for one in value]
    return absolute(value) if isinstance(value, Path) else value


def devices_of(data_parallel: bool) -> int:
    """How many devices share a step, in all processes."""
    return (local_devices() if data_parallel else 1) * rank_and_count()[1]


def check_devices(config: RunConfig) -> None:
    """Raise HyenaDNAError where the parts of a step do not divide among the devices of this machine."""
    count = devices_of(config.data_parallel)
    for stage in config.stages:
        size = config.micro_batch_of(stage)
        if size % count:
            raise HyenaDNAError(
                f"This run has {size} sequences at a time in stage {stage}, which do not divide among {count} devices."
            )


def _check(backend: str, options: Mapping[str, Any]) -> None:
    if options["data_parallel"] and backend != "jax":
        raise HyenaDNAError("--data-parallel is for JAX: with PyTorch, start a process a GPU by torchrun.")


def _source(weights: str | None) -> str | None:
    """Where the weights are that a run starts from, as run.json keeps it: a name, an address, or an absolute path."""
    return absolute(weights) if weights and Path(weights).exists() else weights


def _architecture(options: Mapping[str, Any], preset) -> dict[str, Any]:
    """The arguments of HyenaBackbone: the preset's, or those of the weights that the run starts from."""
    architecture = dict(preset.config)
    if options["weights"]:
        from hyenadna_core.weights.sources import read_weights

        architecture = dict(read_weights(options["weights"]).architecture)
    return architecture | {
        "embed_dropout": options["dropout"],
        "seed": options["seed"],
        "rematerialise": options["rematerialise"],
        "dtype": PRECISIONS[options["precision"]],
    }
