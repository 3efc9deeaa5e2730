"""The language models that the runners on own files read: by name or path, or untrained."""

from pathlib import Path
from typing import Any

from hyenadna_core import HyenaDNAError

UNTRAINED = "none"  # of --weights
SPECIAL_TOKENS = 2  # positions of max_seq_len that are not for bases


def open_model(weights: str) -> Any:
    """Return the language model of a source, as `load` takes it.

    Raises:
        HyenaDNAError: there is no such source, or its model is not a language model.
    """
    from hyenadna_core import load

    return load(weights)


def longest_of(model: Any, weights: str) -> int:
    """Return how many bases a model reads at once: the longest sequences of its training.

    The folder of a run has them in its configuration. Other weights were trained at their full
    length.
    """
    from hyenadna_core import open_run

    if (Path(weights) / "run.json").is_file():
        return int(max(stage.seq_len for stage in open_run(weights).config.stages))
    return int(model.max_seq_len) - SPECIAL_TOKENS


def untrained_model(config: Any) -> Any:
    """Return a language model of random weights with the hyperparameters of a HyenaConfig."""
    from hyenadna_core import CausalLM

    return CausalLM.from_hyena_config(config)


def config_of(preset: str) -> Any:
    """Return the hyperparameters of a preset.

    Raises:
        HyenaDNAError: there is no such preset.
    """
    from hyenadna_core.presets import PRESETS

    for each in PRESETS:
        if preset in (each.name, each.name.removeprefix("hyenadna-")):
            return each.hyena_config
    raise HyenaDNAError(f"There is no preset {preset!r}: choose one of {', '.join(each.name for each in PRESETS)}.")


def window_of(given: int | None, longest: int, weights: str) -> int:
    """Return the number of bases to read: as given, or as many as in the training.

    Raises:
        HyenaDNAError: the model was trained with shorter sequences.
    """
    if given is not None and given > longest:
        raise HyenaDNAError(
            f"--window {given:,} is longer than the {longest:,} bases of the training of {weights}, and models fail "
            "beyond that: choose a shorter one."
        )
    return given or longest
