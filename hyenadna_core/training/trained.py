"""A run that was trained, to be used: its task, and its model with the best weights."""

from pathlib import Path
from typing import Any

from hyenadna_core.backend import check_backend
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.registry import find_task, select_fft_conv
from hyenadna_core.task import Task
from hyenadna_core.training.config import RunConfig
from hyenadna_core.training.run_folder import read_run
from hyenadna_core.weights.sources import find_file, read_safetensors


def open_trained(session: Any, path: Path) -> tuple[dict[str, Any], Task, Any]:
    """run.json, the task and the model of a run folder; the weights that were best, or else the newest.

    Raises:
        HyenaDNAError: no run there, or none of its weights; its task, or the kernel of HYENADNA_FFT_CONV, is not there.
    """
    run = read_run(path)
    check_backend(session.backend)
    select_fft_conv(session.plugins, None)
    config = RunConfig.from_json(run["config"])
    task = find_task(session.plugins, config.task).from_options(config.options, run.get("task"))
    task.seq_len = max(stage.seq_len for stage in config.stages)
    from hyenadna_core.model.loading import random_model
    from hyenadna_core.weights.state_dict import load_state_dict

    model = task.model(random_model(config.model))
    load_state_dict(model, read_safetensors(find_file(path)))
    return run, task, model


def check_split(run: dict[str, Any], task: Task, split: str) -> None:
    """See that a split is the one that the run was begun with.

    Raises:
        HyenaDNAError: its data have changed since.
    """
    begun_with = run.get("splits", {}).get(split)
    if begun_with and begun_with != task.checksum(split):
        raise HyenaDNAError(f"The {split} data of this run have changed since it was started: their checksum differs.")
