"""The checkpoints of a run: the names of their folders and files, and their checksums.

Only folders and files with exactly these names count; a link in place of a folder does not.
"""

import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping
from errno import ENOENT
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.json_file import read_bytes, read_object
from hyenadna_core.files.run_names import BEST, CHECKPOINTS, LATEST
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.weights.architecture import read_architecture
from hyenadna_core.weights.layouts import to_plain

STEP = r"step-(?:0|[1-9][0-9]{0,17})"
WEIGHTS, OPTIMIZER, CONFIG, STATE = "model.safetensors", "optimizer.safetensors", "config.json", "state.json"


class Damaged(Exception):
    """A truncated or corrupted checkpoint; the message is the reason."""


def step_folders(folder: Path) -> list[Path]:
    """Return the folders step-N of a run's checkpoints, the newest first."""
    found = [path for path in folder.glob("step-*") if re.fullmatch(STEP, path.name)]
    return sorted((path for path in found if path.is_dir() and not path.is_symlink()), key=step_of, reverse=True)


def step_of(checkpoint: Path) -> int:
    """Return the step of a folder step-N."""
    return int(checkpoint.name.removeprefix("step-"))


def write_state(folder: Path, state: dict[str, Any], files: Collection[str]) -> None:
    """Write state.json: the state, and the SHA-256 of these files of the folder and of itself."""
    sha256 = {name: _sha256_of(folder / name) for name in files} | {"state": _sha256(state)}
    (folder / STATE).write_text(json.dumps({"state": state, "sha256": sha256}) + "\n", encoding="utf-8")


def read_state(folder: Path, files: Collection[str]) -> dict[str, Any]:
    """Return the state in state.json, and check it and these files of the folder.

    Raises:
        Damaged: a file is missing, or is not as it was written.
    """
    try:
        written = read_object(folder / STATE)
        state, sha256 = written.get("state"), written.get("sha256")
        if not (isinstance(state, dict) and isinstance(sha256, dict)) or sha256.get("state") != _sha256(state):
            raise Damaged(f"{STATE} is not as it was written")
        for name in files:
            if sha256.get(name) != _sha256_of(folder / name):
                raise Damaged(f"{name} is not as it was written")
    except HyenaDNAError:
        raise Damaged(f"{STATE} is not as it was written") from None
    except OSError as error:
        raise Damaged(f"{Path(error.filename or '').name}: {error.strerror}") from None
    return state


def weights_of_run(path: Path) -> Path | None:
    """Return the folder of the best weights of a run, or of its latest ones; None if it is no run.

    `path` is a run folder, its folder of checkpoints, or one checkpoint.

    Raises:
        HyenaDNAError: the checkpoint is damaged, or its name in `latest` is that of none.
    """
    if path.name == BEST or re.fullmatch(STEP, path.name):
        return _whole(path)
    folder = path if (path / LATEST).exists() else path / CHECKPOINTS
    if (folder / BEST / WEIGHTS).exists():
        return _whole(folder / BEST)
    if not (folder / LATEST).exists():
        return None
    name = read_bytes(folder / LATEST, 64).decode(errors="replace").strip()
    if not re.fullmatch(STEP, name):
        raise HyenaDNAError(
            f"{folder / LATEST} holds {shown(repr(name))} instead of the name of a checkpoint, such as step-100."
        )
    return _whole(folder / name)


def check_same(config: HyenaConfig, tensors: Mapping[str, np.ndarray], source: Path) -> None:
    """Check that weights have the architecture that run.json states, before a model is built.

    Raises:
        HyenaDNAError: they differ.
    """
    stated = config.asdict()
    for name, value in read_architecture(to_plain(tensors)[0]).items():
        if stated[name] != value:
            raise HyenaDNAError(f"run.json has {name} {stated[name]!r}, but the weights in {source} have {value!r}.")


def _whole(checkpoint: Path) -> Path:
    """Return a checkpoint with whole weights; a folder without state.json is none of ours."""
    try:
        if (checkpoint / STATE).exists():
            read_state(checkpoint, (WEIGHTS, CONFIG))
    except Damaged as reason:
        way_out = "move it away to use the newest checkpoint" if checkpoint.name == BEST else "use one before it"
        raise HyenaDNAError(f"The checkpoint {checkpoint} is damaged: {reason}: {way_out}.") from None
    return checkpoint


def _sha256_of(path: Path) -> str:
    if not path.is_file():  # a named pipe would wait for ever
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), str(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256(state: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()
