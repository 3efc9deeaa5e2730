"""A block: a mixer of positions and an MLP around the residual stream (docs/model.md section 2)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import keras
from keras import ops

from hyenadna_backends.blocks import Tensor, map_rows
from hyenadna_backends.rematerialised import rematerialised
from hyenadna_backends.rematerialised_loops import map_rows_again
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model import sizes
from hyenadna_core.model.attention import CausalAttention
from hyenadna_core.model.continuation import Convolved
from hyenadna_core.model.filters import PositionalFeatures
from hyenadna_core.model.hyena import HyenaOperator
from hyenadna_core.model.initializers import LINEAR_STDDEV, NumpyNormal, child_seed, residual_stddev
from hyenadna_core.model.positions import table_for
from hyenadna_core.model.quantized import quantize_parts, quantized_parts


@keras.saving.register_keras_serializable("hyenadna")
class FeedForward(keras.layers.Layer):
    """The MLP of a block: two linear layers with a GELU between them, (B, L, D) -> (B, L, D)."""

    def __init__(self, config: HyenaConfig, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config, self.seed = config, seed
        self.fc1 = keras.layers.Dense(
            config.d_inner,
            kernel_initializer=NumpyNormal(LINEAR_STDDEV, child_seed(seed, "fc1")),
            dtype=self.dtype_policy,
            name="fc1",
        )
        self.fc2 = keras.layers.Dense(
            config.d_model,
            kernel_initializer=NumpyNormal(residual_stddev(config.n_layer), child_seed(seed, "fc2")),
            dtype=self.dtype_policy,
            name="fc2",
        )

    def build(self, input_shape: tuple[Any, ...]) -> None:
        self.fc1.build(input_shape)
        self.fc2.build((*input_shape[:-1], self.fc1.units))

    def compute_output_spec(self, x: Tensor) -> Any:
        return keras.KerasTensor(x.shape, self.compute_dtype)

    def call(self, x: Tensor) -> Tensor:
        rows = ops.reshape(x, (-1, x.shape[-1]))  # two axes: XLA's gradients are twice as fast as with three
        return ops.reshape(self.fc2(ops.gelu(self.fc1(rows), approximate=True)), x.shape)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"config": self.config.asdict(), "seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config | {"config": HyenaConfig(**config["config"])})


@keras.saving.register_keras_serializable("hyenadna")
class Norm(keras.layers.LayerNormalization):
    """Layer normalization of each position: (..., D) -> (..., D)."""

    def build(self, input_shape: tuple[Any, ...]) -> None:
        super().build((None, input_shape[-1]))

    def compute_output_spec(self, x: Tensor, training: bool = False) -> Any:
        return keras.KerasTensor(x.shape, "float32")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return by_rows(super().call, x, training)


def by_rows(function: Callable[[Tensor], Tensor], x: Tensor, training: bool, again: Sequence[Any] = ()) -> Tensor:
    """Apply `function`, (R, D) -> (R, D), to all positions of x: (..., D) -> (..., D).

    In inference, `function` gets a long input some rows at a time. In training it does with
    `again`, the layers whose variables it reads; these rows are computed again for the gradient.
    The rows form a matrix, because XLA sums the gradients of a scale or a bias many times faster
    over one axis than over two.
    """
    rows = ops.reshape(x, (-1, x.shape[-1]))
    if again and len(rows) > sizes.TRAINED_ROWS:
        return ops.reshape(map_rows_again(function, rows, sizes.TRAINED_ROWS, *again), x.shape)
    at_once = len(rows) if training or len(rows) <= 2 * sizes.ROWS else sizes.ROWS
    return ops.reshape(map_rows(function, rows, at_once), x.shape)


@keras.saving.register_keras_serializable("hyenadna")
class HyenaBlock(keras.layers.Layer):
    """A pre-norm mixer and a pre-norm MLP around a float32 residual stream: (B, L, D) -> (B, L, D).

    Blocks that get the same `pos_emb` share one table of positions. `quantized` names the parts to
    quantize, as a saved block has them.
    """

    def __init__(
        self,
        config: HyenaConfig,
        seed: int = 0,
        pos_emb: PositionalFeatures | None = None,
        quantized: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        self.config, self.seed = config, seed
        self.shares_positions = pos_emb is not None
        own = {"dtype": self.dtype_policy, "name": "mixer", "seed": child_seed(seed, "mixer")}
        if config.mixer == "attention":
            self.mixer = CausalAttention(config.d_model, out_stddev=residual_stddev(config.n_layer), **own)
        else:
            self.mixer = HyenaOperator(config, pos_emb=pos_emb, **own)
        self.mlp = FeedForward(config, child_seed(seed, "mlp"), dtype=self.dtype_policy, name="mlp")
        self.norm1 = Norm(epsilon=config.layer_norm_epsilon, dtype="float32", name="norm1")
        self.norm2 = Norm(epsilon=config.layer_norm_epsilon, dtype="float32", name="norm2")
        quantize_parts(quantized or {}, *self._layers)

    def build(self, input_shape: tuple[Any, ...]) -> None:
        for layer in (self.norm1, self.mixer, self.norm2, self.mlp):
            layer.build(input_shape)

    def compute_output_spec(self, x: Tensor, training: bool = False) -> Any:
        return keras.KerasTensor(x.shape, "float32")

    def call(
        self,
        x: Tensor,
        training: bool = False,
        spectra: Tensor | None = None,
        keep: bool = False,
        reference: Convolved | None = None,
        first: int = 0,
    ) -> Any:
        """Compute the block: all positions, or those from `first` on; the mixer reads all.

        In inference the mixer takes `spectra`, `keep` and `reference`.
        """
        if training and self.config.rematerialise:
            return rematerialised(lambda x: self.residual(x, training), self)(x)
        given = {"spectra": spectra, "keep": keep or None, "reference": reference}
        inference = {name: value for name, value in given.items() if value is not None}
        return self.residual(x, training, first, **inference)

    def residual(self, x: Tensor, training: bool, first: int = 0, **inference: Any) -> Any:
        """Add the mixer's output to the stream, then the MLP's: (B, L, D) -> (B, L - first, D).

        With `keep` in `inference`, also return what the mixer keeps.
        """
        x = ops.cast(x, "float32")
        # `training` is passed by name: when a block is computed again for its gradient, Keras does
        # not know it.
        mixed = self.mixer(self.norm1(x, training=training), training=training, **inference)
        mixed, kept = mixed if "keep" in inference else (mixed, None)
        x = (x + ops.cast(mixed, "float32"))[:, first:]
        again = (self.norm2, self.mlp) if training and self.config.rematerialise else ()
        x = by_rows(lambda rows: self.feed_forward(rows, training), x, training, again)
        return (x, kept) if "keep" in inference else x

    def feed_forward(self, rows: Tensor, training: bool) -> Tensor:
        """Add the MLP's output to each position: (R, D) -> (R, D)."""
        return rows + ops.cast(self.mlp(self.norm2(rows, training=training)), "float32")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "config": self.config.asdict(),
            "seed": self.seed,
            "positions": id(self.mixer.pos_emb) if self.shares_positions else None,
            "quantized": quantized_parts(*self._layers),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = config | {"config": HyenaConfig(**config["config"])}
        pos_emb = table_for(config["name"], config.pop("positions", None), config["config"])
        return cls(**config, pos_emb=pos_emb)
