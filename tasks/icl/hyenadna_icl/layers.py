"""Keras layers of a context: a soft prompt, [SEP] after a sequence, and the logits of labels."""

from typing import Any

import keras
import numpy as np
from keras import ops

from hyenadna_core.tokens import PAD, SEP

STDDEV = 0.02  # of the first vectors of a prompt, as in the paper's code


class SoftPrompt(keras.layers.Layer):
    """Trained vectors in front of the embeddings: (B, L, D) -> (B, P + L, D).

    Args:
        length: P, the number of vectors.
        seed: seed of the first vectors and of the dropout.
        dropout: share of the numbers of the vectors that a training step drops, for all its rows.
    """

    def __init__(self, length: int, seed: int = 0, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", "autocast": False, "name": "soft_prompt"} | kwargs)
        self.length, self.seed = length, seed
        self.dropout = keras.layers.Dropout(dropout, seed=seed, dtype="float32") if dropout else None

    def build(self, shape: tuple[Any, ...]) -> None:
        self.vectors = self.add_weight(shape=(self.length, shape[-1]), initializer=self._first, name="vectors")

    def _first(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Draw the first vectors: the same on every backend."""
        return ops.convert_to_tensor(np.random.default_rng(self.seed).normal(0, STDDEV, shape), dtype)

    def call(self, embedded: Any, training: bool | None = None) -> Any:
        vectors = self.vectors if self.dropout is None else self.dropout(self.vectors, training=training)
        front = ops.broadcast_to(ops.cast(vectors, embedded.dtype), (ops.shape(embedded)[0], *self.vectors.shape))
        return ops.concatenate([front, embedded], axis=1)

    def compute_output_spec(self, embedded: Any) -> Any:
        B, L, D = embedded.shape
        return keras.KerasTensor((B, None if L is None else self.length + L, D), embedded.dtype)


class SepAfter(keras.layers.Layer):
    """Insert a vector after the last base: (B, L), (B, L, D), (B, 1, D) -> (B, L + 1, D).

    Padding is on the right, and comes after it.
    """

    def call(self, ids: Any, embedded: Any, sep: Any) -> Any:
        count = ops.sum(ops.cast(ops.not_equal(ids, PAD), "int32"), axis=1, keepdims=True)  # (B, 1)
        longer = ops.concatenate([embedded, sep], axis=1)
        here = ops.arange(ops.shape(longer)[1], dtype="int32") == count  # (B, L + 1)
        return ops.where(here[..., None], sep, longer)

    def compute_output_spec(self, ids: Any, embedded: Any, sep: Any) -> Any:
        B, L, D = embedded.shape
        return keras.KerasTensor((B, None if L is None else L + 1, D), embedded.dtype)


class AtLast(keras.layers.Layer):
    """Return the state at the last real position: (B, L, D), (B, L) -> (B, D), in float32."""

    def call(self, hidden: Any, real: Any) -> Any:
        real = ops.cast(real, "float32")
        following = ops.concatenate([real[:, 1:], ops.zeros_like(real[:, :1])], axis=1)
        return ops.sum(ops.cast(hidden, "float32") * (real * (1 - following))[..., None], axis=1)

    def compute_output_spec(self, hidden: Any, real: Any) -> Any:
        return keras.KerasTensor((hidden.shape[0], hidden.shape[-1]), "float32")


class OfTokens(keras.layers.Layer):
    """Choose the logits of some tokens: (B, V) -> (B, K)."""

    def __init__(self, tokens: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", "name": "of_tokens"} | kwargs)
        self.tokens = tokens

    def call(self, logits: Any) -> Any:
        chosen = np.zeros((logits.shape[-1], len(self.tokens)), np.float32)
        chosen[list(self.tokens), range(len(self.tokens))] = 1
        return ops.matmul(ops.cast(logits, "float32"), ops.convert_to_tensor(chosen))

    def compute_output_spec(self, logits: Any) -> Any:
        return keras.KerasTensor((logits.shape[0], len(self.tokens)), "float32")


def with_sep(backbone: Any, ids: Any, embedded: Any) -> Any:
    """Insert [SEP] after each row: (B, L), (B, L, D) -> (B, L + 1, D)."""
    return SepAfter(dtype="float32", autocast=False)(
        ids, embedded, backbone.embeddings(ops.zeros_like(ids[:, :1]) + SEP)
    )


def label_logits(language_model: Any, tokens: tuple[int, ...], hidden: Any, real: Any) -> Any:
    """Read the logits of label tokens at the last real position: (B, L, D), (B, L) -> (B, K).

    A head reads the states from the position after the first base on, so the last one is [SEP].
    """
    return OfTokens(tokens)(language_model.head(AtLast(dtype="float32", autocast=False)(hidden, real)))
