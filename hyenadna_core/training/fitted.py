"""The fit of a FittedTask in a run, and its files in the folder `fitted`."""

import tempfile
from pathlib import Path
from typing import Any

from hyenadna_backends.processes import rank_and_count
from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.files.cache import written_aside
from hyenadna_core.fitted_task import FittedTask
from hyenadna_core.training.config import RunConfig
from hyenadna_core.training.options import TrainOptions
from hyenadna_core.training.run_folder import FITTED, RunFolder
from hyenadna_core.weights.checkpoints import STATE, Damaged, read_state, write_state

USED = {"task", "preset", "weights", "seed", "fold", "precision", "out"}  # options of `hyenadna train`
SUFFIXES = (".json", ".safetensors", ".skops", ".tsv", ".txt")  # of formats that run no code


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
        HyenaDNAError: the task writes no files, or files of another format; or the files that it
            wrote before are damaged.
    """
    from hyenadna_core.training.checkpoint import save_best

    language_model, path = language_model_of(config), folder.path / FITTED
    if path.exists():
        return load_fitted(task, language_model, folder.path)
    with tempfile.TemporaryDirectory(prefix="hyenadna-fit-") as scratch:
        fitted = task.fit(language_model, Path(scratch))
        save_best(folder.checkpoints, language_model, {"step": 0})
        with written_aside(path) as aside:
            task.save_fitted(fitted, aside)
            write_state(aside, {}, _checked_names(task, aside))
    return fitted


def load_fitted(task: FittedTask, language_model: Any, folder: Path) -> Any:
    """Load the fitted model in a run folder, after a check of its files.

    Raises:
        HyenaDNAError: a file is missing, or is not as it was written.
    """
    path = folder / FITTED
    try:
        names = _checked_names(task, path, written=True)
        read_state(path, names)
    except Damaged as reason:
        raise HyenaDNAError(f"{path} is damaged: {reason}: fit again in another --out.") from None
    return task.load_fitted(language_model, path)


def _checked_names(task: FittedTask, folder: Path, written: bool = False) -> list[str]:
    """Return the names of the files of a fitted model.

    Raises:
        HyenaDNAError: there is none, or one is a folder, a link, or of another format.
    """
    paths = sorted(path for path in folder.glob("*") if not (written and path.name == STATE))
    for path in paths:
        if path.is_symlink() or not path.is_file() or path.suffix not in SUFFIXES or path.name == STATE:
            raise HyenaDNAError(
                f"The task {task.name} writes {path.name} for its fitted model: only files {', '.join(SUFFIXES)} "
                f"other than {STATE} are allowed."
            )
    if not paths:
        raise HyenaDNAError(f"The task {task.name} has no file of its fitted model in {folder}: see `save_fitted`.")
    return [path.name for path in paths]
