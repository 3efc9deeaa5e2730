"""A run that was trained, to be used: its task, and its model with the best weights."""

from pathlib import Path
from typing import Any

from hyenadna_core.backend import check_backend
from hyenadna_core.config import RunConfig
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.registry import by_name
from hyenadna_core.sources import read_safetensors
from hyenadna_core.task import Task
from hyenadna_plugins import collect


def open_trained(session: Any, path: Path) -> tuple[dict[str, Any], Task, Any]:
    """run.json, the task and the model of a run folder; the weights that were best, or else the newest.

    Raises:
        HyenaDNAError: no run there, none of its weights, or its task is not installed.
    """
    import json

    if not (path / "run.json").exists():
        raise HyenaDNAError(f"{path} is not a run folder: it has no run.json.")
    check_backend(session.backend)
    run = json.loads((path / "run.json").read_text(encoding="utf-8"))
    config = RunConfig.from_json(run["config"])
    task_class = by_name(collect(session.plugins, "register_tasks"), config.task, "task")
    task = task_class.from_options(config.options, run.get("task"))
    task.seq_len = max(stage.seq_len for stage in config.stages)
    from hyenadna_core.loading import random_model
    from hyenadna_core.weights import load_state_dict

    model = task.model(random_model(config.model))
    load_state_dict(model, read_safetensors(_weights(path / "checkpoints")))
    return run, task, model


def _weights(checkpoints: Path) -> Path:
    best = checkpoints / "best" / "model.safetensors"
    if best.exists():
        return best
    if not (checkpoints / "latest").exists():
        raise HyenaDNAError(f"{checkpoints.parent} has no checkpoint yet: nothing was trained.")
    return checkpoints / (checkpoints / "latest").read_text(encoding="utf-8").strip() / "model.safetensors"
