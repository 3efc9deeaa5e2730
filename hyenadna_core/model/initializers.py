"""Initial weights, drawn in NumPy: one seed gives the same model on every backend."""

import math
from typing import Any
from zlib import crc32

import keras
import numpy as np
from keras import ops

from hyenadna_backends.blocks import Tensor

LINEAR_STDDEV = 0.02  # of embeddings and linear layers: docs/model.md section 5


def residual_stddev(n_layer: int) -> float:
    """Return the standard deviation of the linear layers that write to the residual stream."""
    return LINEAR_STDDEV / math.sqrt(2 * n_layer)


def child_seed(seed: int, name: str) -> int:
    """Return the seed of the part `name` of a model or layer with this seed."""
    return crc32(f"{seed}/{name}".encode()) >> 1  # 31 bits: PyTorch keeps seeds of Keras in int32


@keras.saving.register_keras_serializable("hyenadna")
class NumpyNormal(keras.initializers.Initializer):
    """A normal distribution with mean 0 (docs/model.md section 5)."""

    def __init__(self, stddev: float, seed: int) -> None:
        self.stddev, self.seed = stddev, seed

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        drawn = np.random.default_rng(self.seed).normal(0.0, self.stddev, shape)
        return ops.convert_to_tensor(drawn.astype(np.float32), dtype)

    def get_config(self) -> dict[str, Any]:
        return {"stddev": self.stddev, "seed": self.seed}


@keras.saving.register_keras_serializable("hyenadna")
class NumpyUniform(keras.initializers.Initializer):
    """A uniform distribution from -limit to limit (docs/model.md section 5)."""

    def __init__(self, limit: float, seed: int) -> None:
        self.limit, self.seed = limit, seed

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        drawn = np.random.default_rng(self.seed).uniform(-self.limit, self.limit, shape)
        return ops.convert_to_tensor(drawn.astype(np.float32), dtype)

    def get_config(self) -> dict[str, Any]:
        return {"limit": self.limit, "seed": self.seed}
