"""Checkpoints: the whole state of a run at a step, with the same names on every backend.

A checkpoint is written in a temporary folder and renamed. It contains the SHA-256 of its files, so
that a truncated or corrupted checkpoint is noticed and skipped.
"""

import errno
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from keras import Model, ops
from safetensors import SafetensorError
from safetensors.numpy import save_file

from hyenadna_backends.updates import build_optimizer_once
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.fields import FieldError, from_json
from hyenadna_core.files.cache import remove_folder, remove_unfinished, write_text, written_aside
from hyenadna_core.files.run_names import BEST, LATEST
from hyenadna_core.terminal import notice
from hyenadna_core.training.best import Best
from hyenadna_core.weights.checkpoints import (
    CONFIG,
    OPTIMIZER,
    STATE,
    STEP,
    WEIGHTS,
    Damaged,
    read_state,
    step_folders,
    step_of,
    write_state,
)
from hyenadna_core.weights.conversion import our_config
from hyenadna_core.weights.sources import read_safetensors
from hyenadna_core.weights.state_dict import load_state_dict, parameters, state_dict
from hyenadna_plugins import reason_of

KEPT = 3  # newest checkpoints
NEW_BEST = f".new-{BEST}"  # until it takes the place of the best one before
OF_STEP, OF_BEST = (WEIGHTS, OPTIMIZER, CONFIG), (WEIGHTS, CONFIG)
WRITTEN = (STATE, *OF_STEP)  # every file of a checkpoint; no other is ever removed


@dataclass(frozen=True)
class State:
    """The state in state.json: the step, and the best validation so far."""

    step: int
    best: Best


def save_checkpoint(folder: Path, model: Model, step: int, kept: int = KEPT, best: Best | None = None) -> None:
    """Write folder/step-N, name it in folder/latest, and remove all but the newest `kept`.

    Raises:
        HyenaDNAError: it cannot be written, for example because the disk is full; the checkpoints
            before it stay.
    """
    name = f"step-{step}"
    try:
        _make_room(folder / name)  # a damaged one, which this run has skipped
        with written_aside(folder / name) as aside:
            _write(aside, model)
            save_file(_training_state(model), aside / OPTIMIZER)
            write_state(aside, asdict(State(step, best or Best())), OF_STEP)
            _to_disk(aside)
        write_text(folder / LATEST, name + "\n")
    except (OSError, SafetensorError) as error:
        raise HyenaDNAError(_cannot_write(folder, name, error)) from None
    for old in step_folders(folder)[kept:]:
        remove_folder(old, WRITTEN)


def save_best(folder: Path, model: Model, figures: dict[str, Any]) -> None:
    """Write folder/best: only the weights, with their figures in state.json.

    Raises:
        HyenaDNAError: it cannot be written; the best weights before it stay.
    """
    try:
        _make_room(folder / NEW_BEST)
        with written_aside(folder / NEW_BEST) as aside:
            _write(aside, model)
            write_state(aside, figures, OF_BEST)
            _to_disk(aside)
        _make_room(folder / BEST)
        (folder / NEW_BEST).rename(folder / BEST)
    except (OSError, SafetensorError) as error:
        raise HyenaDNAError(_cannot_write(folder, BEST, error)) from None


def load_checkpoint(folder: Path, model: Model) -> State:
    """Load the newest whole checkpoint into a compiled model and its optimizer.

    Returns its state; that of step 0 if there is no checkpoint. Half-written folders of a killed
    run are removed.

    Raises:
        HyenaDNAError: no checkpoint is whole, or the checkpoint belongs to another model.
    """
    remove_unfinished(folder, rf"{STEP}|\{NEW_BEST}|{LATEST}", (*WRITTEN, LATEST))
    remove_folder(folder / NEW_BEST, WRITTEN)
    checkpoints = step_folders(folder)
    for checkpoint in checkpoints:
        try:
            state, weights, training = _read(checkpoint)
        except Damaged as reason:
            notice(f"Skipped the checkpoint {checkpoint}: {reason}.")
            continue
        load_state_dict(model, weights)
        variables = _training_variables(model)
        if {name: tuple(variable.shape) for name, variable in variables.items()} != {
            name: tensor.shape for name, tensor in training.items()
        }:
            raise HyenaDNAError(f"The optimizer's state in {checkpoint} belongs to another model: start a new run.")
        for name, variable in variables.items():
            variable.assign(training[name])
        return state
    if checkpoints:
        raise HyenaDNAError(f"No checkpoint in {folder} is whole: start again with another --out.")
    return State(0, Best())


def check_best(folder: Path) -> str | None:
    """Return the reason why the best weights of a run cannot be used, or None."""
    try:
        read_state(folder / BEST, OF_BEST)
    except Damaged as reason:
        return str(reason)
    return None


def load_best(folder: Path, model: Model) -> None:
    """Load the best weights into a model.

    Raises:
        HyenaDNAError: they are damaged, or belong to another model.
    """
    if reason := check_best(folder):
        raise HyenaDNAError(f"The best weights {folder / BEST} are damaged ({reason}): move this folder away.")
    load_state_dict(model, read_safetensors(folder / BEST / WEIGHTS))


def _make_room(target: Path) -> None:
    """Remove a checkpoint that is in the place of a new one.

    Raises:
        OSError: something else is in this place, and stays.
    """
    remove_folder(target, WRITTEN)
    if target.is_symlink() or target.exists():
        raise FileExistsError(errno.EEXIST, "something else has this name", str(target))


def _write(folder: Path, model: Model) -> None:
    save_file(state_dict(model), folder / WEIGHTS, metadata={"format": "pt"})
    architecture = getattr(model, "architecture", None) or model.backbone.hyena_config.asdict()
    config = json.dumps(our_config(architecture), indent=2)
    (folder / CONFIG).write_text(config + "\n", encoding="utf-8")


def _read(checkpoint: Path) -> tuple[State, dict[str, np.ndarray], dict[str, np.ndarray]]:
    try:
        state = from_json(State, read_state(checkpoint, OF_STEP))
        if state.step != step_of(checkpoint):
            raise Damaged(f"{STATE} is of step {state.step}")
        return state, read_safetensors(checkpoint / WEIGHTS), read_safetensors(checkpoint / OPTIMIZER)
    except FieldError as error:
        raise Damaged(f"{STATE}: {error}") from None
    except HyenaDNAError as error:
        raise Damaged(str(error).rstrip(".")) from None


def _to_disk(folder: Path) -> None:
    """Wait until the files of a folder are on disk, so that no rename happens before that."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _cannot_write(folder: Path, name: str, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or reason_of(error)
    last = next((f"{path.name} is whole" for path in step_folders(folder)), "there is none before")
    way_out = f"make room, then continue with --resume {folder.parent}"
    return f"Cannot write the checkpoint {folder / name}: {reason}; {last}: {way_out}."


def _training_variables(model: Model) -> dict[str, Any]:
    """Return the variables of the optimizer and of dropout's random state, by name.

    A variable of the optimizer has the name of its weight if that is in the backbone. The others
    are numbered, because Keras counts up the names of layers in a process.
    """
    build_optimizer_once(model)
    published = {id(parameter.variable) for parameter in parameters(model)}
    of_backbone = {weight.path.replace("/", "_") for weight in getattr(model, "backbone", model).weights}
    named: dict[str, Any] = {}
    for variable in model.optimizer.variables:
        name = variable.path.split("/", 1)[1]
        named[name if name.rpartition("_")[0] in of_backbone else f"other_{len(named)}"] = variable
    random = [variable for variable in model.variables if id(variable) not in published]
    return named | {f"random_{index}": variable for index, variable in enumerate(random)}


def _training_state(model: Model) -> dict[str, np.ndarray]:
    return {
        name: np.array(ops.convert_to_numpy(variable.value)) for name, variable in _training_variables(model).items()
    }
