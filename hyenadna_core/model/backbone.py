"""The backbone: an embedding, a stack of blocks and a final norm (docs/model.md section 2)."""

from collections.abc import Mapping
from typing import Any, Self

import keras
import numpy as np

from hyenadna_backends.blocks import Tensor
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.block import HyenaBlock, Norm
from hyenadna_core.model.filters import PositionalFeatures
from hyenadna_core.model.initializers import LINEAR_STDDEV, NumpyNormal, child_seed
from hyenadna_core.model.pretrained import Pretrained
from hyenadna_core.model.quantized import quantize_parts, quantized_parts
from hyenadna_core.model.spectra import Spectra, predict


class SequenceModel(keras.Model):
    """A functional model of token ids (B, L) that checks their length first."""

    def __call__(self, ids: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        self.check_length(ids)
        return super().__call__(ids, *args, **kwargs)

    def call(
        self, ids: Tensor, training: bool | None = None, mask: Any = None, **kwargs: Any
    ) -> Tensor:  # predict and fit on JAX start here
        self.check_length(ids)
        return super().call(ids, training=training, mask=mask, **kwargs)

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """Return the model's output for ids (B, L) as a NumPy array.

        The spectra of the filters are kept between calls.
        """
        return predict(self, np.asarray(x))

    def check_length(self, ids: Tensor) -> None:
        """Raise HyenaDNAError if the input is empty or longer than max_seq_len.

        A length that is not known yet, while the graph is made, is not an error.
        """
        if len(ids.shape) != 2:
            raise HyenaDNAError(
                f"Token ids must have the shape (B, L), not {tuple(ids.shape)}; one sequence is ids[None]."
            )
        if 0 in ids.shape:
            raise HyenaDNAError(f"There are no token ids in the shape {tuple(ids.shape)}: give at least one sequence.")
        if ids.shape[1] is not None and ids.shape[1] > self.max_seq_len:
            raise HyenaDNAError(
                f"The input has {ids.shape[1]:,} positions, this model takes at most {self.max_seq_len:,}: cut it, or "
                "choose a model with a larger max_seq_len."
            )


@keras.saving.register_keras_serializable("hyenadna")
class HyenaBackbone(Pretrained, SequenceModel):
    """A model from token ids to hidden states: (B, L) -> (B, L, D), for every L up to max_seq_len.

    Args:
        n_layer, d_model, max_seq_len: number of blocks, number of channels, largest number of
            positions.
        dtype: a Keras dtype policy, or its name.
        quantized: the parts to quantize, as a saved backbone has them.
        hyperparameters: the others of HyenaConfig, by name, with the same defaults; tie_embeddings
            belongs to CausalLM.

    Raises:
        TypeError: an argument that is not a hyperparameter of a backbone.
        HyenaDNAError: a value that no model can have.
    """

    def __init__(
        self,
        n_layer: int,
        d_model: int,
        max_seq_len: int,
        *,
        dtype: Any = None,
        name: str | None = None,
        trainable: bool = True,
        quantized: Mapping[str, Any] | None = None,
        **hyperparameters: Any,
    ) -> None:
        if "tie_embeddings" in hyperparameters:
            raise TypeError("tie_embeddings is an argument of CausalLM, not of HyenaBackbone.")
        policy_name = dtype if dtype is None or isinstance(dtype, str) else dtype.name
        config = HyenaConfig(n_layer, d_model, max_seq_len, dtype=policy_name, **hyperparameters)

        # === Layers ===
        embeddings = keras.layers.ReversibleEmbedding(
            config.vocab_size,
            d_model,
            embeddings_initializer=NumpyNormal(LINEAR_STDDEV, child_seed(config.seed, "embeddings")),
            reverse_dtype="float32",
            dtype=dtype,
            name="embeddings",
        )
        shares_positions = config.mixer == "hyena" and not config.trained_positions
        pos_emb = PositionalFeatures(max_seq_len, config.emb_dim, name="pos_emb") if shares_positions else None
        blocks = [
            HyenaBlock(config, child_seed(config.seed, f"layers.{i}"), pos_emb, dtype=dtype, name=f"layers_{i}")
            for i in range(n_layer)
        ]
        ln_f = Norm(epsilon=config.layer_norm_epsilon, dtype="float32", name="ln_f")

        quantize_parts(quantized or {}, embeddings, *blocks)

        # === Functional model ===
        ids = keras.Input((None,), dtype="int32", name="ids")  # (B, L)
        x = embeddings(ids)  # (B, L) -> (B, L, D)
        x = keras.layers.Dropout(config.embed_dropout, seed=child_seed(config.seed, "dropout"), dtype=dtype)(x)
        for block in blocks:
            x = block(x)
        super().__init__(inputs=ids, outputs=ln_f(x), name=name, trainable=trainable)

        # === State ===
        self.embeddings, self.blocks, self.ln_f = embeddings, blocks, ln_f
        self.hyena_config, self.max_seq_len = config, max_seq_len
        self.spectra = Spectra()

    @classmethod
    def from_hyena_config(cls, config: HyenaConfig) -> Self:
        """Return an untrained backbone with these hyperparameters (docs/model.md section 5)."""
        return cls(**config.of_backbone)

    def get_config(self) -> dict[str, Any]:
        config = {"name": self.name, "trainable": self.trainable} | self.hyena_config.of_backbone
        return config | {"quantized": quantized_parts(self.embeddings, *self.blocks)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config)
