"""The implicit filter: a small network that says, for every distance, how much of the past is kept (docs/model.md section 2)."""

import keras
from keras import ops

from hyenadna_backends.blocks import map_rows
from hyenadna_core.definition import decay_rates, positional_features, times
from hyenadna_core.model import memory
from hyenadna_core.model.initializers import NumpyNormal, child_seed
from hyenadna_core.model.linear import matrix

LINEAR_STDDEV = 0.02  # docs/model.md section 5


@keras.saving.register_keras_serializable("hyenadna")
class PositionalFeatures(keras.layers.Layer):
    """The tables z (max_seq_len, emb_dim) and t (max_seq_len, 1), one row a position; z may be trained."""

    def __init__(self, max_seq_len, emb_dim=5, trainable=False, **kwargs):
        super().__init__(trainable=trainable, **{"dtype": "float32", **kwargs})
        self.max_seq_len, self.emb_dim = max_seq_len, emb_dim

    def build(self, _=None):
        features = positional_features(self.max_seq_len, self.emb_dim)
        self.z = self.add_weight(
            shape=features.shape, initializer=lambda *_, **__: ops.convert_to_tensor(features), name="z"
        )
        t = times(self.max_seq_len)
        self.t = self.add_weight(
            shape=t.shape, initializer=lambda *_, **__: ops.convert_to_tensor(t), trainable=False, name="t"
        )
        self.built = True

    def call(self, x):
        """The rows of the positions of x, (B, L, D) -> (L, emb_dim), (L, 1)."""
        return self.rows(x.shape[1])

    def rows(self, L):
        """The first L rows of both tables: (L, emb_dim), (L, 1)."""
        return self.z[:L], self.t[:L]

    def get_config(self):
        return super().get_config() | {"max_seq_len": self.max_seq_len, "emb_dim": self.emb_dim}


@keras.saving.register_keras_serializable("hyenadna")
class HyenaFilter(keras.layers.Layer):
    """The filters of all order - 1 long convolutions: (L, emb_dim), (L, 1) -> (order - 1, D, L).

    Always in float32: half precision would let positions collide (docs/model.md section 2, mixed precision).
    `bias` is the skip of each convolution, (order - 1, D) in the order of `filter_layout`.
    """

    def __init__(
        self,
        d_model,
        order=2,
        emb_dim=5,
        filter_order=64,
        num_inner_mlps=2,
        activation_freq=10.0,
        window_shift=0.05,
        filter_layout="channel_major",
        seed=0,
        **kwargs,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        if filter_layout not in ("channel_major", "step_major"):
            raise ValueError(
                f"filter_layout must be 'channel_major' or 'step_major'. Received: filter_layout={filter_layout!r}"
            )
        self.d_model, self.order, self.emb_dim, self.filter_order = d_model, order, emb_dim, filter_order
        self.num_inner_mlps, self.activation_freq = num_inner_mlps, activation_freq
        self.window_shift, self.filter_layout, self.seed = window_shift, filter_layout, seed
        self.channels = (order - 1) * d_model
        self.linears = [
            keras.layers.Dense(
                width,
                use_bias=width_index <= num_inner_mlps,
                kernel_initializer=NumpyNormal(LINEAR_STDDEV, child_seed(seed, f"implicit_filter.{2 * width_index}")),
                dtype="float32",
                name=f"implicit_filter_{2 * width_index}",  # the original counts the sines between them too
            )
            for width_index, width in enumerate([filter_order] * (num_inner_mlps + 1) + [self.channels])
        ]

    def build(self, *_):
        width = self.emb_dim
        for linear in self.linears:
            linear.build((None, width))
            width = linear.units
        self.freq = self.add_weight(
            shape=(self.filter_order,),
            initializer=keras.initializers.Constant(self.activation_freq),
            autocast=False,
            name="freq",
        )
        rates = decay_rates(self.channels)
        self.deltas = self.add_weight(
            shape=rates.shape,
            initializer=lambda *_, **__: ops.convert_to_tensor(rates),
            trainable=False,
            autocast=False,
            name="deltas",
        )
        self.bias = self.add_weight(
            shape=(self.channels,),
            initializer=NumpyNormal(1.0, child_seed(self.seed, "bias")),
            autocast=False,
            name="bias",
        )
        self.built = True

    def call(self, z, t, in_parts=False):
        if in_parts:
            return self.parts(z)
        return self.by_step(
            self.filters_of_channels(self.hidden(z), t, ops.transpose(matrix(self.linears[-1])), self.deltas)
        )

    def parts(self, z):
        """What `some` makes filters from: hidden (L, f), rows of the last layer (O - 1, D, f), rates (O - 1, D).

        In this layer's own float32, whatever the precision around it.
        """
        last, rates = (ops.convert_to_tensor(v, "float32") for v in (matrix(self.linears[-1]), self.deltas))
        return map_rows(self.hidden, z, memory.ROWS), self.by_step(ops.transpose(last)), self.by_step(rates)

    def hidden(self, z):
        """What the last linear layer makes the filters from: (L, emb_dim) -> (L, filter_order)."""
        for linear in self.linears[:-1]:
            z = ops.sin(self.freq * linear(z))
        return z

    def filters_of_channels(self, hidden, t, last, rates):
        """The filters of c channels, from their rows of the last layer: (L, f), (L, 1), (c, f), (c,) -> (c, L)."""
        window = ops.exp(-ops.abs(rates)[:, None] * ops.transpose(t)) + self.window_shift
        return ops.matmul(last, ops.transpose(hidden)) * window

    def by_step(self, channels):
        """Channels in the layout of the weights, (C, ...), to (order - 1, D, ...): the filters, or the skips."""
        rest = tuple(channels.shape[1:])
        if self.filter_layout == "step_major":
            return ops.reshape(channels, (self.order - 1, self.d_model, *rest))
        return ops.swapaxes(ops.reshape(channels, (self.d_model, self.order - 1, *rest)), 0, 1)

    def get_config(self):
        return super().get_config() | {
            "d_model": self.d_model,
            "order": self.order,
            "emb_dim": self.emb_dim,
            "filter_order": self.filter_order,
            "num_inner_mlps": self.num_inner_mlps,
            "activation_freq": self.activation_freq,
            "window_shift": self.window_shift,
            "filter_layout": self.filter_layout,
            "seed": self.seed,
        }
