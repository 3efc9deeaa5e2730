"""Models with weights: `load` from every source, `save` for others to load."""

import inspect
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.model.backbone import HyenaBackbone
from hyenadna_core.model.causal_lm import CausalLM
from hyenadna_core.weights.conversion import write_weights
from hyenadna_core.weights.sources import Weights, read_weights
from hyenadna_core.weights.state_dict import load_state_dict, state_dict

logger = logging.getLogger(__name__)


def load(source: str | Path, **overrides: Any) -> CausalLM:
    """The language model of a source, with its weights.

    Args:
        source: the name of a preset; a run folder of ours, or one with model.safetensors or weights.ckpt, with or
            without config.json; such a file; or hf://owner/name[@revision].
        overrides: arguments of HyenaBackbone, or tie_embeddings, that win over what the source says, such as
            window_shift=0.0 for the original's training code or dtype="mixed_bfloat16".

    Raises:
        HyenaDNAError: the source cannot be had or read, or contradicts an override.
    """
    return build(read_weights(source), **overrides)


def build(weights: Weights, **overrides: Any) -> CausalLM:
    """The language model of weights that were read, with other arguments on demand."""
    try:
        model = random_model(weights.architecture, **overrides)
    except (TypeError, ValueError) as error:
        raise HyenaDNAError(f"Cannot load {weights.path} so: {str(error).splitlines()[0]}") from None
    tensors = dict(weights.tensors)
    tensors.setdefault("lm_head.weight", tensors["backbone.embeddings.word_embeddings.weight"])
    try:
        load_state_dict(model, tensors)
    except HyenaDNAError as error:
        raise HyenaDNAError(f"{weights.path}: {error}") from None
    if others := [name for name in weights.left_out if "metrics" not in name]:
        logger.warning(
            "%s: %d tensors are no part of the language model and were left out, %s among them.",
            weights.path,
            len(others),
            others[0],
        )
    return model


def random_model(architecture: Mapping[str, Any], **overrides: Any) -> CausalLM:
    """A language model with the original's initialisation (docs/model.md section 5).

    Raises:
        HyenaDNAError: something that is no argument of HyenaBackbone, nor tie_embeddings.
    """
    own = {"self", "name", "trainable"}
    arguments = inspect.signature(HyenaBackbone.__init__).parameters.keys() - own | {"tie_embeddings"}
    config = dict(architecture) | overrides
    if unknown := sorted(config.keys() - arguments):
        raise HyenaDNAError(f"{unknown[0]!r} is no argument of a model: choose from {', '.join(sorted(arguments))}.")
    tie_embeddings = config.pop("tie_embeddings", True)
    return CausalLM(HyenaBackbone(**config), tie_embeddings=tie_embeddings)


def save(model: CausalLM, destination: str | Path, layout: str | None = None) -> None:
    """Write a model's weights for `load`, or in a published layout for others (docs/weights.md).

    Args:
        destination: a folder to make, or a file to write with the suffix .safetensors or .ckpt.
        layout: "plain", "hub", "original" or "checkpointed", as `hyenadna convert --layout` takes it.

    Raises:
        HyenaDNAError: the destination exists, or the layout cannot hold this model.
    """
    for notice in write_weights(weights_of(model), Path(destination), layout):
        logger.warning(notice)


def weights_of(model: CausalLM) -> Weights:
    """A model's own weights and arguments, as if they had been read."""
    return Weights(Path(model.name), "plain", state_dict(model), model.architecture, states_shift=True)
