"""The classes that Keras finds in a saved model, without an import of them.

Keras finds a class of a `.keras` file by its registered name. A stand-in takes the name until the
module of the class is imported, which then registers the class itself.
"""

from importlib import import_module
from typing import Any

_MODULES = {
    "CausalAttention": "model.attention",
    "CausalLM": "model.causal_lm",
    "FeedForward": "model.block",
    "FilterAdamW": "training.optimizer",
    "Head": "model.heads",
    "HyenaBackbone": "model.backbone",
    "HyenaBlock": "model.block",
    "HyenaFilter": "model.filters",
    "HyenaOperator": "model.hyena",
    "Norm": "model.block",
    "NumpyNormal": "model.initializers",
    "NumpyUniform": "model.initializers",
    "OtherStrand": "model.both_directions",
    "PooledPair": "model.heads",
    "PositionalFeatures": "model.filters",
    "RecipeSchedule": "training.optimizer",
    "ShortConvolution": "model.hyena",
    "SideBySide": "model.both_directions",
}


class StandIn:
    """A stand-in for a class: it imports the class when a config of it is read."""

    def __init__(self, name: str) -> None:
        self.name = name

    def from_config(self, config: dict[str, Any]) -> Any:
        """Return the object of a config."""
        return getattr(import_module(f"hyenadna_core.{_MODULES[self.name]}"), self.name).from_config(config)


def register_stand_ins() -> None:
    """Tell Keras, which is imported, the names of our classes."""
    import keras

    registered = keras.saving.get_custom_objects()
    for name in _MODULES:
        registered.setdefault(f"hyenadna>{name}", StandIn(name))
