"""The model of a task: the backbone and the head of the task."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_core.model.backbone import SequenceModel
from hyenadna_core.tokens import PAD


class TaskModel(SequenceModel):
    """A model from token ids to the outputs of a task: (B, L) -> (B, ...).

    Args:
        backbone: gives the head its hidden states (B, L, D).
        head: makes outputs with Keras layers from hidden (B, L, D) and real (B, L), which is false
            at padding.
    """

    def __init__(self, backbone: Any, head: Callable[[Any, Any], Any], **kwargs: Any) -> None:
        hidden = keras.Input((None, backbone.output.shape[-1]), name="hidden")
        real = keras.Input((None,), dtype="bool", name="real")
        read_out = keras.Model([hidden, real], head(hidden, real), name="read_out")
        outputs = read_out([backbone.output, ops.not_equal(backbone.input, PAD)])
        super().__init__(inputs=backbone.input, outputs=outputs, **kwargs)
        self.backbone, self.head = backbone, read_out
        self.max_seq_len = backbone.max_seq_len

    def read_out(self, hidden: Tensor, ids: Tensor) -> Tensor:
        """Compute outputs from the hidden states of ids: (B, L, D), (B, L) -> (B, ...)."""
        return self.head([hidden, ops.not_equal(ids, PAD)])

    @property
    def architecture(self) -> dict[str, Any]:
        """The arguments of HyenaBackbone, so that it can be loaded without the head."""
        config = self.backbone.get_config()
        return {name: value for name, value in config.items() if name not in ("name", "trainable")} | {
            "tie_embeddings": True
        }
