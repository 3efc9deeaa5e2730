"""The choice of the Keras backend of this process.

The choice is made once, when Keras is imported or at the start of the command. Import
`hyenadna_core` before `keras`: Keras imported first knows neither MLX nor this order of choice.
"""

import importlib.util
import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingError(ValueError):
    """An environment variable has an unknown value; the message lists the known ones."""


@dataclass(frozen=True)
class Backend:
    """A backend of Keras: the modules it needs, the packages to install, whether it can train."""

    name: str
    modules: tuple[str, ...]
    install: str
    trains: bool = True


BACKENDS: Mapping[str, Backend] = {
    backend.name: backend
    for backend in (
        Backend("jax", ("keras", "jax"), "'hyenadna[jax]'"),
        Backend("torch", ("keras", "torch"), "'hyenadna[torch]'"),
        Backend("mlx", ("keras", "keras_mlx", "mlx"), "'hyenadna[mlx]'"),
        # Keras 3.15 takes two functions of its numpy backend from its jax backend.
        Backend("numpy", ("keras", "jax"), "'hyenadna[jax]'", trains=False),
        # These two run on the generic kernel, and our tests do not cover them.
        Backend("tensorflow", ("keras", "tensorflow"), "keras tensorflow"),
        Backend("openvino", ("keras", "openvino"), "keras openvino", trains=False),
    )
}


@dataclass(frozen=True)
class Choice:
    """The backend that runs, and the reason for it."""

    name: str
    reason: str


def missing(name: str) -> str | None:
    """Return the reason that a backend cannot run here, and the way out; None if it can run."""
    if name not in BACKENDS:
        return f"Unknown backend {name!r}: choose one of {', '.join(BACKENDS)}."
    backend = BACKENDS[name]
    absent = [module for module in backend.modules if importlib.util.find_spec(module) is None]
    if absent:
        return f"Backend {name!r} is not installed ({', '.join(absent)} not found): run pip install {backend.install}."
    return None


def choose(requested: str | None = None) -> Choice:
    """Choose the backend for this process and put its name into KERAS_BACKEND.

    If Keras is already imported, its backend runs. Otherwise the order is: `requested` (the
    command's --backend), KERAS_BACKEND, the backend in ~/.keras/keras.json if it is installed,
    mlx on Apple Silicon, then the first of jax, torch, mlx and numpy that is installed. A name that
    was given is chosen even if that backend is not installed, so that commands without a backend
    still run; `missing` then returns the reason.
    """
    choice = _choice(requested)
    os.environ["KERAS_BACKEND"] = choice.name
    return choice


def _choice(requested: str | None) -> Choice:
    if running := _running():
        return Choice(running, "Keras is already imported with it")
    if requested:
        return Choice(requested, "--backend")
    if named := os.environ.get("KERAS_BACKEND"):
        return Choice(named, "KERAS_BACKEND")
    configured = _configured()
    if configured and missing(configured) is None:
        return Choice(configured, "keras.json")
    apple_silicon = platform.system() == "Darwin" and platform.machine() == "arm64"
    order = ("mlx", "jax", "torch", "numpy") if apple_silicon else ("jax", "torch", "mlx", "numpy")
    for name in order:
        if missing(name) is None:
            return Choice(name, "the first of " + ", ".join(order) + " that is installed")
    return Choice(order[0], "no backend is installed")


def _running() -> str | None:
    """Return the backend of the imported Keras, or None if its import has not finished."""
    config = getattr(sys.modules.get("keras"), "config", None)
    return str(config.backend()) if config is not None else None


def _configured() -> str | None:
    """Return the backend in the user's keras.json, or None if it cannot be read."""
    home = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))  # noqa: PTH111 (no error without a home)
    try:
        return str(json.loads((home / "keras.json").read_text(encoding="utf-8"))["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
