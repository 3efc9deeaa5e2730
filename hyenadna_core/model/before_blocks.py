"""Layers of a task between the embedding and the blocks (docs/plugins.md, "Inputs as embeddings").

They change the embeddings of the ids, or put new vectors in front of them, such as a soft prompt.
"""

from collections.abc import Callable
from typing import Any

import keras

from hyenadna_backends.blocks import Tensor
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.shared_front import SharedFront

Embed = Callable[[Tensor, Tensor], Tensor]  # ids (B, L), embedded (B, L, D) -> (B, P + L, D)
TRIED = (5, 6)  # lengths for which the number of new vectors must be the same


class BeforeBlocks:
    """The layers between the embedding of a backbone and its blocks.

    Args:
        layers: a Keras model from ids (B, L) and embedded (B, L, D) to (B, P + L, D).
        shared: how many of the P vectors come first and are the same in all rows.

    Attributes:
        front: P, the number of new vectors in front; the blocks read them as positions.
        max_seq_len: the largest number of ids, which is that of the backbone minus P.

    Raises:
        HyenaDNAError: the layers return another shape, or leave no room for ids, or make fewer
            vectors than are shared.
    """

    def __init__(self, backbone: Any, layers: Any, shared: int = 0) -> None:
        self.backbone, self.layers, config = backbone, layers, backbone.hyena_config
        self.front = new_vectors(layers, config.d_model)
        check_shared(shared, self.front)
        self.shared, self._after_shared = shared, SharedFront(backbone, shared) if shared else None
        self.max_seq_len = config.max_seq_len - self.front
        if self.max_seq_len < 1:
            raise HyenaDNAError(
                f"`embed` puts {self.front:,} vectors in front of the ids, but the model takes at most "
                f"{config.max_seq_len:,} positions: use fewer vectors."
            )

    def embedded(self, ids: Tensor) -> Tensor:
        """Return the input of the blocks, before the dropout: (B, L) -> (B, P + L, D)."""
        return self.layers([ids, self.backbone.embeddings(ids)])

    def hidden(self, ids: Tensor) -> Tensor:
        """Compute the hidden states of the ids, not of the new vectors: (B, L) -> (B, L, D)."""
        read = self._after_shared or self.backbone.from_embeddings
        return read(self.embedded(ids))[:, self.front - self.shared :]


def before_blocks(backbone: Any, embed: Embed | None, shared: int = 0) -> BeforeBlocks | None:
    """Return the layers that `embed` makes for a backbone.

    It is None if there is no `embed`, or if it returns its argument.

    Raises:
        HyenaDNAError: `embed` returns no tensor or another shape, or leaves no room for ids, or
            makes fewer vectors than are `shared`.
    """
    ids = keras.Input((None,), dtype="int32", name="ids_of_embedded")
    embedded = keras.Input(
        (None, backbone.hyena_config.d_model), dtype=backbone.embeddings.compute_dtype, name="embedded"
    )
    result = embed(ids, embedded) if embed else embedded
    if result is embedded:
        check_shared(shared, 0)
        return None
    if not isinstance(result, keras.KerasTensor):
        raise HyenaDNAError(f"`embed` returned a {type(result).__name__}: it must return a tensor (B, P + L, D).")
    return BeforeBlocks(backbone, keras.Model([ids, embedded], result, name="embed"), shared)


def check_shared(shared: int, front: int) -> None:
    """Check how many of the new vectors are shared.

    Raises:
        HyenaDNAError: they are more than there are.
    """
    if not 0 <= shared <= front:
        raise HyenaDNAError(f"shared_front is {shared}, but `embed` makes {front} vectors.")


def new_vectors(layers: Any, d_model: int) -> int:
    """Return how many vectors the layers put in front of the embeddings.

    Raises:
        HyenaDNAError: the number is not the same for every length, or the number of channels
            changes.
    """

    def shape_for(L: int) -> tuple[Any, ...]:
        given = [keras.KerasTensor((2, L), "int32"), keras.KerasTensor((2, L, d_model))]
        return tuple(layers.compute_output_spec(given).shape)

    shapes = [shape_for(L) for L in TRIED]
    front: int = shapes[0][1] - TRIED[0] if len(shapes[0]) == 3 else -1
    if front < 0 or any(shape != (2, front + L, d_model) for shape, L in zip(shapes, TRIED, strict=True)):
        raise HyenaDNAError(
            f"`embed` makes {shapes[0]} of embeddings (2, {TRIED[0]}, {d_model}): it must return (B, P + L, D), the "
            "embeddings with P new vectors in front."
        )
    return front


def check_embedded(shape: tuple[Any, ...], config: HyenaConfig) -> None:
    """Check the shape of embeddings (B, L, D); a length that is not known yet is no error.

    Raises:
        HyenaDNAError: there are more than max_seq_len positions or none, or not D channels.
    """
    if len(shape) != 3 or shape[-1] != config.d_model or 0 in shape:
        raise HyenaDNAError(f"Embeddings must have the shape (B, L, {config.d_model}), not {tuple(shape)}.")
    if shape[1] is not None and shape[1] > config.max_seq_len:
        raise HyenaDNAError(
            f"The embeddings have {shape[1]:,} positions, this model takes at most {config.max_seq_len:,}: cut them, "
            "or choose a model with a larger max_seq_len."
        )
