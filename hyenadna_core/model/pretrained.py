"""Models from a config, from weights or from a preset: for the backbone and the language model."""

import logging
from abc import abstractmethod
from pathlib import Path
from typing import Any, Self

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.registry import find_preset
from hyenadna_core.weights.positions import with_max_seq_len
from hyenadna_core.weights.sources import Weights, read_weights
from hyenadna_core.weights.state_dict import EMBEDDING, HEAD, load_state_dict, parameters
from hyenadna_plugins import reason_of

logger = logging.getLogger(__name__)


class Pretrained:
    """A model that can be made from a config, from weights or from a preset."""

    @classmethod
    @abstractmethod
    def from_hyena_config(cls, config: HyenaConfig) -> Self:
        """Return an untrained model with these hyperparameters."""

    @classmethod
    def from_preset(cls, preset: str, weights: str | Path | None = "published", **overrides: Any) -> Self:
        """Return the model of a preset: with its published weights, or untrained if weights=None.

        Args:
            preset: the name of a preset.
            weights: "published", None for the original's initialisation, or a source of weights as
                `load` takes it.
            overrides: hyperparameters of HyenaConfig that replace those of the preset or the
                weights.

        Raises:
            HyenaDNAError: there is no such preset, or its weights cannot be fetched or read.
        """
        entry = find_preset(preset)
        if weights is None:
            return cls.from_hyena_config(HyenaConfig.from_arguments(entry.config, **overrides))
        return cls.from_weights(read_weights(entry.name if weights == "published" else weights), **overrides)

    @classmethod
    def from_weights(cls, weights: Weights, **overrides: Any) -> Self:
        """Return the model of weights that were read; overrides replace hyperparameters.

        Raises:
            HyenaDNAError: the weights do not fit the model with these overrides.
        """
        config = HyenaConfig.from_arguments(weights.architecture, **overrides)
        tensors = dict(weights.tensors)
        tensors.setdefault(HEAD, tensors[EMBEDDING])
        before = weights.architecture["max_seq_len"]
        if config.mixer == "hyena" and config.max_seq_len != before:
            try:
                tensors = with_max_seq_len(tensors, config, weights.architecture["trained_positions"])
            except HyenaDNAError as error:
                raise HyenaDNAError(f"{weights.path}: {error}") from None
            logger.warning(
                "%s: max_seq_len is %s instead of %s. The positions are computed by the formula: all outputs change.",
                weights.path,
                f"{config.max_seq_len:,}",
                f"{before:,}",
            )
        try:
            model = cls.from_hyena_config(config)
        except (TypeError, ValueError) as error:
            raise HyenaDNAError(f"Cannot load {weights.path} with these arguments: {reason_of(error)}.") from None
        if not any(parameter.name == HEAD for parameter in parameters(model)):
            del tensors[HEAD]
        try:
            load_state_dict(model, tensors)
        except HyenaDNAError as error:
            raise HyenaDNAError(f"{weights.path}: {error}") from None
        if others := [name for name in weights.left_out if "metrics" not in name]:
            logger.warning(
                "%s: %d tensors are not part of the language model and were left out, for example %s.",
                weights.path,
                len(others),
                others[0],
            )
        return model
