"""The backbone: embedding, a stack of Hyena blocks, a final norm (docs/model.md section 2)."""

import math

import keras
import numpy as np
from keras import ops

from hyenadna_backends.blocks import map_rows
from hyenadna_backends.rematerialised import rematerialised
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.model import memory
from hyenadna_core.model.attention import CausalAttention
from hyenadna_core.model.filters import LINEAR_STDDEV, PositionalFeatures
from hyenadna_core.model.hyena import HyenaOperator
from hyenadna_core.model.initializers import NumpyNormal, child_seed
from hyenadna_core.model.spectra import predict


class SequenceModel(keras.Model):
    """A functional model of token ids (B, L) that refuses more than `max_seq_len` of them before any work."""

    def __call__(self, ids, *args, **kwargs):
        self.check_length(ids)
        return super().__call__(ids, *args, **kwargs)

    def call(self, ids, training=None, mask=None, **kwargs):  # where JAX's predict and fit come in
        self.check_length(ids)
        return super().call(ids, training=training, mask=mask, **kwargs)

    def predict_on_batch(self, x):
        """What the model makes of ids (B, L), as a NumPy array; the filters' spectra are kept between calls."""
        return predict(self, np.asarray(x))

    def check_length(self, ids):
        """HyenaDNAError where the input is empty or too long; an unknown length, while the graph is made, is not."""
        if len(ids.shape) != 2:
            raise HyenaDNAError(
                f"Token ids come as (B, L): these have the shape {tuple(ids.shape)}; one sequence is ids[None]."
            )
        if 0 in ids.shape:
            raise HyenaDNAError(
                f"There are no token ids: their shape is {tuple(ids.shape)}; give one sequence at least."
            )
        if ids.shape[1] is not None and ids.shape[1] > self.max_seq_len:
            raise HyenaDNAError(
                f"The input has {ids.shape[1]:,} positions, this model takes at most {self.max_seq_len:,}: cut it, or "
                "choose a model with a larger max_seq_len."
            )


@keras.saving.register_keras_serializable("hyenadna")
class FeedForward(keras.layers.Layer):
    """Two linear layers with a GELU between, at each position: (B, L, D) -> (B, L, D)."""

    def __init__(self, d_model, d_inner, out_stddev=LINEAR_STDDEV, seed=0, **kwargs):
        super().__init__(**kwargs)
        self._config = {"d_model": d_model, "d_inner": d_inner, "out_stddev": out_stddev, "seed": seed}
        self.fc1 = keras.layers.Dense(
            d_inner,
            kernel_initializer=NumpyNormal(LINEAR_STDDEV, child_seed(seed, "fc1")),
            dtype=self.dtype_policy,
            name="fc1",
        )
        self.fc2 = keras.layers.Dense(
            d_model,
            kernel_initializer=NumpyNormal(out_stddev, child_seed(seed, "fc2")),
            dtype=self.dtype_policy,
            name="fc2",
        )

    def build(self, input_shape):
        self.fc1.build(input_shape)
        self.fc2.build((*input_shape[:-1], self.fc1.units))

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, self.compute_dtype)

    def call(self, x):
        rows = ops.reshape(x, (-1, x.shape[-1]))  # two axes: XLA's gradients are twice as fast as with three
        return ops.reshape(self.fc2(ops.gelu(self.fc1(rows), approximate=True)), x.shape)

    def get_config(self):
        return super().get_config() | self._config


@keras.saving.register_keras_serializable("hyenadna")
class Norm(keras.layers.LayerNormalization):
    """Layer normalization of each position: (..., D) -> (..., D)."""

    def build(self, input_shape):
        super().build((None, input_shape[-1]))

    def compute_output_spec(self, x, training=False):
        return keras.KerasTensor(x.shape, "float32")

    def call(self, x, training=False):
        return by_rows(super().call, x, training)


def by_rows(function, x, training):
    """`function`, (R, D) -> (R, D), of all positions of x, (..., D); in inference some of a long input at a time.

    Rows are a matrix: XLA sums the gradients of a scale or a bias over one axis many times as fast as over two.
    """
    rows = ops.reshape(x, (-1, x.shape[-1]))
    at_once = len(rows) if training or len(rows) <= 2 * memory.ROWS else memory.ROWS
    return ops.reshape(map_rows(function, rows, at_once), x.shape)


@keras.saving.register_keras_serializable("hyenadna")
class HyenaBlock(keras.layers.Layer):
    """Pre-norm mixer and MLP around a residual stream that stays in float32: (B, L, D) -> (B, L, D)."""

    def __init__(self, mixer, mlp, layer_norm_epsilon=1e-5, rematerialise=False, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})
        self.mixer, self.mlp, self.layer_norm_epsilon = mixer, mlp, layer_norm_epsilon
        self.rematerialise = rematerialise
        self.norm1 = Norm(epsilon=layer_norm_epsilon, dtype="float32", name="norm1")
        self.norm2 = Norm(epsilon=layer_norm_epsilon, dtype="float32", name="norm2")

    def build(self, input_shape):
        for layer in (self.norm1, self.mixer, self.norm2, self.mlp):
            layer.build(input_shape)

    def compute_output_spec(self, x, training=False):
        return keras.KerasTensor(x.shape, "float32")

    def call(self, x, training=False, spectra=None):
        """`spectra` are those of the mixer's filters, where inference has kept them."""
        if training and self.rematerialise:
            return rematerialised(lambda x: self.residual(x, training), self)(x)
        return self.residual(x, training, spectra)

    def residual(self, x, training, spectra=None):
        """Mixer, then MLP, each added to the stream: (B, L, D) -> (B, L, D)."""
        x = ops.cast(x, "float32")
        kept = {} if spectra is None else {"spectra": spectra}
        # `training` is handed on by name: where a block is made again for its gradient, Keras knows of none.
        x = x + ops.cast(self.mixer(self.norm1(x, training=training), training=training, **kept), "float32")
        return by_rows(lambda rows: self.feed_forward(rows, training), x, training)

    def feed_forward(self, rows, training):
        """The second half of the block, for each position alone: (R, D) -> (R, D)."""
        return rows + ops.cast(self.mlp(self.norm2(rows, training=training)), "float32")

    def get_config(self):
        return super().get_config() | {
            "mixer": keras.saving.serialize_keras_object(self.mixer),
            "mlp": keras.saving.serialize_keras_object(self.mlp),
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "rematerialise": self.rematerialise,
        }

    @classmethod
    def from_config(cls, config):
        parts = {part: keras.saving.deserialize_keras_object(config[part]) for part in ("mixer", "mlp")}
        return cls(**config | parts)


@keras.saving.register_keras_serializable("hyenadna")
class HyenaBackbone(SequenceModel):
    """Token ids to hidden states: (B, L) -> (B, L, D), for every L up to max_seq_len.

    Args:
        n_layer, d_model, d_inner: blocks, channels, width of the MLP (4 * d_model where not given).
        max_seq_len: the most positions; the filters' time runs from 0 to 1 over them (l_max of the original).
        mixer: "hyena", or "attention" for a causal Transformer of the same depth and width, to compare with: softmax
            attention with rotary positions. With it, the arguments of operators and filters are ignored: order,
            emb_dim, filter_order, num_inner_mlps, short_filter_order, activation_freq, window_shift, filter_layout,
            trained_positions.
        order: gates of an operator, and one more than its long convolutions.
        emb_dim, filter_order, num_inner_mlps, activation_freq: the filter network.
        window_shift: what the filters' decaying window keeps for ever: 0.05 in the original's inference code and on the
            hub, 0.0 in its training code.
        filter_layout: for order > 2, whose index runs fastest over the filters: "channel_major" the original's
            training code, "step_major" its inference code.
        trained_positions: positional features of each layer's own, trained (the hub's layout).
        rematerialise: in training, keep nothing of a block but its input, and compute it again for the gradient: memory
            for time, for long inputs.
        embed_dropout: dropout after the embedding, in training.
        vocab_size: rows of the embedding; ids 12 to 15 never occur.
        seed: of the initial weights, drawn in NumPy and so equal on every backend (docs/model.md section 5).
    """

    def __init__(
        self,
        n_layer,
        d_model,
        max_seq_len,
        d_inner=None,
        order=2,
        emb_dim=5,
        filter_order=64,
        num_inner_mlps=2,
        short_filter_order=3,
        activation_freq=10.0,
        window_shift=0.05,
        filter_layout="channel_major",
        trained_positions=False,
        embed_dropout=0.1,
        layer_norm_epsilon=1e-5,
        vocab_size=16,
        mixer="hyena",
        rematerialise=False,
        seed=0,
        dtype=None,
        name=None,
        trainable=True,
    ):
        if mixer not in ("hyena", "attention"):
            raise ValueError(f"mixer must be 'hyena' or 'attention'. Received: mixer={mixer!r}")
        d_inner = d_inner or 4 * d_model
        operator_config = {
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
        }
        out_stddev = LINEAR_STDDEV / math.sqrt(2 * n_layer)

        # === Layers ===
        embeddings = keras.layers.ReversibleEmbedding(
            vocab_size,
            d_model,
            embeddings_initializer=NumpyNormal(LINEAR_STDDEV, child_seed(seed, "embeddings")),
            reverse_dtype="float32",
            dtype=dtype,
            name="embeddings",
        )
        shares_positions = mixer == "hyena" and not trained_positions
        pos_emb = PositionalFeatures(max_seq_len, emb_dim, name="pos_emb") if shares_positions else None
        blocks = []
        for i in range(n_layer):
            block_seed = child_seed(seed, f"layers.{i}")
            mixer_seed, mlp_seed = child_seed(block_seed, "mixer"), child_seed(block_seed, "mlp")
            shared = {"out_stddev": out_stddev, "seed": mixer_seed, "dtype": dtype, "name": "mixer"}
            if mixer == "attention":
                mixing = CausalAttention(d_model, **shared)
            else:
                mixing = HyenaOperator(**operator_config, pos_emb=pos_emb, **shared)
            mlp = FeedForward(d_model, d_inner, out_stddev, mlp_seed, dtype=dtype, name="mlp")
            blocks.append(HyenaBlock(mixing, mlp, layer_norm_epsilon, rematerialise, dtype=dtype, name=f"layers_{i}"))
        ln_f = Norm(epsilon=layer_norm_epsilon, dtype="float32", name="ln_f")

        # === Functional model ===
        ids = keras.Input((None,), dtype="int32", name="ids")  # (B, L)
        x = embeddings(ids)  # (B, L) -> (B, L, D)
        x = keras.layers.Dropout(embed_dropout, seed=child_seed(seed, "dropout"), dtype=dtype)(x)
        for block in blocks:
            x = block(x)
        super().__init__(inputs=ids, outputs=ln_f(x), name=name, trainable=trainable)

        # === Config ===
        self.embeddings, self.blocks, self.ln_f = embeddings, blocks, ln_f
        self.max_seq_len = max_seq_len
        self._config = operator_config | {
            "n_layer": n_layer,
            "d_inner": d_inner,
            "embed_dropout": embed_dropout,
            "layer_norm_epsilon": layer_norm_epsilon,
            "vocab_size": vocab_size,
            "mixer": mixer,
            "rematerialise": rematerialise,
            "seed": seed,
            "dtype": dtype if dtype is None or isinstance(dtype, str) else dtype.name,
        }

    @classmethod
    def from_preset(cls, preset, weights="published", **overrides):
        """The backbone of a preset: with its published weights, or with None the original's initialisation."""
        from hyenadna_core.model.causal_lm import CausalLM

        return CausalLM.from_preset(preset, weights, **overrides).backbone

    def get_config(self):
        return {"name": self.name, "trainable": self.trainable} | self._config

    @classmethod
    def from_config(cls, config):
        return cls(**config)
