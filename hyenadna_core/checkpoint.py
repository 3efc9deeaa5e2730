"""Checkpoints: the whole state of a run at a step, under names that every backend shares."""

import json
import shutil
from pathlib import Path

import numpy as np
from keras import ops
from safetensors.numpy import load_file, save_file

from hyenadna_core.cache import write_text, written_aside
from hyenadna_core.conversion import our_config
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.weights import load_state_dict, parameters, state_dict

KEPT = 3  # the newest ones


def save_checkpoint(folder: Path, model, step: int) -> None:
    """Write folder/step-N whole, then point folder/latest at it."""
    name = f"step-{step}"
    shutil.rmtree(folder / name, ignore_errors=True)  # of a run that was cut off before it pointed there
    with written_aside(folder / name) as aside:
        save_file(state_dict(model), aside / "model.safetensors", metadata={"format": "pt"})
        save_file(_training_state(model), aside / "optimizer.safetensors")
        config = json.dumps(our_config(model.architecture), indent=2)
        (aside / "config.json").write_text(config + "\n", encoding="utf-8")
        (aside / "state.json").write_text(json.dumps({"step": step}) + "\n", encoding="utf-8")
    write_text(folder / "latest", name + "\n")
    for old in sorted(folder.glob("step-*"), key=_step_of)[:-KEPT]:
        shutil.rmtree(old)


def load_checkpoint(folder: Path, model) -> int:
    """Put the latest checkpoint into a compiled model and its optimizer; the step it was written at.

    Raises:
        HyenaDNAError: a file is missing, damaged, or of another model.
    """
    latest = folder / (folder / "latest").read_text(encoding="utf-8").strip()
    try:
        step = int(json.loads((latest / "state.json").read_text(encoding="utf-8"))["step"])
        weights, training = load_file(latest / "model.safetensors"), load_file(latest / "optimizer.safetensors")
    except Exception as error:  # the errors of safetensors have no base of their own
        raise HyenaDNAError(f"Cannot read the checkpoint {latest}: {error}.") from None
    load_state_dict(model, weights)
    variables = _training_variables(model)
    if variables.keys() != training.keys():
        raise HyenaDNAError(f"The optimizer's state in {latest} is of another model.")
    for name, variable in variables.items():
        variable.assign(training[name])
    return step


def has_checkpoint(folder: Path) -> bool:
    return (folder / "latest").exists()


def _training_variables(model):
    """By name, what training needs besides the weights: the optimizer's variables and the state of dropout."""
    model.optimizer.build(model.trainable_variables)
    published = {id(parameter.variable) for parameter in parameters(model)}
    optimizer = {variable.path.split("/", 1)[1]: variable for variable in model.optimizer.variables}
    random = [variable for variable in model.variables if id(variable) not in published]
    return optimizer | {f"random_{index}": variable for index, variable in enumerate(random)}


def _training_state(model) -> dict[str, np.ndarray]:
    return {
        name: np.array(ops.convert_to_numpy(variable.value)) for name, variable in _training_variables(model).items()
    }


def _step_of(folder: Path) -> int:
    return int(folder.name.removeprefix("step-"))
