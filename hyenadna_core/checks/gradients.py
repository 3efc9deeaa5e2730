"""Gradients as they are, on any backend that trains: Keras hands them to optimizers alone, so this one keeps them."""

import keras
import numpy as np

from hyenadna_core.weights.state_dict import parameters


class RecordedGradients(keras.optimizers.Optimizer):
    """An optimizer that moves nothing and keeps the gradient of every variable in `recorded`."""

    def __init__(self):
        super().__init__(learning_rate=0.0, name="recorded_gradients")

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self.recorded = [self.add_variable_from_reference(variable, "gradient") for variable in variables]

    def update_step(self, gradient, variable, learning_rate):
        self.assign(self.recorded[self._get_variable_index(variable)], gradient)


def loss_and_gradients(model, ids, targets) -> tuple[float, dict[str, np.ndarray]]:
    """The mean cross entropy of all targets, and its gradient by plain name, in the shapes of the original.

    (B, L), (B, L); tensors that are tied or shared appear once, under their first name, with the summed gradient.
    """
    optimizer = RecordedGradients()
    model.compile(optimizer=optimizer, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    loss = float(model.train_on_batch(ids, targets))
    recorded = {id(v): g for v, g in zip(model.trainable_variables, optimizer.recorded, strict=True)}
    found: dict[str, np.ndarray] = {}
    for name, variable, _, to_original in parameters(model):
        gradient = recorded.pop(id(variable), None)
        if gradient is not None:
            found[name] = np.array(to_original(keras.ops.convert_to_numpy(gradient.value)), order="C")
    return loss, found
