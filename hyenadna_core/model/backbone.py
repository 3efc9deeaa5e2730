"""The backbone: an embedding, a stack of blocks and a final norm (docs/model.md section 2)."""

from collections.abc import Mapping
from typing import Any, Self

import keras

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.heap import settle_for_model
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.before_blocks import check_embedded
from hyenadna_core.model.block import HyenaBlock, Norm
from hyenadna_core.model.filters import PositionalFeatures
from hyenadna_core.model.initializers import LINEAR_STDDEV, NumpyNormal, child_seed
from hyenadna_core.model.pretrained import Pretrained
from hyenadna_core.model.quantized import quantize_parts, quantized_parts
from hyenadna_core.model.sequence_model import SequenceModel
from hyenadna_core.model.spectra import Spectra, forward


@keras.saving.register_keras_serializable("hyenadna")
class HyenaBackbone(Pretrained, SequenceModel):
    """A model from token ids to hidden states: (B, L) -> (B, L, D), for every L up to max_seq_len.

    `embed` and `from_embeddings` are its two parts.

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

        settle_for_model()

        # === Layers ===
        embeddings = keras.layers.ReversibleEmbedding(
            config.vocab_size,
            d_model,
            embeddings_initializer=NumpyNormal(LINEAR_STDDEV, child_seed(config.seed, "embeddings")),
            reverse_dtype="float32",
            dtype=dtype,
            name="embeddings",
        )
        dropout = keras.layers.Dropout(config.embed_dropout, seed=child_seed(config.seed, "dropout"), dtype=dtype)
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
        x = dropout(embeddings(ids))  # (B, L) -> (B, L, D)
        for block in blocks:
            x = block(x)
        super().__init__(inputs=ids, outputs=ln_f(x), name=name, trainable=trainable)

        # === State ===
        self.embeddings, self.embed_dropout, self.blocks, self.ln_f = embeddings, dropout, blocks, ln_f
        self.hyena_config, self.max_seq_len = config, max_seq_len
        self.spectra = Spectra()

    def embed(self, ids: Tensor) -> Tensor:
        """Look up the embeddings of token ids: (B, L) -> (B, L, D).

        Both arguments may be arrays, or tensors of a functional model.

        Raises:
            HyenaDNAError: the ids are too long or not in the vocabulary.
        """
        self.check_length(ids)
        self.check_values(ids)
        return self.embeddings(ids)

    def from_embeddings(self, embedded: Tensor, training: bool | None = None) -> Tensor:
        """Compute hidden states from embeddings, with the dropout: (B, L, D) -> (B, L, D).

        `from_embeddings(embed(ids))` is the backbone. The embeddings may also be other vectors, and
        arrays or tensors of a functional model.

        Raises:
            HyenaDNAError: there are more than max_seq_len positions, or not D channels.
        """
        check_embedded(embedded.shape, self.hyena_config)
        mode = {} if training is None else {"training": training}  # a functional model would keep a None
        x = self.embed_dropout(embedded, **mode)
        for block in self.blocks:
            x = block(x, **mode)
        return self.ln_f(x, **mode)

    def infer(self, ids: Tensor) -> Tensor:
        """Compute hidden states with kept spectra: (B, L) -> (B, L, D)."""
        return forward(self, ids)

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
