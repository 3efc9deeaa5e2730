"""Models with weights: `load` reads every source, and `save` writes files that can be loaded."""

import logging
from pathlib import Path
from typing import Any

from hyenadna_core.model.causal_lm import CausalLM
from hyenadna_core.weights.conversion import write_weights
from hyenadna_core.weights.sources import Weights, read_weights
from hyenadna_core.weights.state_dict import state_dict

logger = logging.getLogger(__name__)


def load(source: str | Path, **overrides: Any) -> CausalLM:
    """Return the language model of a source, with its weights.

    Args:
        source: the name of a preset; a run folder; a folder with model.safetensors or weights.ckpt,
            with or without config.json; one of these files; or hf://owner/name[@revision].
        overrides: hyperparameters of HyenaConfig that replace those of the source, such as
            window_shift=0.0 for the original's training code or dtype="mixed_bfloat16".

    Raises:
        HyenaDNAError: the source cannot be fetched or read, or contradicts an override.
    """
    model: CausalLM = CausalLM.from_weights(read_weights(source), **overrides)
    return model


def save(model: CausalLM, destination: str | Path, layout: str | None = None) -> None:
    """Write a model's weights for `load`, or in a published layout for other programs.

    docs/weights.md describes the layouts.

    Args:
        destination: a folder to make, or a file to write with the suffix .safetensors or .ckpt.
        layout: "plain", "hub", "original" or "checkpointed", as in `hyenadna convert --layout`.

    Raises:
        HyenaDNAError: the destination exists, or the layout cannot hold this model.
    """
    for notice in write_weights(weights_of(model), Path(destination), layout):
        logger.warning(notice)


def weights_of(model: CausalLM) -> Weights:
    """Return a model's weights and hyperparameters in the form in which sources are read."""
    return Weights(Path(model.name), "plain", state_dict(model), model.architecture, states_shift=True)
