"""Initial weights, drawn in NumPy: one seed gives the same model on every backend."""

from zlib import crc32

import keras
import numpy as np
from keras import ops


def child_seed(seed: int, name: str) -> int:
    """A seed of its own for the part `name` of what `seed` stands for."""
    return crc32(f"{seed}/{name}".encode()) >> 1  # 31 bits: PyTorch keeps seeds of Keras in int32


@keras.saving.register_keras_serializable("hyenadna")
class NumpyNormal(keras.initializers.Initializer):
    """Normal with mean 0 (docs/model.md section 5: 0.02 for embeddings and linear layers)."""

    def __init__(self, stddev, seed):
        self.stddev, self.seed = stddev, seed

    def __call__(self, shape, dtype=None):
        drawn = np.random.default_rng(self.seed).normal(0.0, self.stddev, shape)
        return ops.convert_to_tensor(drawn.astype(np.float32), dtype)

    def get_config(self):
        return {"stddev": self.stddev, "seed": self.seed}


@keras.saving.register_keras_serializable("hyenadna")
class NumpyUniform(keras.initializers.Initializer):
    """Uniform between -limit and +limit (docs/model.md section 5: 1/sqrt(3) for the short convolution)."""

    def __init__(self, limit, seed):
        self.limit, self.seed = limit, seed

    def __call__(self, shape, dtype=None):
        drawn = np.random.default_rng(self.seed).uniform(-self.limit, self.limit, shape)
        return ops.convert_to_tensor(drawn.astype(np.float32), dtype)

    def get_config(self):
        return {"limit": self.limit, "seed": self.seed}
