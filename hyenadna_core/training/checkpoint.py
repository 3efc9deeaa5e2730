"""Checkpoints: the whole state of a run at a step, with the same names on every backend.

A checkpoint is written in a temporary folder and renamed. It contains the SHA-256 of its files, so
that a truncated or corrupted checkpoint is noticed and skipped.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from keras import Model, ops
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from hyenadna_backends.updates import build_optimizer_once
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import write_text, written_aside
from hyenadna_core.terminal import notice
from hyenadna_core.weights.conversion import our_config
from hyenadna_core.weights.state_dict import load_state_dict, parameters, state_dict
from hyenadna_plugins import reason_of

KEPT = 3  # newest checkpoints
BEST = "best"
FILES = ("model.safetensors", "optimizer.safetensors", "config.json")


class Damaged(Exception):
    """A truncated or corrupted checkpoint; the message is the reason."""


def save_checkpoint(
    folder: Path, model: Model, step: int, kept: int = KEPT, more: dict[str, Any] | None = None
) -> None:
    """Write folder/step-N, name it in folder/latest, and remove all but the newest `kept`.

    `more` is stored for the run that continues from this checkpoint.

    Raises:
        HyenaDNAError: it cannot be written, for example because the disk is full; the checkpoints
            before it stay.
    """
    name = f"step-{step}"
    try:
        shutil.rmtree(folder / name, ignore_errors=True)  # a damaged one, which this run has skipped
        with written_aside(folder / name) as aside:
            _write(aside, model)
            save_file(_training_state(model), aside / "optimizer.safetensors")
            state = {"step": step, "more": more or {}}
            checked = {"state": state, "sha256": _checksums(aside) | {"state": _checksum(json.dumps(state).encode())}}
            (aside / "state.json").write_text(json.dumps(checked) + "\n", encoding="utf-8")
            _to_disk(aside)
        write_text(folder / "latest", name + "\n")
    except (OSError, SafetensorError) as error:
        raise HyenaDNAError(_cannot_write(folder, name, error)) from None
    for old in _checkpoints(folder)[kept:]:
        shutil.rmtree(old)


def save_best(folder: Path, model: Model, figures: dict[str, Any]) -> None:
    """Write folder/best: only the weights, with their figures in state.json.

    Raises:
        HyenaDNAError: it cannot be written; the best weights before it stay.
    """
    try:
        with written_aside(folder / f".new-{BEST}") as aside:
            _write(aside, model)
            (aside / "state.json").write_text(json.dumps(figures) + "\n", encoding="utf-8")
            _to_disk(aside)
        shutil.rmtree(folder / BEST, ignore_errors=True)
        (folder / f".new-{BEST}").rename(folder / BEST)
    except (OSError, SafetensorError) as error:
        raise HyenaDNAError(_cannot_write(folder, BEST, error)) from None


def load_checkpoint(folder: Path, model: Model) -> tuple[int, dict[str, Any]]:
    """Load the newest whole checkpoint into a compiled model and its optimizer.

    Returns its step and the values stored with it; step 0 and no values if there is no checkpoint.
    Half-written folders of a killed run are removed.

    Raises:
        HyenaDNAError: no checkpoint is whole, or the checkpoint belongs to another model.
    """
    for unfinished in folder.glob(".*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    checkpoints = _checkpoints(folder)
    for checkpoint in checkpoints:
        try:
            state, weights, training = _read(checkpoint)
        except Damaged as reason:
            notice(f"Skipped the checkpoint {checkpoint}: {reason}.")
            continue
        load_state_dict(model, weights)
        variables = _training_variables(model)
        if variables.keys() != training.keys():
            raise HyenaDNAError(f"The optimizer's state in {checkpoint} belongs to another model: start a new run.")
        for name, variable in variables.items():
            variable.assign(training[name])
        return int(state["step"]), state["more"]
    if checkpoints:
        raise HyenaDNAError(f"No checkpoint in {folder} is whole: start again with another --out.")
    return 0, {}


def load_best(folder: Path, model: Model) -> None:
    """Load the best weights into a model."""
    load_state_dict(model, load_file(folder / BEST / "model.safetensors"))


def _checkpoints(folder: Path) -> list[Path]:
    """Return the folders of all checkpoints, the newest first."""
    return sorted(folder.glob("step-*"), key=lambda path: int(path.name.removeprefix("step-")), reverse=True)


def _write(folder: Path, model: Model) -> None:
    save_file(state_dict(model), folder / "model.safetensors", metadata={"format": "pt"})
    config = json.dumps(our_config(model.architecture), indent=2)
    (folder / "config.json").write_text(config + "\n", encoding="utf-8")


def _read(checkpoint: Path) -> tuple[dict[str, Any], dict[str, np.ndarray], dict[str, np.ndarray]]:
    try:
        checked = json.loads((checkpoint / "state.json").read_text(encoding="utf-8"))
        state = checked["state"]
        checksums = _checksums(checkpoint) | {"state": _checksum(json.dumps(state).encode())}
        for name in ("state", *FILES):
            if checksums.get(name) != checked["sha256"][name]:
                raise Damaged(f"{name} is not as it was written")
        return state, load_file(checkpoint / "model.safetensors"), load_file(checkpoint / "optimizer.safetensors")
    except (ValueError, KeyError, TypeError):
        raise Damaged("state.json is not as it was written") from None
    except OSError as error:
        raise Damaged(f"{Path(error.filename or '').name}: {error.strerror}") from None


def _checksums(folder: Path) -> dict[str, str]:
    return {name: _checksum((folder / name).read_bytes()) for name in FILES}


def _checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _to_disk(folder: Path) -> None:
    """Wait until the files of a folder are on disk, so that no rename happens before that."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _cannot_write(folder: Path, name: str, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or reason_of(error)
    last = next((path.name for path in _checkpoints(folder)), None)
    kept = (
        f"{last} is whole: make room, then continue with --resume {folder.parent}" if last else "there is none before"
    )
    return f"Cannot write the checkpoint {folder / name}: {reason}; {kept}."


def _training_variables(model: Model) -> dict[str, Any]:
    """Return the variables of the optimizer and of dropout's random state, by name."""
    build_optimizer_once(model)
    published = {id(parameter.variable) for parameter in parameters(model)}
    optimizer = {variable.path.split("/", 1)[1]: variable for variable in model.optimizer.variables}
    random = [variable for variable in model.variables if id(variable) not in published]
    return optimizer | {f"random_{index}": variable for index, variable in enumerate(random)}


def _training_state(model: Model) -> dict[str, np.ndarray]:
    return {
        name: np.array(ops.convert_to_numpy(variable.value)) for name, variable in _training_variables(model).items()
    }
