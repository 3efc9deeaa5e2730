"""The gradients of a model, on any backend that trains.

Keras gives gradients only to optimizers, so an optimizer records them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np

from hyenadna_core.weights.state_dict import parameters


class RecordedGradients(keras.optimizers.Optimizer):
    """An optimizer that changes no weight and keeps all gradients in `recorded`."""

    def __init__(self) -> None:
        super().__init__(learning_rate=0.0, name="recorded_gradients")

    def build(self, variables: Sequence[Any]) -> None:
        if not self.built:
            super().build(variables)
            self.recorded = [self.add_variable_from_reference(variable, "gradient") for variable in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.assign(self.recorded[self._get_variable_index(variable)], gradient)


def loss_and_gradients(model: Any, ids: np.ndarray, targets: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
    """Return the mean cross entropy of all targets and its gradients by plain name.

    ids (B, L) and targets (B, L). Gradients have the shapes of the original. A tied or shared
    tensor appears once, under its first name, with the sum of its gradients.
    """
    optimizer = RecordedGradients()
    model.compile(optimizer=optimizer, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    loss = float(model.train_on_batch(ids, targets))
    recorded = {id(v): g for v, g in zip(model.trainable_variables, optimizer.recorded, strict=True)}
    gradients: dict[str, np.ndarray] = {}
    weights: Iterable[Any] = parameters(model)
    for name, variable, _, to_original in weights:
        gradient = recorded.pop(id(variable), None)
        if gradient is not None:
            gradients[name] = np.array(to_original(keras.ops.convert_to_numpy(gradient.value)), order="C")
    return loss, gradients
