"""A soft prompt in its own file, with all that its use needs but the backbone."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core import HyenaDNAError, about_part, load_part, save_part
from hyenadna_icl.label_tokens import label_tokens, names_of
from hyenadna_icl.source import PAPER, PROTOCOLS

KIND = "soft-prompt"
FILE = "prompt.safetensors"
FIELDS: dict[str, type] = {
    "classes": list,
    "label_tokens": list,
    "prompt_length": int,
    "both_strands": bool,
    "protocol": str,
    "of": str,
}


def save_prompt(task: Any, model: Any, path: Path) -> str:
    """Write the prompt of a model to a file, and return its size in words."""
    about = {
        "task": KIND,
        "of": Path(task.of).name,
        "classes": list(task.classes),
        "label_tokens": names_of(task.tokens),
        "prompt_length": task.prompt_length,
        "both_strands": task.on_both_strands,
        "protocol": task.protocol,
        "head_sha256": head_sha256(model),
    }
    save_part(task.trained_part(model), path, backbone=model, about=about)
    return f"{path.stat().st_size / 1000:,.0f} kB"


def head_sha256(model: Any) -> str:
    """Return the checksum of the weights that make logits, (V, D).

    They are the embedding, or the own weights of a head that is not tied to it.
    """
    from keras import ops

    of_backbone = {id(variable) for variable in model.backbone.variables}
    own = [variable for variable in model.head.variables if id(variable) not in of_backbone]
    weights = ops.convert_to_numpy(own[0]).T if own else ops.convert_to_numpy(model.backbone.embeddings.embeddings)
    return sha256(np.ascontiguousarray(weights, "<f4").tobytes()).hexdigest()


def file_of(path: Path) -> Path:
    """Return the file of a prompt, which a run folder has too.

    Raises:
        HyenaDNAError: the folder has none.
    """
    if not path.is_dir():
        return path
    if not (path / FILE).is_file():
        raise HyenaDNAError(f"{path} has no {FILE}: give the folder of a finished run of --task {KIND}, or the file.")
    return path / FILE


def read_about(path: Path) -> dict[str, Any]:
    """Return the description of a prompt.

    Raises:
        HyenaDNAError: the file is damaged, or is no prompt.
    """
    about = about_part(path)
    if about.get("task") != KIND:
        raise HyenaDNAError(f"{path} is no soft prompt: hyenadna train --task {KIND} writes one.")
    wrong = [f"its {name} cannot be read" for name, kind in FIELDS.items() if type(about.get(name)) is not kind]
    if faults := wrong or _faults(about):
        raise HyenaDNAError(f"{path} is not as it was written: {faults[0]}; copy or save it again.")
    return about


def _faults(about: dict[str, Any]) -> list[str]:
    """Say what is wrong with fields that have the right types."""
    classes, tokens = about["classes"], about["label_tokens"]
    names = all(isinstance(name, str) and name.strip() and name.isprintable() for name in classes)
    checks = {
        "its classes are not two or more different names": names and len(set(classes)) == len(classes) >= 2,
        f"it has {len(tokens):,} label tokens for {len(classes):,} classes": len(tokens) == len(classes),
        "its prompt_length is not 1 or more": about["prompt_length"] >= 1,
        f"its protocol is not {' or '.join(PROTOCOLS)}": about["protocol"] in PROTOCOLS,
    }
    faults = [fault for fault, right in checks.items() if not right]
    if not faults:
        try:
            label_tokens(classes, ",".join(map(str, tokens)), about["protocol"] == PAPER)
        except HyenaDNAError:
            faults = ["its label_tokens are not different label tokens"]
    return faults


def open_prompt(path: Path | str, language_model: Any) -> tuple[Any, Any]:
    """Return the task of a prompt, which predicts without data, and its model.

    `path` is a prompt file, or the folder of the run that has it. `task.predictions(model,
    file)` predicts the sequences of a file.

    Raises:
        HyenaDNAError: the file is damaged or is no prompt, it belongs to another backbone or head,
            or it leaves no room for a sequence.
    """
    from hyenadna_icl.soft_prompt import SoftPromptTask

    path = file_of(Path(path))
    about = read_about(path)
    state = {"classes": about["classes"], "both_strands": about["both_strands"]}
    options = {name: about[name] for name in ("of", "prompt_length", "protocol")}
    tokens = ",".join(map(str, about["label_tokens"]))
    task = SoftPromptTask.from_options(options | {"label_tokens": tokens}, state)
    if about["prompt_length"] + 2 > language_model.max_seq_len:
        raise HyenaDNAError(
            f"{path} has {about['prompt_length']:,} vectors, and the model takes {language_model.max_seq_len:,} "
            "positions: load the weights that it was trained on."
        )
    rows = language_model.backbone.hyena_config.vocab_size
    if max(task.read_tokens) >= rows:
        raise HyenaDNAError(
            f"{path} reads the logits of the token {max(task.read_tokens)}, and the embedding of the model has {rows} "
            "rows: load the weights that it was trained on."
        )
    model = task.model(language_model)
    load_part(task.trained_part(model), path, backbone=model)
    if about.get("head_sha256", head := head_sha256(model)) != head:  # older files have none
        raise HyenaDNAError(f"{path} belongs to a model with another head: load the weights that it was trained on.")
    return task, model
