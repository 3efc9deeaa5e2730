"""Positions, times and decay rates of the filters: by their formulas, or as a file has them."""

from collections.abc import Mapping

import numpy as np

from hyenadna_core.definition import decay_rates, positional_features, times
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.weights.architecture import of_layers

POSITIONS_ATOL = 5e-6  # the original's float32 table for 1,000,002 positions is 7e-7 from the formula
POSITIONS = ("pos_emb.z", "pos_emb.t")

Tensors = Mapping[str, np.ndarray]


def by_formula(config: HyenaConfig, part: str) -> np.ndarray:
    """Compute the tensor of all layers by the end of its name, in the shape of the original."""
    table: np.ndarray = {
        "pos_emb.z": lambda: positional_features(config.max_seq_len, config.emb_dim)[None],
        "pos_emb.t": lambda: times(config.max_seq_len)[None],
        "modulation.deltas": lambda: decay_rates(config.filter_channels)[None, None],
    }[part]()
    return table


def has_trained_positions(tensors: Tensors, config: HyenaConfig) -> bool:
    """Return whether positional features differ from the formula, or between layers.

    Then each layer keeps its own.
    """
    for part in POSITIONS:
        first, *others = (tensors[name] for name in of_layers(config, part))
        if not np.allclose(np.asarray(first, np.float32), by_formula(config, part), rtol=0, atol=POSITIONS_ATOL):
            return True
        if not all(other is first or np.array_equal(other, first) for other in others):
            return True
    return False


def with_max_seq_len(tensors: Tensors, config: HyenaConfig, trained: bool) -> dict[str, np.ndarray]:
    """Return the tensors with the positions of another max_seq_len, by the formula.

    Raises:
        HyenaDNAError: the positions were trained.
    """
    before = tensors[of_layers(config, POSITIONS[0])[0]].shape[1]
    if trained:
        raise HyenaDNAError(
            f"max_seq_len is {config.max_seq_len:,}, but its positions are trained values for {before:,}: leave out "
            "max_seq_len."
        )
    return dict(tensors) | {
        name: table for part in POSITIONS for table in [by_formula(config, part)] for name in of_layers(config, part)
    }
