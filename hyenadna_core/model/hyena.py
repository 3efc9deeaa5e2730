"""The Hyena operator: gated convolutions as long as the input, in place of attention (docs/model.md section 2)."""

import math

import keras
from keras import ops

from hyenadna_backends import fft_conv
from hyenadna_backends.blocks import sum_products
from hyenadna_backends.convolution import current_kernel, fft_conv_spectrum
from hyenadna_backends.projection import project
from hyenadna_backends.short_convolution import short_conv
from hyenadna_core.model import memory
from hyenadna_core.model.filters import LINEAR_STDDEV, HyenaFilter, PositionalFeatures
from hyenadna_core.model.initializers import NumpyNormal, NumpyUniform, child_seed
from hyenadna_core.model.linear import matrix


@keras.saving.register_keras_serializable("hyenadna")
class ShortConvolution(keras.layers.Layer):
    """A causal convolution of each channel with a few taps of its own: (C, B, L) -> (C, B, L)."""

    def __init__(self, width=3, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.width, self.seed = width, seed

    def build(self, input_shape):
        channels, limit = input_shape[0], 1 / math.sqrt(self.width)
        self.taps = self.add_weight(
            shape=(self.width, channels),
            initializer=NumpyUniform(limit, child_seed(self.seed, "weight")),
            name="taps",
        )
        self.bias = self.add_weight(
            shape=(channels,), initializer=NumpyUniform(limit, child_seed(self.seed, "bias")), name="bias"
        )

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, self.compute_dtype)

    def call(self, x):
        return short_conv(x, ops.convert_to_tensor(self.taps), ops.convert_to_tensor(self.bias))

    def get_config(self):
        return super().get_config() | {"width": self.width, "seed": self.seed}


@keras.saving.register_keras_serializable("hyenadna")
class HyenaOperator(keras.layers.Layer):
    """Gated long convolutions: (B, L, D) -> (B, L, D), L up to max_seq_len.

    `pos_emb` shares one table of positions between operators; without it the operator has its own.
    `out_stddev` is the spread of the initial output projection.
    """

    def __init__(
        self,
        d_model,
        max_seq_len,
        order=2,
        emb_dim=5,
        filter_order=64,
        num_inner_mlps=2,
        short_filter_order=3,
        activation_freq=10.0,
        window_shift=0.05,
        filter_layout="channel_major",
        trained_positions=False,
        out_stddev=LINEAR_STDDEV,
        seed=0,
        pos_emb=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if order < 2:
            raise ValueError(f"order must be at least 2. Received: order={order}")
        self._config = {
            "d_model": d_model,
            "max_seq_len": max_seq_len,
            "order": order,
            "emb_dim": emb_dim,
            "filter_order": filter_order,
            "num_inner_mlps": num_inner_mlps,
            "short_filter_order": short_filter_order,
            "activation_freq": activation_freq,
            "window_shift": window_shift,
            "filter_layout": filter_layout,
            "trained_positions": trained_positions,
            "out_stddev": out_stddev,
            "seed": seed,
        }
        self.d_model, self.max_seq_len, self.order = d_model, max_seq_len, order
        self.in_proj = keras.layers.Dense(
            (order + 1) * d_model,
            kernel_initializer=NumpyNormal(LINEAR_STDDEV, child_seed(seed, "in_proj")),
            dtype=self.dtype_policy,
            name="in_proj",
        )
        self.short_filter = ShortConvolution(
            short_filter_order, child_seed(seed, "short_filter"), dtype=self.dtype_policy, name="short_filter"
        )
        self.pos_emb = pos_emb or PositionalFeatures(max_seq_len, emb_dim, trained_positions, name="pos_emb")
        self.filter_fn = HyenaFilter(
            d_model,
            order,
            emb_dim,
            filter_order,
            num_inner_mlps,
            activation_freq,
            window_shift,
            filter_layout,
            child_seed(seed, "filter_fn"),
            name="filter_fn",
        )
        self.out_proj = keras.layers.Dense(
            d_model,
            kernel_initializer=NumpyNormal(out_stddev, child_seed(seed, "out_proj")),
            dtype=self.dtype_policy,
            name="out_proj",
        )

    def build(self, input_shape):
        self.in_proj.build(input_shape)
        self.short_filter.build((self.in_proj.units, *input_shape[:2]))
        if not self.pos_emb.built:
            self.pos_emb.build()
        self.filter_fn.build()
        self.out_proj.build(input_shape)

    def compute_output_spec(self, x, training=False):  # so that L may be unknown when the graph is made
        return keras.KerasTensor(x.shape, self.compute_dtype)

    def call(self, x, training=False, spectra=None):
        """`spectra`, (O - 1, D, F), are those of the filters, where inference has kept them."""
        if x.shape[1] > self.max_seq_len:
            raise ValueError(
                f"The input has {x.shape[1]:,} positions, the model takes at most {self.max_seq_len:,} (max_seq_len)."
            )
        width = self.d_model if training or current_kernel().whole else memory.channels_at_once(*x.shape, self.order)
        if width < self.d_model:
            return self.in_blocks(x, width, spectra)
        y = self.short_filter(channels_first(x, matrix(self.in_proj), self.in_proj.bias, self.compute_dtype))
        *gates, v = ops.split(y, self.order + 1)  # O gates and v, each (D, B, L)
        skips = self.filter_fn.by_step(self.filter_fn.bias)  # (O - 1, D)
        convolve = fft_conv if spectra is None else fft_conv_spectrum
        filters = self.filters(x) if spectra is None else spectra
        for gate, k, skip in zip(gates[:0:-1], filters, skips, strict=True):
            v = ops.swapaxes(convolve(ops.swapaxes(v * gate, 0, 1), k, skip), 0, 1)
        return ops.reshape(self.out_proj(rows(v * gates[0])), x.shape)

    def in_blocks(self, x, width, spectra):
        """The same, `width` channels at a time: only they have gates, filters and spectra at once."""
        B, L, D = x.shape
        order, dtype = self.order, self.compute_dtype
        n = D // width
        z, t = self.pos_emb(x)

        def by_block(weight, groups):
            """A weight (..., groups x D) as (n, ..., groups x width): each block's part of every group."""
            split = ops.reshape(weight, (*weight.shape[:-1], groups, n, width))
            split = ops.moveaxis(split, -2, 0)
            return ops.reshape(split, (n, *weight.shape[:-1], groups * width))

        def by_channel(tensor):
            """(O - 1, D, ...) as (n, O - 1, width, ...): each block's channels."""
            return ops.moveaxis(ops.reshape(tensor, (order - 1, n, width, *tensor.shape[2:])), 1, 0)

        if spectra is None:
            hidden, last, rates = self.filter_fn(z, t, in_parts=True)
            filters = (by_channel(last), by_channel(rates))
        else:
            filters = (by_channel(spectra),)
        blocks = (
            ops.cast(by_block(matrix(self.in_proj), order + 1), dtype),
            ops.cast(by_block(self.in_proj.bias, order + 1), dtype),
            ops.cast(by_block(self.short_filter.taps, order + 1), dtype),
            ops.cast(by_block(self.short_filter.bias, order + 1), dtype),
            by_channel(self.filter_fn.by_step(self.filter_fn.bias)),
            ops.cast(ops.reshape(matrix(self.out_proj), (n, width, D)), dtype),
            *filters,
        )

        def mix(block):
            kernel, bias, taps, tap_bias, skips, out, *filters = block
            y = short_conv(channels_first(x, kernel, bias, dtype), taps, tap_bias)  # ((O + 1) width, B, L)
            *gates, v = ops.split(y, order + 1)
            for step, gate in enumerate(gates[:0:-1]):
                u = ops.swapaxes(v * gate, 0, 1)
                if spectra is None:
                    v = fft_conv(
                        u, self.filter_fn.filters_of_channels(hidden, t, *(part[step] for part in filters)), skips[step]
                    )
                else:
                    v = fft_conv_spectrum(u, filters[0][step], skips[step])
                v = ops.swapaxes(v, 0, 1)
            return rows(v * gates[0]), out

        total = sum_products(mix, blocks, B * L, ops.cast(self.out_proj.bias, "float32"))
        return ops.cast(ops.reshape(total, (B, L, D)), dtype)

    def filters(self, x):
        """The long filters for the length of x, a prefix of those for max_seq_len: (B, L, D) -> (O - 1, D, L)."""
        return self.filter_fn(*self.pos_emb(x))

    def get_config(self):
        return super().get_config() | self._config


def channels_first(x, kernel, bias, dtype):
    """A linear layer whose channels come first: (B, L, D), (D, C), (C,) -> (C, B, L)."""
    B, L, D = x.shape
    x, kernel, bias = (ops.cast(tensor, dtype) for tensor in (x, kernel, bias))
    return ops.reshape(project(ops.reshape(x, (B * L, D)), kernel) + bias[:, None], (-1, B, L))


def rows(v):
    """Channels last again, a row for each position: (D, B, L) -> (B L, D)."""
    return ops.transpose(ops.reshape(v, (v.shape[0], -1)))
