"""A prefix that is computed once, for all sequences that come after it.

The model is causal: no sequence changes the states of the positions before it. So what the prefix
adds to each long convolution is kept, and a sequence is computed only from there on
(continuation.py).
"""

from typing import Any

import numpy as np
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.forward import run_norm, without_gradients
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.model.continuation import Convolved, kept_bytes, margin
from hyenadna_core.model.spectra import each_block


class KeptPrefix:
    """The kept states of P vectors in front of the embeddings, such as a soft prompt.

    `hidden(embedded)` equals `backbone.from_embeddings` of the prefix and the embeddings, in
    inference, at the positions of the embeddings.

    Args:
        backbone: a HyenaBackbone of Hyena operators. Make another KeptPrefix if its weights change.
        vectors: the prefix, (P, D).
        length: L, the largest number of positions after the prefix.

    Attributes:
        bytes: the memory of the kept states.

    Raises:
        HyenaDNAError: the backbone has attention, the vectors have another shape, or the prefix and
            `length` positions are more than the model takes.
    """

    def __init__(self, backbone: Any, vectors: np.ndarray, length: int) -> None:
        config, vectors = backbone.hyena_config, np.asarray(vectors, np.float32)
        if config.mixer != "hyena":
            raise HyenaDNAError("A model with attention keeps no prefix: choose one of Hyena operators.")
        if vectors.ndim != 2 or vectors.shape[1] != config.d_model or not len(vectors):
            raise HyenaDNAError(f"A prefix has the shape (P, {config.d_model}) for this model, not {vectors.shape}.")
        if length < 1 or len(vectors) + length > config.max_seq_len:
            raise HyenaDNAError(
                f"A prefix of {len(vectors):,} vectors and {length:,} positions after it do not fit: the model takes "
                f"1 to {config.max_seq_len:,} in all."
            )
        self.backbone, self.length = backbone, length
        again = margin(config)  # the last vectors are read with each sequence, for the short filters
        self._is_short = len(vectors) <= again  # then nothing is kept: all of it is read with each sequence
        self._read = ops.convert_to_tensor(vectors if self._is_short else vectors[-again:])
        self._kept: list[Convolved] = [] if self._is_short else self._computed(vectors)
        self.bytes = 0 if self._is_short else kept_bytes(config, again + length)

    def hidden(self, embedded: Tensor) -> Tensor:
        """Compute the hidden states of embeddings after the prefix: (B, L, D) -> (B, L, D).

        Raises:
            HyenaDNAError: there are more than `length` positions or none, or not D channels.
        """
        shape = tuple(embedded.shape)
        if len(shape) != 3 or shape[-1] != self._read.shape[-1] or not 1 <= shape[1] <= self.length:
            raise HyenaDNAError(
                f"Embeddings after this prefix have the shape (B, 1 to {self.length:,}, {self._read.shape[-1]}), "
                f"not {shape}."
            )
        again = self._read.shape[0]
        end = again + shape[1]
        references = [[(u[..., :end], y[..., :end]) for u, y in block] for block in self._kept]

        def read_again() -> Tensor:
            before = ops.broadcast_to(self._read, (shape[0], *self._read.shape))
            return self._input(ops.concatenate([before, ops.cast(embedded, "float32")], axis=1))

        with without_gradients():
            for x, _ in each_block(self.backbone, read_again, keep=False, references=references or None, first=again):
                states = x
            return run_norm(self.backbone.ln_f, states)

    def _input(self, x: Tensor) -> Tensor:
        """Return vectors as the blocks read them, rounded to the dtype of the policy."""
        return ops.cast(self.backbone.embed_dropout(x, training=False), "float32")

    def _computed(self, vectors: np.ndarray) -> list[Convolved]:
        """Return the inputs and outputs of the long convolutions, from the last vectors on.

        After the prefix come `length` empty positions: the convolutions of a sequence there start
        from those of the empty ones.
        """
        start = len(vectors) - self._read.shape[0]
        whole = np.concatenate([vectors, np.zeros((self.length, vectors.shape[1]), np.float32)])[None]
        kept: list[Convolved] = []
        with without_gradients():
            blocks = each_block(self.backbone, lambda: self._input(ops.convert_to_tensor(whole)), keep=True)
            for _, convolved in blocks:
                if convolved is not None:
                    kept.append([(ops.copy(u[..., start:]), ops.copy(y[..., start:])) for u, y in convolved])
        return kept
