"""Causal attention with rotary positions: the mixer of a Transformer, to compare with Hyena."""

from typing import Any

import keras
import numpy as np
from keras import ops

from hyenadna_backends.attention import attend
from hyenadna_backends.blocks import Tensor
from hyenadna_core.model.initializers import LINEAR_STDDEV, NumpyNormal, child_seed
from hyenadna_core.model.sizes import heads

ROTARY_BASE = 10_000


def rotate(x: Tensor) -> Tensor:
    """Rotate pairs of channels by angles proportional to the position.

    (B, L, H, W) -> (B, L, H, W). The scores of rotated queries and keys depend only on their
    distance, at any length. Angles are float32 under every policy. Channel i forms a pair with
    channel i + W/2.
    """
    L, pairs = x.shape[1], x.shape[-1] // 2
    rates = ops.convert_to_tensor((ROTARY_BASE ** (-np.arange(pairs) / pairs)).astype(np.float32))
    angles = ops.arange(L, dtype="float32")[:, None, None] * rates  # (L, 1, W/2)
    cos, sin = ops.cos(angles), ops.sin(angles)
    first, second = ops.split(ops.cast(x, "float32"), 2, axis=-1)
    return ops.cast(ops.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1), x.dtype)


@keras.saving.register_keras_serializable("hyenadna")
class CausalAttention(keras.layers.Layer):
    """Softmax attention to the present and the past: (B, L, D) -> (B, L, D), for every L.

    By default heads have 64 channels, or 32, 16, ... if 64 does not divide d_model. `out_stddev` is
    the standard deviation of the initial output projection.
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int | None = None,
        out_stddev: float = LINEAR_STDDEV,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = heads(d_model, num_heads)
        self._config = {"d_model": d_model, "num_heads": self.num_heads, "out_stddev": out_stddev, "seed": seed}
        self.Wqkv = keras.layers.Dense(
            3 * d_model,
            kernel_initializer=NumpyNormal(LINEAR_STDDEV, child_seed(seed, "Wqkv")),
            dtype=self.dtype_policy,
            name="Wqkv",
        )
        self.out_proj = keras.layers.Dense(
            d_model,
            kernel_initializer=NumpyNormal(out_stddev, child_seed(seed, "out_proj")),
            dtype=self.dtype_policy,
            name="out_proj",
        )

    def build(self, input_shape: tuple[Any, ...]) -> None:
        self.Wqkv.build(input_shape)
        self.out_proj.build(input_shape)

    def compute_output_spec(
        self, x: Tensor, training: bool = False
    ) -> Any:  # so that L may be unknown when the graph is made
        return keras.KerasTensor(x.shape, self.compute_dtype)

    def call(
        self, x: Tensor, training: bool = False
    ) -> Tensor:  # the same arguments as HyenaOperator, which it replaces
        L, D = x.shape[1:]
        by_head = (-1, L, self.num_heads, D // self.num_heads)
        q, k, v = (ops.reshape(part, by_head) for part in ops.split(self.Wqkv(x), 3, axis=-1))  # (B, L, H, W)
        y = attend(rotate(q), rotate(k), v)
        return self.out_proj(ops.reshape(y, (-1, L, D)))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | self._config
