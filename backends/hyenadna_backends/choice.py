"""Which Keras backend runs: chosen once, before Keras or any plug-in is imported."""

import importlib.util
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hyenadna_backends import mlx_bridge


class SettingError(ValueError):
    """A setting in the environment names what there is not; the message says which, and what there is."""


@dataclass(frozen=True)
class Backend:
    """A backend of Keras: what must be importable, what installs it, whether it can differentiate."""

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
        # Served by the generic kernel; not part of our tests.
        Backend("tensorflow", ("keras", "tensorflow"), "keras tensorflow"),
        Backend("openvino", ("keras", "openvino"), "keras openvino", trains=False),
    )
}


@dataclass(frozen=True)
class Choice:
    """The backend that runs and why."""

    name: str
    reason: str


def missing(name: str) -> str | None:
    """What keeps a backend from running here, as a sentence with the way out, or None."""
    if name not in BACKENDS:
        return f"Unknown backend {name!r}: choose one of {', '.join(BACKENDS)}."
    backend = BACKENDS[name]
    absent = [module for module in backend.modules if importlib.util.find_spec(module) is None]
    if absent:
        return f"Backend {name!r} is not installed ({', '.join(absent)} not found): run pip install {backend.install}."
    return None


def choose(requested: str | None = None) -> Choice:
    """Settle the backend for this process and put it into KERAS_BACKEND.

    The order: `requested` (the command's --backend), KERAS_BACKEND, ~/.keras/keras.json if the backend that it names
    is installed, mlx on Apple Silicon, then jax, torch, numpy, whichever is installed first. What is named but not
    installed is chosen all the same, so that a command which needs no backend runs; `missing` has the reason.
    """
    choice = _choice(requested)
    os.environ["KERAS_BACKEND"] = choice.name
    if choice.name == "mlx":
        mlx_bridge.install()
    return choice


def _choice(requested: str | None) -> Choice:
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


def _configured() -> str | None:
    """The backend in the user's keras.json, if there is such a file and it can be read."""
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    try:
        return str(json.loads((home / "keras.json").read_text(encoding="utf-8"))["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
