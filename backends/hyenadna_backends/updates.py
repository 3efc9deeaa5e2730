"""One update of the weights of a model, on each backend that trains.

The gradients of micro-batches are added, then the optimizer runs. The loss stays on the device. On
JAX and MLX the state goes from one compiled function to the next, so the variables of the model are
out of date until `settle`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import numpy as np

from hyenadna_backends.blocks import Tensor, backend
from hyenadna_backends.dispatch import ready
from hyenadna_backends.processes import process_of
from hyenadna_backends.recorded import Recorded

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]  # outputs, targets, weights -> sum of the weighted losses
State = list[Tensor]  # of weights, of other variables or of the optimizer's
Part = tuple[np.ndarray, np.ndarray, np.ndarray]  # inputs, targets, weights; the first axis is that of sequences


class Updates(Protocol):
    """A callable that updates the weights of one model."""

    def __call__(self, parts: Sequence[Part], total: float) -> Tensor:
        """Update the weights; return the loss of all parts over `total`, on the device."""

    def settle(self) -> None:
        """Write the state into the variables of the model and its optimizer."""


def updates(model: Any, loss: Loss) -> Updates:
    """Make the updates of a compiled Keras model.

    Raises:
        ValueError: the optimizer scales the loss for float16, and the backend cannot do that. The
            updates raise it if a part does not divide evenly among the processes.
    """
    return _MAKE[backend()](model, loss)


def build_optimizer_once(model: Any) -> None:
    """Make the variables of the optimizer, unless it has them.

    An optimizer that scales its loss would make new ones at each call.
    """
    optimizer = model.optimizer
    if not getattr(optimizer, "inner_optimizer", optimizer).built:
        optimizer.build(model.trainable_variables)


class _Rate:
    """The numbers of a learning-rate schedule, which are inputs of a compiled step.

    As constants they would be part of the step, and the compiled code that JAX keeps on the disk
    would not serve a run with another rate or number of steps.

    Attributes:
        tensors: the `inputs_of_step` of the schedule, scalars; none if it has no such numbers.
    """

    def __init__(self, optimizer: Any) -> None:
        from keras import ops

        self.schedule: Any = getattr(getattr(optimizer, "inner_optimizer", optimizer), "_learning_rate", None)
        numbers = getattr(self.schedule, "inputs_of_step", ())
        self.tensors = [ops.convert_to_tensor(np.float32(number)) for number in numbers]

    @contextmanager
    def given(self, tensors: State) -> Iterator[None]:
        """Let the schedule compute with the tensors in place of its numbers."""
        if not tensors:
            yield
            return
        before, self.schedule.inputs_of_step = self.schedule.inputs_of_step, tuple(tensors)
        try:
            yield
        finally:
            self.schedule.inputs_of_step = before


class _Stateless:
    """Updates as functions of the state.

    The state is the weights, the other variables of the model, and those of the optimizer.
    """

    def __init__(
        self,
        model: Any,
        loss: Loss,
        differentiate: Callable[..., Any],
        compiled: Callable[..., Any],
        place: Callable[[Part], Any],
        evaluate: Callable[[Any], object],
    ) -> None:
        self.model, self.loss = model, loss
        self.differentiate, self.place, self.evaluate = differentiate, place, evaluate
        build_optimizer_once(model)
        self.variables = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        self.rate = _Rate(model.optimizer)
        self.state: tuple[State, ...] | None = None
        self.whole = compiled(self._whole, (0, 1, 2))
        self.accumulate = compiled(self._accumulate, (0, 1, 2))
        self.apply = compiled(self._apply, (0, 1))

    def __call__(self, parts: Sequence[Part], total: float) -> Tensor:
        from keras import ops

        if self.state is None:
            self.state = tuple([variable.value for variable in group] for group in self.variables)
        weights, rest, optimizer = self.state
        scale = ops.convert_to_tensor(np.float32(1 / total))
        if len(parts) == 1:
            loss, *state = self.whole(weights, rest, optimizer, self.place(parts[0]), scale, self.rate.tensors)
        else:
            sums, loss = [weight * 0 for weight in weights], weights[0].sum() * 0
            for part in parts:
                loss, rest, sums = self.accumulate(loss, rest, sums, weights, optimizer, self.place(part), scale)
                self.evaluate((loss, rest, sums))
            state = [*self.apply(weights, optimizer, sums, self.rate.tensors)]
            state.insert(1, rest)
        self.evaluate((loss, state))
        self.state = tuple(state)
        return loss

    def settle(self) -> None:
        if self.state is not None:
            for variables, values in zip(self.variables, self.state, strict=True):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value)
            self.state = None

    def _gradients(
        self, weights: State, rest: State, optimizer: State, part: Any, scale: Tensor
    ) -> tuple[Tensor, State, State]:
        import keras

        inputs, targets, counts = part

        def loss_of(weights: State) -> Any:
            outputs, after = self.model.stateless_call(weights, rest, inputs, training=True)
            loss = self.loss(outputs, targets, counts) * scale
            with keras.StatelessScope(state_mapping=list(zip(self.variables[2], optimizer, strict=True))):
                scaled = self.model.optimizer.scale_loss(loss)
            return scaled, (loss, after)

        (_, (loss, after)), gradients = self.differentiate(loss_of)(weights)
        return loss, after, gradients

    def _whole(
        self, weights: State, rest: State, optimizer: State, part: Any, scale: Tensor, rate: State
    ) -> tuple[Any, ...]:
        loss, rest, gradients = self._gradients(weights, rest, optimizer, part, scale)
        weights, optimizer = self._apply(weights, optimizer, gradients, rate)
        return loss, weights, rest, optimizer

    def _accumulate(
        self, loss: Tensor, rest: State, sums: State, weights: State, optimizer: State, part: Any, scale: Tensor
    ) -> tuple[Tensor, State, State]:
        more, rest, gradients = self._gradients(weights, rest, optimizer, part, scale)
        return loss + more, rest, [total + gradient for total, gradient in zip(sums, gradients, strict=True)]

    def _apply(self, weights: State, optimizer: State, gradients: State, rate: State) -> Any:
        with self.rate.given(rate):
            return self.model.optimizer.stateless_apply(optimizer, gradients, weights)


def _jax(model: Any, loss: Loss) -> _Stateless:
    import jax
    import keras

    def place(part: Part) -> Any:
        layout = getattr(keras.distribution.distribution(), "get_data_layout", None)
        if layout is None:
            return ready(jax.device_put(part))

        def spread(array: np.ndarray) -> Any:
            sharding = layout(array.shape).backend_layout
            return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])

        return ready(tuple(map(spread, part)))

    differentiate = partial(jax.value_and_grad, has_aux=True)

    def compiled(function: Callable[..., Any], donated: tuple[int, ...]) -> Any:
        return jax.jit(function, donate_argnums=donated)

    return _Stateless(model, loss, differentiate, compiled, place, evaluate=lambda _: None)


def _mlx(model: Any, loss: Loss) -> _Stateless:
    import keras
    import mlx.core as mx

    if isinstance(
        model.optimizer, keras.optimizers.LossScaleOptimizer
    ):  # its condition cannot be compiled by mx.compile
        raise ValueError("On MLX, Keras cannot scale a loss, which float16 needs: choose --precision bfloat16.")

    def place(part: Part) -> Any:
        return tuple(map(mx.array, part))

    return _Stateless(model, loss, mx.value_and_grad, lambda function, _: mx.compile(function), place, mx.eval)


class _Torch:
    """Updates by the gradients of PyTorch.

    If torchrun started several processes, each one computes its rows of a part.
    """

    def __init__(self, model: Any, loss: Loss) -> None:
        self.model, self.loss = model, loss
        build_optimizer_once(model)
        self.gradients = Recorded(self._gradients)

    def __call__(self, parts: Sequence[Part], total: float) -> Tensor:
        import torch
        from keras import ops

        optimizer, variables = self.model.optimizer, self.model.trainable_variables
        scale = ops.convert_to_tensor(np.float32(1 / total))
        loss_scale = optimizer.scale_loss(torch.ones_like(scale))
        value = torch.zeros_like(scale)
        gradients: list[Tensor] = []
        for part in parts:
            inputs = [ops.convert_to_tensor(array) for array in process_of(part)]
            others = self.model.non_trainable_variables
            state = [variable.value for variable in (*variables, *others)]
            loss, *tensors = self.gradients(state, [*inputs, scale, loss_scale])
            value = value + loss
            more, after = tensors[: len(variables)], tensors[len(variables) :]
            gradients = [a + b for a, b in zip(gradients, more, strict=True)] if gradients else more
            for variable, tensor in zip(others, after, strict=True):
                if tensor.data_ptr() != variable.value.data_ptr():  # frozen weights and tables stay as they are
                    variable.assign(tensor)
        with torch.no_grad():
            value = _sum_over_processes(value, gradients)
            optimizer.apply(gradients, variables)
        return value

    def settle(self) -> None:
        pass

    def _gradients(self, state: State, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Return the loss of a part, its gradient in each weight, and the other variables."""
        import torch

        ids, targets, counts, scale, loss_scale = inputs
        weights = [tensor.detach().requires_grad_() for tensor in state[: len(self.model.trainable_variables)]]
        with torch.enable_grad():
            outputs, after = self.model.stateless_call(weights, state[len(weights) :], ids, training=True)
            loss = self.loss(outputs, targets, counts) * scale
            gradients = torch.autograd.grad(loss * loss_scale, weights, materialize_grads=True)
        return [loss.detach(), *gradients, *(tensor.detach() for tensor in after)]


def _sum_over_processes(value: Tensor, gradients: Sequence[Tensor]) -> Tensor:
    """Add up the gradients of all processes, in place, and return the sum of their losses."""
    import torch
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return value
    flat = torch.cat([value.reshape(1), *(gradient.reshape(-1) for gradient in gradients)])
    distributed.all_reduce(flat)
    start = 1
    for gradient in gradients:
        gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
        start += gradient.numel()
    return flat[0]


_MAKE: dict[str, Callable[[Any, Loss], Updates]] = {"jax": _jax, "torch": _Torch, "mlx": _mlx}
