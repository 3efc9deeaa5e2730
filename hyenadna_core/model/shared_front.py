"""Vectors in front of all rows of a batch, computed once for a training step and not for each row.

The model is causal, so the states of the vectors do not depend on what follows. Only the first row
is computed as a whole. Its convolutions are the reference of the rows (continuation.py), which are
computed from where they differ. Values and gradients are those of all positions of all rows.
"""

from collections.abc import Callable
from typing import Any

import keras

from hyenadna_backends.blocks import Tensor
from hyenadna_core.model.continuation import margin


class SharedFront(keras.layers.Layer):
    """The hidden states after P vectors that all rows share: (B, P + L, D) -> (B, L, D).

    Rows are computed as a whole in inference, where long ones go in blocks of channels. So they are
    in training if there is only one, if P is at most the margin of the short filters, with
    attention, with dropout and with rematerialised blocks.

    Args:
        backbone: a HyenaBackbone. Its weights are not weights of this layer.
        count: P.
    """

    def __init__(self, backbone: Any, count: int, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", "autocast": False, "name": "shared_front"} | kwargs)
        self.count = count
        self._backbone: Callable[[], Any] = lambda: backbone  # Keras would track a layer

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        backbone, count = self._backbone(), self.count
        if not (training and self._is_once(x.shape[0])):
            return backbone.from_embeddings(x, training=training)[:, count:]
        mode = {"training": True}
        again, x = margin(backbone.hyena_config), backbone.embed_dropout(x, **mode)
        start = count - again
        first, rows = x[:1], x[:, start:]
        for block in backbone.blocks:
            first, convolved = block(first, keep=True, **mode)
            rows = block(rows, reference=[(u[..., start:], y[..., start:]) for u, y in convolved], **mode)
        return backbone.ln_f(rows[:, again:], **mode)

    def _is_once(self, rows: int | None) -> bool:
        """Return whether a training step computes the vectors once for so many rows."""
        backbone = self._backbone()
        config = backbone.hyena_config
        each = config.mixer != "hyena" or config.rematerialise or backbone.embed_dropout.rate > 0
        return rows != 1 and self.count > margin(config) and not each

    def compute_output_spec(self, x: Tensor, training: bool | None = None) -> Any:
        B, L, D = x.shape
        return keras.KerasTensor((B, None if L is None else L - self.count, D), "float32")
