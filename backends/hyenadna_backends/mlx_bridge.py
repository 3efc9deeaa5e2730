"""Keras 3.15 on MLX, which Keras 3.16 will run without help.

`keras-mlx` implements the backend, but Keras 3.15 accepts only the names on a fixed list. While
Keras is imported, the bridge gives keras-mlx a name on that list (that of OpenVINO, "the seat").
After the import, Keras answers "mlx" to everyone who asks which backend runs. The bridge downloads
nothing and changes no file.
"""

import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

SEAT = "openvino"
SEAT_MODULE = f"keras.src.backend.{SEAT}"


def _shift_and_axis(shift: Any, axis: Any) -> tuple[list[int], list[int]]:
    """Repeat scalar arguments of `roll` to equal length; Keras 3.15 lacks this function."""
    import numpy as np  # not earlier: every start of the command imports this file

    pairs = np.broadcast(np.atleast_1d(shift), np.atleast_1d(axis))
    shifts, axes = zip(*((int(s), int(a)) for s, a in pairs), strict=True)
    return list(shifts), list(axes)


def _namespace() -> dict[str, Any]:
    """Return the names that `keras.src.backend` takes by a star import."""
    common = importlib.import_module("keras.src.backend.common.backend_utils")
    vars(common)["normalize_shift_and_axis"] = _shift_and_axis
    source = importlib.import_module("keras_mlx.src")
    names = importlib.import_module("keras.src.backend.common.dtypes").PYTHON_DTYPES_MAP
    for name, dtype in source.ops.core.MLX_DTYPES.items():
        names.setdefault(dtype, name)  # so that Keras can name the dtype of an MLX array
    submodules = {name: getattr(source.ops, name) for name in ("core", "image", "linalg", "math", "nn", "numpy")}
    functions = vars(source.rnn) | vars(source.ops.core) | vars(source)
    public = {name: value for name, value in functions.items() if not name.startswith("_")}
    return public | submodules


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


# The modules that Keras imports for the backend in the seat, and the contents of each.
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


class _SeatFinder(MetaPathFinder):
    """A finder of keras-mlx under the names of the seat."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in SEATED:
            return None
        return ModuleSpec(fullname, _SeatedLoader(), is_package=fullname == SEAT_MODULE)


@contextmanager
def seated() -> Iterator[None]:
    """Give keras-mlx the name of the seat while Keras is imported, and "mlx" afterwards.

    The finder of the seat stays: Keras imports some of these modules at their first use.
    """
    finder = _SeatFinder()
    sys.meta_path.insert(0, finder)
    os.environ["KERAS_BACKEND"] = SEAT
    try:
        yield
    except BaseException:
        sys.meta_path.remove(finder)
        raise
    finally:
        os.environ["KERAS_BACKEND"] = "mlx"
    vars(importlib.import_module("keras.src.backend.config"))["_BACKEND"] = "mlx"


def knows_pluggable_backends(keras: ModuleSpec) -> bool:
    """Return whether this Keras accepts MLX without help; read from its source, not imported."""
    (package, *_) = keras.submodule_search_locations or [""]
    config = Path(package) / "src" / "backend" / "config.py"
    return config.exists() and "PLUGGABLE_BACKENDS" in config.read_text(encoding="utf-8")
