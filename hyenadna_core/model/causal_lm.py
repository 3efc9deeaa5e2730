"""The language model: which base comes next."""

import keras

from hyenadna_core.model.backbone import SequenceModel
from hyenadna_core.model.filters import LINEAR_STDDEV
from hyenadna_core.model.initializers import NumpyNormal, child_seed


@keras.saving.register_keras_serializable("hyenadna")
class CausalLM(SequenceModel):
    """Token ids to the logits of the next token: (B, L) -> (B, L, V), in float32.

    With `tie_embeddings` the head is the embedding turned round (the original's training code); without, it is a
    matrix of its own (the hub).
    """

    def __init__(self, backbone, tie_embeddings=True, **kwargs):
        head = None
        hidden = backbone.output
        if tie_embeddings:
            logits = backbone.embeddings(hidden, reverse=True)  # (B, L, D) -> (B, L, V)
        else:
            config = backbone.get_config()
            head = keras.layers.Dense(
                config["vocab_size"],
                use_bias=False,
                kernel_initializer=NumpyNormal(LINEAR_STDDEV, child_seed(config["seed"], "lm_head")),
                dtype="float32",
                name="lm_head",
            )
            logits = head(hidden)
        super().__init__(inputs=backbone.input, outputs=logits, **kwargs)
        self.backbone, self.tie_embeddings, self.lm_head = backbone, tie_embeddings, head
        self.max_seq_len = backbone.max_seq_len

    def head(self, hidden):
        """Hidden states to logits: (B, L, D) -> (B, L, V)."""
        return self.backbone.embeddings(hidden, reverse=True) if self.lm_head is None else self.lm_head(hidden)

    def read_out(self, hidden, ids):
        """Hidden states of ids to logits: (B, L, D), (B, L) -> (B, L, V)."""
        return self.head(hidden)

    @property
    def architecture(self):
        """The arguments of HyenaBackbone, and tie_embeddings, that a model like this is made from."""
        config = {
            name: value for name, value in self.backbone.get_config().items() if name not in ("name", "trainable")
        }
        return config | {"tie_embeddings": self.tie_embeddings}

    @classmethod
    def from_preset(cls, preset, weights="published", **overrides):
        """The model of a preset, by its name: with its published weights, or with None the original's initialisation.

        `overrides` are arguments of HyenaBackbone, or tie_embeddings.

        Raises:
            HyenaDNAError: there is no such preset, or its weights cannot be had.
        """
        from hyenadna_core.model.loading import load, random_model
        from hyenadna_core.registry import find_preset

        found = find_preset(preset)
        if weights is None:
            return random_model(found.config, **overrides)
        return load(found.name if weights == "published" else weights, **overrides)

    def get_config(self):
        return {
            "name": self.name,
            "trainable": self.trainable,
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "tie_embeddings": self.tie_embeddings,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config | {"backbone": keras.saving.deserialize_keras_object(config["backbone"])})
