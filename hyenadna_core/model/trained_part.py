"""The part of a model that is trained; the rest has no gradients and keeps every byte."""

from collections.abc import Sequence
from typing import Any

import keras

from hyenadna_core.errors import HyenaDNAError, shown


def train_only(model: Any, part: Sequence[Any]) -> None:
    """Freeze everything in a model except some of its layers.

    Layers outside the part are frozen as a whole, so that a batch normalization also keeps its
    statistics. Weights that were frozen before stay frozen.

    Raises:
        HyenaDNAError: the part has something that is not a layer of the model, or nothing in it can
            be trained.
    """
    layers = model._flatten_layers(include_self=False)
    known = {id(variable) for variable in model.variables}
    for layer in part:
        if not isinstance(layer, keras.layers.Layer) or not all(id(variable) in known for variable in layer.variables):
            raise HyenaDNAError(f"The trained part has {shown(repr(layer))}, which is not a layer of the model.")
    wanted = {id(variable) for layer in part for variable in layer.trainable_variables}
    if not wanted:
        raise HyenaDNAError("The trained part has no weights to train: return the layers that have them.")
    chosen = {id(inner) for layer in part for inner in layer._flatten_layers()}
    for layer in layers:
        if chosen.isdisjoint(id(inner) for inner in layer._flatten_layers()):
            layer.trainable = False
    for variable in model.trainable_variables:
        variable.trainable = id(variable) in wanted
