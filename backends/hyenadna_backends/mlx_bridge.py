"""Lets Keras 3.15 run on MLX, as Keras 3.16 will by itself.

`keras-mlx` implements the backend, but Keras 3.15 only takes the names on a fixed list. The bridge waits for the
import of Keras and, while that import runs, seats keras-mlx under a name that is on the list (OpenVINO's); when it is
over, Keras answers "mlx" to whoever asks which backend runs. Nothing is downloaded, no file is changed, and with a
Keras that knows pluggable backends nothing is done at all.
"""

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

SEAT = "openvino"
SEAT_MODULE = f"keras.src.backend.{SEAT}"


def _shift_and_axis(shift: Any, axis: Any) -> tuple[list[int], list[int]]:
    """The arguments of `roll`, scalars repeated to equal length; Keras 3.16 has this function, 3.15 does not."""
    import numpy as np  # not before: every start of the command comes by here

    pairs = np.broadcast(np.atleast_1d(shift), np.atleast_1d(axis))
    shifts, axes = zip(*((int(s), int(a)) for s, a in pairs), strict=True)
    return list(shifts), list(axes)


def _namespace() -> dict[str, Any]:
    """What `keras.src.backend` takes over by a star import."""
    common = importlib.import_module("keras.src.backend.common.backend_utils")
    vars(common)["normalize_shift_and_axis"] = _shift_and_axis
    source = importlib.import_module("keras_mlx.src")
    names = importlib.import_module("keras.src.backend.common.dtypes").PYTHON_DTYPES_MAP
    for name, dtype in source.ops.core.MLX_DTYPES.items():
        names.setdefault(dtype, name)  # so that Keras can name the dtype of an MLX array
    rooms = {name: getattr(source.ops, name) for name in ("core", "image", "linalg", "math", "nn", "numpy")}
    functions = vars(source.rnn) | vars(source.ops.core) | vars(source)
    public = {name: value for name, value in functions.items() if not name.startswith("_")}
    return public | rooms


def _layer() -> dict[str, Any]:
    return {"OpenvinoLayer": type("MLXLayer", (), {})}


def _trainer() -> dict[str, Any]:
    base = importlib.import_module("keras.src.trainers.trainer")
    vars(base)["BaseTrainer"] = base.Trainer  # its name in 3.16
    return {"OpenVINOTrainer": importlib.import_module("keras_mlx.src.trainer").Trainer}


def _export() -> dict[str, Any]:
    return {"OpenvinoExportArchive": type("MLXExportArchive", (), {})}


def _core() -> dict[str, Any]:
    return {"Variable": importlib.import_module("keras_mlx.src.variable").Variable}


# The modules that Keras imports for the backend in the seat, and what each must hold.
SEATED: dict[str, Callable[[], dict[str, Any]]] = {
    SEAT_MODULE: _namespace,
    f"{SEAT_MODULE}.core": _core,
    f"{SEAT_MODULE}.layer": _layer,
    f"{SEAT_MODULE}.trainer": _trainer,
    f"{SEAT_MODULE}.export": _export,
}


class _SeatedLoader(Loader):
    def exec_module(self, module: ModuleType) -> None:
        module.__dict__.update(SEATED[module.__name__]())


class _KerasLoader(Loader):
    """Keras's own loader, with the seat's name in KERAS_BACKEND while it runs."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        os.environ["KERAS_BACKEND"] = SEAT
        try:
            self._loader.exec_module(module)
        finally:
            os.environ["KERAS_BACKEND"] = "mlx"
        vars(importlib.import_module("keras.src.backend.config"))["_BACKEND"] = "mlx"


class MLXBridge(MetaPathFinder):
    """The finder that `install` puts in front of the others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The specs of Keras and of what is seated; None for all else."""
        if fullname == "keras" and os.environ.get("KERAS_BACKEND") == "mlx":
            spec = PathFinder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None and not knows_pluggable_backends(spec):
                spec.loader = _KerasLoader(spec.loader)
                return spec
        elif fullname in SEATED and self._importing_for_mlx():
            return ModuleSpec(fullname, _SeatedLoader(), is_package=fullname == SEAT_MODULE)
        return None

    @staticmethod
    def _importing_for_mlx() -> bool:
        keras = sys.modules.get("keras")
        return keras is not None and isinstance(getattr(keras, "__loader__", None), _KerasLoader)


def knows_pluggable_backends(keras: ModuleSpec) -> bool:
    """Whether the Keras found on the path takes mlx by itself; read from its source, as importing it is too early."""
    (package, *_) = keras.submodule_search_locations or [""]
    config = Path(package) / "src" / "backend" / "config.py"
    return config.exists() and "PLUGGABLE_BACKENDS" in config.read_text(encoding="utf-8")


def install() -> None:
    """Make `import keras` accept KERAS_BACKEND=mlx in this process; call it before Keras is imported."""
    if not any(isinstance(finder, MLXBridge) for finder in sys.meta_path):
        sys.meta_path.insert(0, MLXBridge())
