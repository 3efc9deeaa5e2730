"""The language model: it predicts the next base."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import keras

from hyenadna_backends.blocks import Tensor
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.backbone import HyenaBackbone
from hyenadna_core.model.initializers import LINEAR_STDDEV, NumpyNormal, child_seed
from hyenadna_core.model.pretrained import Pretrained
from hyenadna_core.model.quantized import quantize_parts, quantized_parts
from hyenadna_core.model.sequence_model import SequenceModel
from hyenadna_core.model.spectra import forward


@keras.saving.register_keras_serializable("hyenadna")
class CausalLM(Pretrained, SequenceModel):
    """A model from token ids to the logits of the next token: (B, L) -> (B, L, V), in float32.

    With `tie_embeddings` the head is the transposed embedding (as in the original's training code);
    without it, the head is its own matrix (as on the hub). `quantized` names the parts of the head
    to quantize, as a saved model has them.
    """

    def __init__(
        self,
        backbone: HyenaBackbone,
        tie_embeddings: bool = True,
        quantized: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        config = replace(backbone.hyena_config, tie_embeddings=tie_embeddings)
        head = None
        hidden = backbone.output
        if tie_embeddings:
            logits = backbone.embeddings(hidden, reverse=True)  # (B, L, D) -> (B, L, V)
        else:
            head = keras.layers.Dense(
                config.vocab_size,
                use_bias=False,
                kernel_initializer=NumpyNormal(LINEAR_STDDEV, child_seed(config.seed, "lm_head")),
                dtype="float32",
                name="lm_head",
            )
            quantize_parts(quantized or {}, head)
            logits = head(hidden)
        super().__init__(inputs=backbone.input, outputs=logits, **kwargs)
        self.backbone, self.tie_embeddings, self.lm_head = backbone, tie_embeddings, head
        self.hyena_config, self.max_seq_len = config, config.max_seq_len

    @classmethod
    def from_hyena_config(cls, config: HyenaConfig) -> Self:
        """Return an untrained model with these hyperparameters (docs/model.md section 5)."""
        return cls(HyenaBackbone.from_hyena_config(config), config.tie_embeddings)

    def head(self, hidden: Tensor) -> Tensor:
        """Compute logits from hidden states: (B, L, D) -> (B, L, V)."""
        return self.backbone.embeddings(hidden, reverse=True) if self.lm_head is None else self.lm_head(hidden)

    def infer(self, ids: Tensor) -> Tensor:
        """Compute logits with kept spectra: (B, L) -> (B, L, V)."""
        return self.head(forward(self.backbone, ids))

    @property
    def architecture(self) -> dict[str, Any]:
        """The hyperparameters by name."""
        return self.hyena_config.asdict()

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "trainable": self.trainable,
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "tie_embeddings": self.tie_embeddings,
            "quantized": quantized_parts(self.lm_head),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config | {"backbone": keras.saving.deserialize_keras_object(config["backbone"])})


def random_model(architecture: Mapping[str, Any], **overrides: Any) -> "CausalLM":
    """Return an untrained language model with these hyperparameters by name.

    Raises:
        HyenaDNAError: a name that is not a hyperparameter.
    """
    model: CausalLM = CausalLM.from_hyena_config(HyenaConfig.from_arguments(architecture, **overrides))
    return model
