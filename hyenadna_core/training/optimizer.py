"""AdamW with own rates for the filter network and the head (docs/model.md section 6)."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Self

import keras
from keras import ops

from hyenadna_backends import adamw
from hyenadna_backends.blocks import Tensor
from hyenadna_core.recipe import Recipe, Schedule, rate_at, schedule_of

CLIP_NORM = 1.0


@keras.saving.register_keras_serializable("hyenadna")
class RecipeSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of a recipe over `steps` updates.

    Attributes:
        inputs_of_step: the numbers of the schedule, which are inputs of a compiled step. `recipe`
            and `steps` do not change them later.
    """

    def __init__(self, recipe: Recipe, steps: int) -> None:
        self.recipe, self.steps = recipe, steps
        self.inputs_of_step: tuple[Any, ...] = schedule_of(recipe, steps)

    def __call__(self, step: Tensor) -> Tensor:
        return rate_at(Schedule(*self.inputs_of_step), self.recipe.falls, ops.cast(step, "float32"), ops)

    def get_config(self) -> dict[str, Any]:
        return {"recipe": vars(self.recipe), "steps": self.steps}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(Recipe(**config["recipe"]), config["steps"])


@keras.saving.register_keras_serializable("hyenadna")
class FilterAdamW(keras.optimizers.AdamW):
    """AdamW that trains the filter network at `filter_rate` times the learning rate.

    The network's sines turn a small step into a large change of every filter.

    Args:
        head_rate: the head is trained at this many times the learning rate.
        head: the paths of the head's variables.
    """

    def __init__(
        self,
        learning_rate: Any = 1e-3,
        filter_rate: float = 1.0,
        epsilon: float = 1e-8,
        head_rate: float = 1.0,
        head: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, epsilon=epsilon, **kwargs)
        self.filter_rate, self.head_rate, self.head = filter_rate, head_rate, frozenset(head)

    def factor(self, variable: Any) -> float:
        """Return how many times the learning rate a variable is trained at."""
        if in_filter_network(variable):
            return self.filter_rate
        return self.head_rate if variable.path in self.head else 1.0

    def update_step(self, gradient: Tensor, variable: Any, learning_rate: Any) -> None:
        """Update a variable as PyTorch does: epsilon is added after the bias correction."""
        index, dtype = self._get_variable_index(variable), variable.dtype
        mean, square = self._momentums[index], self._velocities[index]
        rate = ops.cast(learning_rate, dtype) * self.factor(variable)
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
        factors = defaultdict(list)
        for place, variable in enumerate(trainable_variables):
            factors[self.factor(variable)].append(place)
        factors.pop(1.0, None)
        adamw.update(
            [variable.value for variable in trainable_variables],
            [self._momentums[index].value for index in indices],
            [self._velocities[index].value for index in indices],
            grads,
            rate=ops.cast(learning_rate, "float32"),
            factors=factors,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            corrections=(1 - ops.power(self.beta_1, step), 1 - ops.power(self.beta_2, step)),
            epsilon=self.epsilon,
        )

    def get_config(self) -> dict[str, Any]:
        own = {"filter_rate": self.filter_rate, "head_rate": self.head_rate, "head": sorted(self.head)}
        return super().get_config() | own


def build_optimizer(model: Any, recipe: Recipe, steps: int) -> Any:
    """Make the AdamW of a recipe for `steps` updates, with gradients clipped to norm 1.

    For a model in float16, the loss is scaled, because small gradients would become 0.
    """
    of_backbone = {id(variable) for variable in getattr(model, "backbone", model).weights}
    optimizer = FilterAdamW(
        RecipeSchedule(recipe, steps),
        recipe.filter_rate,
        head_rate=recipe.head_rate,
        head=[variable.path for variable in model.trainable_variables if id(variable) not in of_backbone],
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
