"""The language models that the runners on own files read: by name or path, or untrained."""

from typing import Any

from hyenadna_core import HyenaDNAError

UNTRAINED = "none"  # of --weights


def open_model(weights: str) -> tuple[Any, int]:
    """Return the language model of a source, and the longest sequences of its training in bases.

    Raises:
        HyenaDNAError: there is no such source, or its model is not a language model.
    """
    from hyenadna_core import CausalLM, read_weights, trained_length

    tensors = read_weights(weights)
    return CausalLM.from_weights(tensors), trained_length(tensors)


def untrained_model(config: Any) -> Any:
    """Return a language model of random weights with the hyperparameters of a HyenaConfig."""
    from hyenadna_core import CausalLM

    return CausalLM.from_hyena_config(config)


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
