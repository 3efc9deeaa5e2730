"""AdamW with a separate learning rate for the filter network (docs/model.md section 6)."""

from typing import Any, Self

import keras
from keras import ops

from hyenadna_backends import adamw
from hyenadna_backends.blocks import Tensor
from hyenadna_core.recipe import Recipe, learning_rate_at

CLIP_NORM = 1.0


@keras.saving.register_keras_serializable("hyenadna")
class RecipeSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of a recipe over `steps` updates."""

    def __init__(self, recipe: Recipe, steps: int) -> None:
        self.recipe, self.steps = recipe, steps

    def __call__(self, step: Tensor) -> Tensor:
        return learning_rate_at(self.recipe, self.steps, ops.cast(step, "float32"), ops)

    def get_config(self) -> dict[str, Any]:
        return {"recipe": vars(self.recipe), "steps": self.steps}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(Recipe(**config["recipe"]), config["steps"])


@keras.saving.register_keras_serializable("hyenadna")
class FilterAdamW(keras.optimizers.AdamW):
    """AdamW that trains the filter network at `filter_rate` times the learning rate.

    The network's sines turn a small step into a large change of every filter.
    """

    def __init__(
        self, learning_rate: Any = 1e-3, filter_rate: float = 1.0, epsilon: float = 1e-8, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, epsilon=epsilon, **kwargs)
        self.filter_rate = filter_rate

    def update_step(self, gradient: Tensor, variable: Any, learning_rate: Any) -> None:
        """Update a variable as PyTorch does: epsilon is added after the bias correction."""
        index, dtype = self._get_variable_index(variable), variable.dtype
        mean, square = self._momentums[index], self._velocities[index]
        rate = ops.cast(learning_rate, dtype) * (self.filter_rate if in_filter_network(variable) else 1.0)
        gradient, step = ops.cast(gradient, dtype), ops.cast(self.iterations + 1, dtype)
        self.assign_add(mean, (gradient - mean) * (1 - self.beta_1))
        self.assign_add(square, (ops.square(gradient) - square) * (1 - self.beta_2))
        root = ops.sqrt(square / (1 - ops.power(self.beta_2, step))) + self.epsilon
        self.assign_sub(variable, rate * mean / (1 - ops.power(self.beta_1, step)) / root)

    def _clip_gradients(self, grads: list[Tensor]) -> list[Tensor]:
        if self.global_clipnorm and adamw.updates_all_at_once():
            return adamw.clip_by_norm(grads, self.global_clipnorm)
        return super()._clip_gradients(grads)

    def _backend_update_step(self, grads: list[Tensor], trainable_variables: list[Any], learning_rate: Any) -> None:
        """Update all variables together if the backend is faster that way, else one by one."""
        if not adamw.updates_all_at_once():
            super()._backend_update_step(grads, trainable_variables, learning_rate)
            return
        indices = [self._get_variable_index(variable) for variable in trainable_variables]
        step = ops.cast(self.iterations + 1, "float32")
        adamw.update(
            [variable.value for variable in trainable_variables],
            [self._momentums[index].value for index in indices],
            [self._velocities[index].value for index in indices],
            grads,
            rate=ops.cast(learning_rate, "float32"),
            slow=[place for place, variable in enumerate(trainable_variables) if in_filter_network(variable)],
            slow_rate=self.filter_rate,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            corrections=(1 - ops.power(self.beta_1, step), 1 - ops.power(self.beta_2, step)),
            epsilon=self.epsilon,
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"filter_rate": self.filter_rate}


def build_optimizer(model: Any, recipe: Recipe, steps: int) -> Any:
    """Make the AdamW of a recipe for `steps` updates, with gradients clipped to norm 1.

    For a model in float16, the loss is scaled, because small gradients would become 0.
    """
    optimizer = FilterAdamW(
        RecipeSchedule(recipe, steps),
        recipe.filter_rate,
        weight_decay=recipe.weight_decay,
        beta_2=recipe.beta_2,
        epsilon=recipe.epsilon,
        global_clipnorm=CLIP_NORM,
    )
    spared = [v for v in model.trainable_variables if not decays(v, recipe)]
    optimizer.exclude_from_weight_decay(var_list=spared)
    if any(layer.compute_dtype == "float16" for layer in model.layers):
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def in_filter_network(variable: Any) -> bool:
    """Return whether a variable belongs to the filter network; the skip connection does not."""
    return "filter_fn" in variable.path and not variable.path.endswith("filter_fn/bias")


def decays(variable: Any, recipe: Recipe) -> bool:
    """Return whether the weight decay of a recipe applies to a variable."""
    if in_filter_network(variable):
        return False
    return recipe.original or (len(variable.shape) > 1 and "embeddings" not in variable.path)
