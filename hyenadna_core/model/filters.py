"""The implicit filters of the long convolutions, and their positional features.

A small network computes each filter from features of the position (docs/model.md section 2).
"""

from dataclasses import replace
from typing import Any, Self

import keras
from keras import ops

from hyenadna_backends.blocks import Tensor, map_rows
from hyenadna_backends.rematerialised_loops import map_rows_again
from hyenadna_core.definition import decay_rates, positional_features, times
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model import sizes
from hyenadna_core.model.initializers import LINEAR_STDDEV, NumpyNormal, child_seed
from hyenadna_core.model.linear import matrix


@keras.saving.register_keras_serializable("hyenadna")
class PositionalFeatures(keras.layers.Layer):
    """The tables z (max_seq_len, emb_dim) and t (max_seq_len, 1), with one row for each position.

    z may be trained.
    """

    def __init__(self, max_seq_len: int, emb_dim: int = 5, trainable: bool = False, **kwargs: Any) -> None:
        super().__init__(trainable=trainable, **{"dtype": "float32", **kwargs})
        self.max_seq_len, self.emb_dim = max_seq_len, emb_dim

    def build(self, _: Any = None) -> None:
        features = positional_features(self.max_seq_len, self.emb_dim)
        self.z = self.add_weight(
            shape=features.shape, initializer=lambda *_, **__: ops.convert_to_tensor(features), name="z"
        )
        t = times(self.max_seq_len)
        self.t = self.add_weight(
            shape=t.shape, initializer=lambda *_, **__: ops.convert_to_tensor(t), trainable=False, name="t"
        )
        self.built = True

    def call(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rows for the positions of x: (B, L, D) -> (L, emb_dim), (L, 1)."""
        return self.rows(x.shape[1])

    def rows(self, L: int) -> tuple[Tensor, Tensor]:
        """Return the first L rows of both tables: (L, emb_dim), (L, 1)."""
        return self.z[:L], self.t[:L]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"max_seq_len": self.max_seq_len, "emb_dim": self.emb_dim}


@keras.saving.register_keras_serializable("hyenadna")
class HyenaFilter(keras.layers.Layer):
    """The filters of all O - 1 long convolutions: (L, emb_dim), (L, 1) -> (O - 1, D, L).

    The layer is always in float32: in half precision, different positions would have equal features
    (docs/model.md section 2, mixed precision). `bias` is the skip of each convolution, C numbers in
    the order of `filter_layout`.
    """

    def __init__(self, config: HyenaConfig, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.config, self.seed = config, seed
        widths = [config.filter_order] * (config.num_inner_mlps + 1) + [config.filter_channels]
        self.linears = [
            keras.layers.Dense(
                width,
                use_bias=index <= config.num_inner_mlps,
                kernel_initializer=NumpyNormal(LINEAR_STDDEV, child_seed(seed, f"implicit_filter.{2 * index}")),
                dtype="float32",
                name=f"implicit_filter_{2 * index}",  # the original also counts the sines between them
            )
            for index, width in enumerate(widths)
        ]

    @property
    def window_shift(self) -> float:
        """The constant that is added to the decaying window; it can be set."""
        return self.config.window_shift

    @window_shift.setter
    def window_shift(self, shift: float) -> None:
        self.config = replace(self.config, window_shift=shift)

    def build(self, *_: Any) -> None:
        width = self.config.emb_dim
        for linear in self.linears:
            linear.build((None, width))
            width = linear.units
        self.freq = self.add_weight(
            shape=(self.config.filter_order,),
            initializer=keras.initializers.Constant(self.config.activation_freq),
            autocast=False,
            name="freq",
        )
        rates = decay_rates(self.config.filter_channels)
        self.deltas = self.add_weight(
            shape=rates.shape,
            initializer=lambda *_, **__: ops.convert_to_tensor(rates),
            trainable=False,
            autocast=False,
            name="deltas",
        )
        self.bias = self.add_weight(
            shape=(self.config.filter_channels,),
            initializer=NumpyNormal(1.0, child_seed(self.seed, "bias")),
            autocast=False,
            name="bias",
        )
        self.built = True

    def call(self, z: Tensor, t: Tensor, in_parts: bool = False, again: bool = False) -> Tensor:
        if in_parts:
            return self.parts(z, again)
        last = ops.transpose(matrix(self.linears[-1]))
        return self.by_step(self.filters_of_channels(self.hidden(z), t, last, self.deltas))

    def parts(self, z: Tensor, again: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """Return the inputs of `filters_of_channels`, by step: (L, emb_dim) -> three tensors.

        They are the last hidden layer (L, f), the rows of the last linear layer (O - 1, D, f) and
        the decay rates (O - 1, D), in this layer's own float32. With `again`, the gradient of the
        hidden layer keeps only z.
        """
        last, rates = (ops.convert_to_tensor(v, "float32") for v in (matrix(self.linears[-1]), self.deltas))
        hidden = map_rows_again(self.hidden, z, sizes.ROWS, self) if again else map_rows(self.hidden, z, sizes.ROWS)
        return hidden, self.by_step(ops.transpose(last)), self.by_step(rates)

    def hidden(self, z: Tensor) -> Tensor:
        """Return the input of the last linear layer: (L, emb_dim) -> (L, filter_order)."""
        for linear in self.linears[:-1]:
            z = ops.sin(self.freq * linear(z))
        return z

    def filters_of_channels(self, hidden: Tensor, t: Tensor, last: Tensor, rates: Tensor) -> Tensor:
        """Return the filters of c channels: (L, f), (L, 1), (c, f), (c,) -> (c, L).

        `last` holds the rows of the last linear layer for these channels.
        """
        window = ops.exp(-ops.abs(rates)[:, None] * ops.transpose(t)) + self.window_shift
        return ops.matmul(last, ops.transpose(hidden)) * window

    def by_step(self, channels: Tensor) -> Tensor:
        """Order filters or skips by step: (C, ...) as in the weights -> (O - 1, D, ...)."""
        steps, D, rest = self.config.order - 1, self.config.d_model, tuple(channels.shape[1:])
        if self.config.filter_layout == "step_major":
            return ops.reshape(channels, (steps, D, *rest))
        return ops.swapaxes(ops.reshape(channels, (D, steps, *rest)), 0, 1)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"config": self.config.asdict(), "seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config | {"config": HyenaConfig(**config["config"])})
