"""The Hyena operator: gated convolutions as long as the input (docs/model.md section 2).

On long inputs the operator works on a block of channels at a time, so that only these channels have
projections, filters and spectra in memory: in inference, and in training if the block is
rematerialised.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import keras
from keras import ops

from hyenadna_backends import fft_conv
from hyenadna_backends.blocks import Tensor, sum_products
from hyenadna_backends.convolution import current_kernel, fft_conv_spectrum
from hyenadna_backends.projection import project
from hyenadna_backends.rematerialised_loops import sum_products_again
from hyenadna_backends.short_convolution import short_conv
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model import sizes
from hyenadna_core.model.continuation import Convolved, keeping, margin, of_difference
from hyenadna_core.model.filters import HyenaFilter, PositionalFeatures
from hyenadna_core.model.initializers import LINEAR_STDDEV, NumpyNormal, NumpyUniform, child_seed, residual_stddev
from hyenadna_core.model.linear import matrix


@keras.saving.register_keras_serializable("hyenadna")
class ShortConvolution(keras.layers.Layer):
    """A causal convolution of each channel with its own few taps: (C, B, L) -> (C, B, L)."""

    def __init__(self, width: int = 3, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.seed = width, seed

    def build(self, input_shape: tuple[Any, ...]) -> None:
        channels, limit = input_shape[0], 1 / math.sqrt(self.width)
        self.taps = self.add_weight(
            shape=(self.width, channels),
            initializer=NumpyUniform(limit, child_seed(self.seed, "weight")),
            name="taps",
        )
        self.bias = self.add_weight(
            shape=(channels,), initializer=NumpyUniform(limit, child_seed(self.seed, "bias")), name="bias"
        )

    def compute_output_spec(self, x: Tensor) -> Any:
        return keras.KerasTensor(x.shape, self.compute_dtype)

    def call(self, x: Tensor) -> Tensor:
        return short_conv(x, ops.convert_to_tensor(self.taps), ops.convert_to_tensor(self.bias))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"width": self.width, "seed": self.seed}


@keras.saving.register_keras_serializable("hyenadna")
class HyenaOperator(keras.layers.Layer):
    """Gated long convolutions: (B, L, D) -> (B, L, D), for every L up to max_seq_len.

    Operators that get the same `pos_emb` share one table of positions; without it the operator
    makes its own.
    """

    def __init__(
        self, config: HyenaConfig, seed: int = 0, pos_emb: PositionalFeatures | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.config, self.seed = config, seed
        self.in_proj = keras.layers.Dense(
            config.projected_channels,
            kernel_initializer=NumpyNormal(LINEAR_STDDEV, child_seed(seed, "in_proj")),
            dtype=self.dtype_policy,
            name="in_proj",
        )
        self.short_filter = ShortConvolution(
            config.short_filter_order, child_seed(seed, "short_filter"), dtype=self.dtype_policy, name="short_filter"
        )
        self.pos_emb = pos_emb or PositionalFeatures(
            config.max_seq_len, config.emb_dim, config.trained_positions, name="pos_emb"
        )
        self.filter_fn = HyenaFilter(config, child_seed(seed, "filter_fn"), name="filter_fn")
        self.out_proj = keras.layers.Dense(
            config.d_model,
            kernel_initializer=NumpyNormal(residual_stddev(config.n_layer), child_seed(seed, "out_proj")),
            dtype=self.dtype_policy,
            name="out_proj",
        )

    def build(self, input_shape: tuple[Any, ...]) -> None:
        self.in_proj.build(input_shape)
        self.short_filter.build((self.in_proj.units, *input_shape[:2]))
        if not self.pos_emb.built:
            self.pos_emb.build()
        self.filter_fn.build()
        self.out_proj.build(input_shape)

    def compute_output_spec(
        self, x: Tensor, training: bool = False
    ) -> Any:  # so that L may be unknown when the graph is made
        return keras.KerasTensor(x.shape, self.compute_dtype)

    def call(
        self,
        x: Tensor,
        training: bool = False,
        spectra: Tensor | None = None,
        keep: bool = False,
        reference: Convolved | None = None,
    ) -> Any:
        """Mix the positions of x; kept spectra, (O - 1, D, F), replace the filters.

        With `keep`, also return the inputs and outputs of the long convolutions. With `reference`,
        which has those of another sequence, only the difference is convolved (continuation.py).
        """
        B, L, D = x.shape
        if self.config.max_seq_len < L:
            raise ValueError(
                f"The input has {L:,} positions, the model takes at most {self.config.max_seq_len:,} (max_seq_len)."
            )
        all_at_once = (training and not self.config.rematerialise) or keep or reference is not None
        if all_at_once or current_kernel().whole:
            n = 1  # blocks of channels
        else:
            n = D // sizes.channels_at_once(B, L, D, self.config.order, training)
        shared, sources, convolve = self.convolution(x, n, spectra, training)
        if reference is not None:
            convolve = of_difference(convolve, reference, margin(self.config))
        kept: list[tuple[Tensor, Tensor]] = []
        if keep:
            convolve = keeping(convolve, kept)
        if n == 1:  # no loop, and the projection as the layer computes it
            y = ops.reshape(self.out_proj(self.mix(x, self.inner_weights(1), sources, convolve)), x.shape)
            return (y, tuple(kept)) if keep else y

        def product(shared: Sequence[Tensor], block: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
            (x, *of_all), out, of_block, weights = shared, block[0], block[1:-5], block[-5:]
            return self.mix(x, weights, (*of_all, *of_block), convolve), out

        out = ops.cast(ops.reshape(matrix(self.out_proj), (n, D // n, D)), self.compute_dtype)
        blocks, bias = (out, *sources, *self.inner_weights(n)), ops.cast(self.out_proj.bias, "float32")
        if training:  # gradients of blocks are summed in float32
            y = sum_products_again(product, (ops.cast(x, "float32"), *shared), blocks, B * L, bias)
        else:
            y = sum_products(partial(product, (x, *shared)), blocks, B * L, bias)
        return ops.cast(ops.reshape(y, x.shape), self.compute_dtype)

    def mix(
        self, x: Tensor, weights: Sequence[Tensor], sources: Sequence[Tensor], convolve: Callable[..., Tensor]
    ) -> Tensor:
        """Project, gate and convolve some channels: (B, L, D) -> (B L, width).

        Args:
            weights: the inner weights of these channels.
            sources: their filters, spectra, or the tensors that their filters are computed from.
            convolve: a function of a step, u (B, width, L), `sources` and the skip (width,).
        """
        kernel, bias, taps, tap_bias, skips = weights
        y = short_conv(channels_first(x, kernel, bias, self.compute_dtype), taps, tap_bias)
        *gates, v = ops.split(y, self.config.order + 1)  # O gates and v, each (width, B, L)
        for step, gate in enumerate(gates[:0:-1]):
            v = ops.swapaxes(convolve(step, ops.swapaxes(v * gate, 0, 1), sources, skips[step]), 0, 1)
        return rows(v * gates[0])

    def inner_weights(self, n: int) -> tuple[Tensor, ...]:
        """Return the weights before the gates, and the skips, for n blocks."""
        groups = self.config.order + 1
        variables = (matrix(self.in_proj), self.in_proj.bias, self.short_filter.taps, self.short_filter.bias)
        weights = [ops.cast(variable, self.compute_dtype) for variable in variables]
        skips = self.filter_fn.by_step(self.filter_fn.bias)  # (O - 1, D)
        return *(blocks_of_groups(weight, groups, n) for weight in weights), blocks_of_steps(skips, n)

    def convolution(
        self, x: Tensor, n: int, spectra: Tensor | None, training: bool = False
    ) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...], Callable[..., Tensor]]:
        """Return the sources of the filters of n blocks, and a function to convolve with them.

        The first sources are for all blocks, the others have one element for each. With n > 1
        blocks and without kept spectra, the filters of a block are computed when it needs them.
        """
        if n == 1 or spectra is not None:
            convolve = fft_conv if spectra is None else fft_conv_spectrum
            filters = self.filters(x) if spectra is None else spectra
            return (
                (),
                (blocks_of_steps(filters, n),),
                lambda step, u, sources, skip: convolve(u, sources[0][step], skip),
            )
        z, t = self.pos_emb(x)
        hidden, last, rates = self.filter_fn(z, t, in_parts=True, again=training)

        def compute_and_convolve(step: int, u: Tensor, sources: Sequence[Tensor], skip: Tensor) -> Tensor:
            hidden, t, last, rates = sources
            return fft_conv(u, self.filter_fn.filters_of_channels(hidden, t, last[step], rates[step]), skip)

        return (hidden, t), (blocks_of_steps(last, n), blocks_of_steps(rates, n)), compute_and_convolve

    def filters(self, x: Tensor) -> Tensor:
        """Return the long filters for the length of x: (B, L, D) -> (O - 1, D, L).

        They are the first L values of the filters for max_seq_len.
        """
        return self.filter_fn(*self.pos_emb(x))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"config": self.config.asdict(), "seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config | {"config": HyenaConfig(**config["config"])})


def channels_first(x: Tensor, kernel: Tensor, bias: Tensor, dtype: Any) -> Tensor:
    """Apply a linear layer and put channels first: (B, L, D), (D, C), (C,) -> (C, B, L)."""
    B, L, D = x.shape
    return ops.reshape(project(ops.reshape(ops.cast(x, dtype), (B * L, D)), kernel) + bias[:, None], (-1, B, L))


def rows(v: Tensor) -> Tensor:
    """Put channels last again, with one row for each position: (D, B, L) -> (B L, D)."""
    return ops.transpose(ops.reshape(v, (v.shape[0], -1)))


def blocks_of_groups(weight: Tensor, groups: int, n: int) -> Tensor:
    """Give each of n blocks its part of all groups: (..., G x D) -> (n, ..., G x D/n).

    For one block it is the weight itself.
    """
    if n == 1:
        return weight
    *leading, channels = weight.shape
    parts = ops.moveaxis(ops.reshape(weight, (*leading, groups, n, channels // (groups * n))), -2, 0)
    return ops.reshape(parts, (n, *leading, channels // n))


def blocks_of_steps(tensor: Tensor, n: int) -> Tensor:
    """Give each of n blocks its channels of every step: (O - 1, D, ...) -> (n, O - 1, D/n, ...).

    For one block it is the tensor itself.
    """
    if n == 1:
        return tensor
    steps, D, *rest = tensor.shape
    return ops.moveaxis(ops.reshape(tensor, (steps, n, D // n, *rest)), 1, 0)
