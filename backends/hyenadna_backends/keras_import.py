"""The choice of the backend at the first import of Keras, in any file.

`hyenadna_backends` puts a finder in front of Python's own. The finder changes the import of Keras
in six ways: KERAS_BACKEND gets the backend of `choose`, a backend that is not installed stops the
import with one line, threads of PyTorch wait shortly (barriers.py), XLA does without its faulty
fusions (xla_fusions.py), Keras 3.15 accepts MLX, and functions that wait for Keras are called after
it.
Nothing is imported before Keras is.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from hyenadna_backends import mlx_bridge
from hyenadna_backends.barriers import wait_shortly
from hyenadna_backends.choice import choose, missing
from hyenadna_backends.xla_fusions import switch_off_faulty_fusions

_PREPARE: dict[str, Callable[[], None]] = {
    "jax": switch_off_faulty_fusions,
    "numpy": switch_off_faulty_fusions,  # Keras takes some functions of JAX there
    "torch": wait_shortly,
}
_WAITING: list[Callable[[], None]] = []  # called when Keras has been imported


class KerasLoader(Loader):
    """A loader that chooses the backend before Keras is loaded, and calls who waits for it."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)  # for its data files and its source

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return the module that the loader of Keras makes, or None for a plain one."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Choose the backend, then run Keras.

        Raises:
            ImportError: the backend is not installed.
        """
        spec = module.__spec__
        assert spec is not None  # noqa: S101 (importlib has just made the module from it)
        backend = choose().name
        if problem := missing(backend):
            raise ImportError(problem)
        _PREPARE.get(backend, lambda: None)()
        module.__loader__ = spec.loader = self.loader  # as without us
        if backend == "mlx" and not mlx_bridge.knows_pluggable_backends(spec):
            with mlx_bridge.seated():
                self.loader.exec_module(module)
        else:
            self.loader.exec_module(module)
        while _WAITING:
            _WAITING.pop()()


class KerasFinder(MetaPathFinder):
    """A finder that finds Keras as Python does, and gives its loader to `KerasLoader`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of Keras; None for every other module."""
        if fullname != "keras":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = KerasLoader(spec.loader)
        return spec


def settle_with_keras() -> None:
    """Choose the backend when this process imports Keras; a second call does nothing."""
    if not any(isinstance(finder, KerasFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, KerasFinder())


def when_keras_is_imported(function: Callable[[], None]) -> None:
    """Call a function when this process has imported Keras: now, or at the end of that import."""
    if hasattr(sys.modules.get("keras"), "saving"):
        function()
    else:
        _WAITING.append(function)
