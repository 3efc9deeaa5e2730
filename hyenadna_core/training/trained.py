"""Opening a trained run: its task, and its model with the best weights."""

from pathlib import Path
from typing import Any

from hyenadna_core.backend import check_backend
from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.fitted_task import FittedTask
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.registry import Session, select_fft_conv
from hyenadna_core.task import SPLITS, Task, no_exit
from hyenadna_core.training.config import RunFile
from hyenadna_core.training.fitted import load_fitted
from hyenadna_core.training.run_folder import read_run
from hyenadna_core.training.task_options import task_of_run
from hyenadna_core.weights.checkpoints import check_same
from hyenadna_core.weights.sources import find_file, read_safetensors


def open_trained(
    session: Session, path: Path, given: Task | type[Task] | None = None
) -> tuple[dict[str, Any], Task, Any]:
    """Return run.json, the task and the model of a run folder, with the best or newest weights.

    The model of a FittedTask is the fitted one.

    `given` is the task of the run or its class, if no plug-in registers it.

    Raises:
        HyenaDNAError: the folder has no run or no weights, or its run is of another version, or
            its task or the kernel of HYENADNA_FFT_CONV is unknown.
    """
    run = read_run(path)
    kept, config = RunFile.of(run, path)
    check_backend(session.backend)
    select_fft_conv(session.plugins, None)
    with no_exit(config.task):
        task = task_of_run(session.plugins, config, path, kept.task, kept.origin, given)
        task.seq_len = max(stage.seq_len for stage in config.stages)
        file = find_file(path)
        weights = read_safetensors(file)
        check_same(HyenaConfig.from_arguments(config.model), weights, file.parent)
        from hyenadna_core.model.causal_lm import random_model
        from hyenadna_core.model.task_model import model_of_task
        from hyenadna_core.weights.state_dict import load_state_dict

        language_model = random_model(config.model)
        model = language_model if isinstance(task, FittedTask) else model_of_task(task, language_model)
        try:
            load_state_dict(model, weights)
        except HyenaDNAError as error:
            raise HyenaDNAError(f"{file}: {error}") from None
        return run, task, load_fitted(task, model, path) if isinstance(task, FittedTask) else model


def check_name_of_split(split: object) -> None:
    """Check that there is such a split; None means the default.

    Raises:
        HyenaDNAError: there is none.
    """
    if split is not None and split not in SPLITS:
        raise HyenaDNAError(f"There is no split {shown(repr(split))}: choose one of {first_names(SPLITS)}.")


def check_split(run: dict[str, Any], task: Task, split: str) -> None:
    """Check that the data of a split have not changed since the run was started.

    Raises:
        HyenaDNAError: the data have changed.
    """
    at_start = run["splits"].get(split)
    if at_start and at_start != task.checksum(split):
        raise HyenaDNAError(f"The {split} data of this run have changed since it was started: their checksum differs.")


def split_to_measure(run: dict[str, Any], task: Task, split: str | None) -> str:
    """Return the split to measure: by default test, or valid if there is none; and check its data.

    Raises:
        HyenaDNAError: there is no such split, or the data have changed since the run was started.
    """
    check_name_of_split(split)
    split = split or ("test" if task.has("test") else "valid")
    check_split(run, task, split)
    return split
