"""The values of an array of any backend in NumPy, if it has values now."""

from collections.abc import Callable

import numpy as np

from hyenadna_backends.blocks import Tensor, backend


def on_host(array: Tensor, from_device: bool = True) -> np.ndarray | None:
    """Return the values of an array in NumPy, or None if it has none while a graph is made.

    With `from_device=False` it is also None for an array on an accelerator, for which a copy would
    wait.
    """
    import keras

    if isinstance(array, np.ndarray):
        return array
    if isinstance(array, keras.KerasTensor):
        return None
    return _ON_HOST.get(backend(), _anywhere)(array, from_device)


def _anywhere(array: Tensor, from_device: bool) -> np.ndarray | None:
    return np.asarray(array)


def _jax(array: Tensor, from_device: bool) -> np.ndarray | None:
    import jax

    if isinstance(array, jax.core.Tracer) or not (from_device or jax.default_backend() == "cpu"):
        return None
    return np.asarray(array)


def _torch(array: Tensor, from_device: bool) -> np.ndarray | None:
    import torch

    if not isinstance(array, torch.Tensor):
        return np.asarray(array)
    if array.is_meta or torch.compiler.is_compiling() or not (from_device or array.device.type == "cpu"):
        return None
    values: np.ndarray = array.detach().cpu().numpy()
    return values


def _mlx(array: Tensor, from_device: bool) -> np.ndarray | None:
    from keras.src.backend.common.stateless_scope import in_stateless_scope

    if in_stateless_scope():  # a function may be compiled, and reading its arrays would damage them
        return None
    try:
        return np.asarray(array)
    except (RuntimeError, ValueError):  # inside a function that is compiled by hand
        return None


_ON_HOST: dict[str, Callable[[Tensor, bool], np.ndarray | None]] = {"jax": _jax, "torch": _torch, "mlx": _mlx}
