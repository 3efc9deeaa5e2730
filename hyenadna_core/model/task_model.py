"""The model of a task: the backbone and the head of the task."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from hyenadna_backends.blocks import Tensor
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.model.both_directions import OtherStrand, SideBySide
from hyenadna_core.model.sequence_model import SequenceModel
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

    Args:
        backbone: gives the head its hidden states (B, L, D).
        head: makes outputs with Keras layers from hidden (B, L, D) and real (B, L), which is false
            at padding.
        both_directions: whether the backbone also reads the reverse complement. The head then has
            the states of both strands side by side at each base, (B, L, 2D).
    """

    def __init__(
        self, backbone: Any, head: Callable[[Any, Any], Any], both_directions: bool = False, **kwargs: Any
    ) -> None:
        states = backbone.output
        if both_directions:
            other = backbone(OtherStrand(name="other_strand")(backbone.input))
            states = SideBySide(name="side_by_side", dtype="float32")(states, other, backbone.input)
        hidden = keras.Input((None, states.shape[-1]), name="hidden")
        real = keras.Input((None,), dtype="bool", name="real")
        read_out = keras.Model([hidden, real], head(hidden, real), name="read_out")
        outputs = read_out([states, ops.not_equal(backbone.input, PAD)])
        super().__init__(inputs=backbone.input, outputs=outputs, **kwargs)
        self.backbone, self.head, self.both_directions = backbone, read_out, both_directions
        self.max_seq_len = backbone.max_seq_len

    def read_out(self, hidden: Tensor, ids: Tensor) -> Tensor:
        """Compute outputs from what the head reads of ids: (B, L, D or 2D), (B, L) -> (B, ...)."""
        return self.head([hidden, ops.not_equal(ids, PAD)])

    @property
    def architecture(self) -> dict[str, Any]:
        """The arguments of HyenaBackbone, so that it can be loaded without the head."""
        return self.backbone.hyena_config.of_backbone | {"tie_embeddings": True}
