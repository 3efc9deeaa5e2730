"""The fit of a FittedTask in a run, and its files in the folder `fitted`."""

import tempfile
from pathlib import Path
from typing import Any

from hyenadna_backends.processes import rank_and_count
from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.files.cache import written_aside
from hyenadna_core.files.run_names import FITTED
from hyenadna_core.fitted_task import FittedTask
from hyenadna_core.training.config import RunConfig
from hyenadna_core.training.fitted_files import check_formats, fitted_names
from hyenadna_core.training.options import TrainOptions
from hyenadna_core.training.run_folder import RunFolder
from hyenadna_core.weights.checkpoints import Damaged, read_state, write_state
from hyenadna_plugins import reason_of

USED = {"task", "preset", "weights", "seed", "fold", "precision", "out"}  # options of `hyenadna train`


def check_options(options: TrainOptions) -> None:
    """Check that no option is given that only training steps use.

    Raises:
        HyenaDNAError: there is one, or there are several processes.
    """
    if unused := [f"--{name.replace('_', '-')}" for name in options.given() if name not in USED]:
        raise HyenaDNAError(f"The task {options.task} is fitted without steps: leave out {first_names(unused)}.")
    if rank_and_count()[1] > 1:
        raise HyenaDNAError(f"The task {options.task} is fitted in one process: leave out --distributed.")


def language_model_of(config: RunConfig) -> Any:
    """Return the language model with the weights of the run, or random ones.

    Raises:
        HyenaDNAError: the weights cannot be read.
    """
    from hyenadna_core.model.causal_lm import random_model
    from hyenadna_core.model.loading import load

    if config.start is None:
        return random_model(config.model)
    return load(config.start, dtype=config.model["dtype"])


def fitted_model(task: FittedTask, config: RunConfig, folder: RunFolder) -> Any:
    """Fit the model of a task, and write it and the weights of the language model into the run.

    A model that was written before the run was stopped is loaded.

    Raises:
        HyenaDNAError: the task fits nothing, cannot write, or writes no files or files of another
            format; or the files that it wrote before are damaged.
    """
    from hyenadna_core.training.checkpoint import save_best

    language_model, path = language_model_of(config), folder.path / FITTED
    if path.exists():
        return load_fitted(task, language_model, folder.path)
    with tempfile.TemporaryDirectory(prefix="hyenadna-fit-") as scratch:
        fitted = task.fit(language_model, Path(scratch))
        if fitted is None:
            raise HyenaDNAError(f"The task {task.name} has no fitted model: `fit` returned None; return the model.")
        save_best(folder.checkpoints, language_model, {"step": 0})
        with written_aside(path) as aside:
            try:
                task.save_fitted(fitted, aside)
            except OSError as error:
                reason = error.strerror or reason_of(error)
                raise HyenaDNAError(f"The task {task.name} cannot write its fitted model: {reason}.") from error
            names = fitted_names(task.name, aside)
            check_formats(task.name, aside, names)
            write_state(aside, {}, names)
    return fitted


def load_fitted(task: FittedTask, language_model: Any, folder: Path) -> Any:
    """Load the fitted model in a run folder, after a check of its files.

    Raises:
        HyenaDNAError: a file is missing, is not as it was written, or has another format.
    """
    path = folder / FITTED
    try:
        names = fitted_names(task.name, path, written=True)
        read_state(path, names)
    except Damaged as reason:
        raise HyenaDNAError(f"{path} is damaged: {reason}: fit again in another --out.") from None
    check_formats(task.name, path, names)
    return task.load_fitted(language_model, path)
