"""The model of a task: the backbone and the head of the task."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.model.before_blocks import Embed, before_blocks
from hyenadna_core.model.both_directions import OtherStrand, SideBySide, other_strand, side_by_side
from hyenadna_core.model.sequence_model import SequenceModel
from hyenadna_core.model.spectra import forward, forward_before_blocks
from hyenadna_core.tokens import PAD
from hyenadna_core.weights.state_dict import parameters


def model_of_task(task: Any, language_model: Any) -> Any:
    """Return the model of a task, and check it before it is trained.

    Raises:
        HyenaDNAError: a part is missing, or a checkpoint could not hold all of its weights.
    """
    model, backbone = task.model(language_model), language_model.backbone
    if not isinstance(model, keras.Model):
        raise _not_a_model(task, f"is {shown(type(model).__name__)}, not a Keras model")
    if getattr(model, "backbone", None) is not backbone:
        raise _not_a_model(task, "has no `backbone`, the one that it was given")
    if not isinstance(getattr(model, "max_seq_len", None), int):
        raise _not_a_model(task, "has no `max_seq_len`, the largest number of bases")
    for name, variable, *_ in parameters(model):
        if not isinstance(variable, keras.Variable):  # such as a kernel with LoRA
            raise _not_a_model(task, f"has a changed {name}, which a checkpoint cannot hold: add a layer instead")
    return model


def _not_a_model(task: Any, fault: str) -> HyenaDNAError:
    return HyenaDNAError(f"The model of the task {task.name} {fault} (docs/plugins.md, `register_tasks`).")


class TaskModel(SequenceModel):
    """A model from token ids to the outputs of a task: (B, L) -> (B, ...).

    With `pairs` a row has two sequences, (B, 2, L), and one backbone reads both.

    Args:
        backbone: gives the head its hidden states (B, L, D).
        head: makes outputs with Keras layers from hidden (B, L, D) and real (B, L), which is false
            at padding. For pairs it gets hidden_a, hidden_b, real_a, real_b.
        both_directions: whether the backbone also reads the reverse complement. The head then has
            the states of both strands side by side at each base, (B, L, 2D).
        embed: makes the input of the blocks with Keras layers from ids (B, L) and embedded
            (B, L, D): (B, P + L, D), with P new vectors in front. The head has the states of the L
            ids. With both_directions, the vectors are in front of both strands.
        pairs: whether a row has two sequences.
        shared_front: how many of the P vectors come first and are the same in all rows, such as a
            soft prompt. A training step computes them once, which is faster; the numbers are the
            same.

    Attributes:
        embed: the layers that `embed` made, a Keras model from ids and embedded; None if there are
            none.
        takes_embed: whether it was given `embed`.
        head: the layers that `head` made; a Keras model.
        max_seq_len: the largest number of ids, which is that of the backbone minus P.

    Raises:
        HyenaDNAError: `embed` returns another shape, or leaves no room for ids.
    """

    def __init__(
        self,
        backbone: Any,
        head: Callable[..., Any],
        both_directions: bool = False,
        embed: Embed | None = None,
        pairs: bool = False,
        shared_front: int = 0,
        **kwargs: Any,
    ) -> None:
        before = before_blocks(backbone, embed, shared_front)
        ids = keras.Input((2, None), dtype="int32", name="pairs") if pairs else backbone.input
        rows, names = _sequences(ids, pairs), ("_a", "_b") if pairs else ("",)
        read: Callable[[Any], Any] = (
            before.hidden if before else lambda ids: backbone.from_embeddings(backbone.embed(ids))
        )
        states = [read(row) for row in rows] if before or pairs else [backbone.output]
        if both_directions:
            flip, join = OtherStrand(name="other_strand"), SideBySide(name="side_by_side", dtype="float32")
            states = [join(x, read(flip(row)), row) for x, row in zip(states, rows, strict=True)]
        hidden = [keras.Input((None, states[0].shape[-1]), name=f"hidden{name}") for name in names]
        real = [keras.Input((None,), dtype="bool", name=f"real{name}") for name in names]
        read_out = keras.Model([*hidden, *real], head(*hidden, *real), name="read_out")
        outputs = read_out([*states, *map(_real, rows)])
        super().__init__(inputs=ids, outputs=outputs, **kwargs)
        self.backbone, self.head, self.both_directions, self.pairs = backbone, read_out, both_directions, pairs
        self.embed, self._before, self.takes_embed = before.layers if before else None, before, embed is not None
        self.max_seq_len = before.max_seq_len if before else backbone.max_seq_len

    def infer(self, ids: Tensor) -> Tensor:
        """Compute outputs with kept spectra: (B, L) or (B, 2, L) -> (B, ...)."""
        rows = _sequences(ids, self.pairs)
        return self.head([*map(self._states, rows), *map(_real, rows)])

    def _states(self, ids: Tensor) -> Tensor:
        """Compute what the head reads of one sequence a row: (B, L) -> (B, L, D or 2D)."""
        hidden = self._read(ids)
        return side_by_side(hidden, self._read(other_strand(ids)), ids) if self.both_directions else hidden

    def _read(self, ids: Tensor) -> Tensor:
        return forward_before_blocks(self._before, ids) if self._before else forward(self.backbone, ids)

    @property
    def architecture(self) -> dict[str, Any]:
        """The arguments of HyenaBackbone, so that it can be loaded without the head."""
        return self.backbone.hyena_config.of_backbone | {"tie_embeddings": True}


def _sequences(ids: Tensor, pairs: bool) -> list[Tensor]:
    """Return the sequences of each row: one (B, L), or two of pairs (B, 2, L)."""
    return [ids[:, 0], ids[:, 1]] if pairs else [ids]


def _real(ids: Tensor) -> Tensor:
    """Return where ids are not padding: (B, L) -> (B, L)."""
    return ops.not_equal(ids, PAD)
