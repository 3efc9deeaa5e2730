"""Rematerialisation: keep only the inputs of a function, and compute it again for the gradient."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from hyenadna_backends.blocks import Tensor, backend

Function = Callable[..., Tensor]


def rematerialised(function: Function, *layers: Any) -> Function:
    """Return a version of `function` that keeps only its inputs for the gradient.

    `function` takes one or more tensors in floating point and returns one; `layers` are the Keras
    layers whose variables it reads.
    """
    name = backend()
    if name == "torch":
        return _on_torch(function, layers)
    if name == "mlx":
        return _on_mlx(function, layers)
    if name == "jax":
        import jax

        if jax.default_backend() == "cpu":
            return _on_xla_for_cpus(function)
    import keras

    again: Function = keras.remat(function)
    return again


def _on_torch(function: Function, layers: Sequence[Any]) -> Function:
    """Rematerialise with the weights as arguments, and without an exception inside of layers.

    torch.utils.checkpoint ends the second computation with an exception. The layers of Keras keep
    it, and with it all that was computed, until Python looks for cycles. Only the trainable
    variables of `layers` get gradients.
    """

    def run(*inputs: Tensor) -> Tensor:
        pure, values = _with_weights(function, layers, len(inputs))
        return _torch_function()(pure, *inputs, *values)

    return run


@cache
def _torch_function() -> Callable[..., Tensor]:
    import torch
    from torch.autograd.function import once_differentiable

    class Again(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, pure: Function, *tensors: Tensor) -> Tensor:
            ctx.pure = pure
            ctx.save_for_backward(*tensors)
            return pure(*tensors)

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
            needed = ctx.needs_input_grad[1:]
            tensors = [t.detach().requires_grad_(n) for t, n in zip(ctx.saved_tensors, needed, strict=True)]
            with torch.enable_grad():
                value = ctx.pure(*tensors)
            if not value.requires_grad:  # it reads none of those that are trained
                return None, *(None for _ in needed)
            sources = [tensor for tensor, n in zip(tensors, needed, strict=True) if n]
            found = iter(torch.autograd.grad(value, sources, gradient, allow_unused=True))
            return None, *(next(found) if n else None for n in needed)

    return Again.apply


def _on_xla_for_cpus(function: Function) -> Function:
    """Rematerialise as jax.checkpoint does, with barriers that XLA cannot remove.

    XLA for CPUs removes the barriers of jax.checkpoint before it looks for equal computations. Then
    it would replace the second computation by the first, and keep all of its results. Here a zero
    computed from the incoming gradient is added to all inputs of the second computation. So it
    differs from the first, and cannot start before the gradient is there.
    """
    import jax

    def run(*inputs: Tensor) -> Tensor:
        def afresh(*inputs: Tensor) -> Tensor:  # a new function, since JAX remembers the closure of one that it saw
            return function(*inputs)

        pure, weights = jax.closure_convert(afresh, *inputs)

        def forward(*kept: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            return pure(*kept), kept

        def backward(kept: tuple[Tensor, ...], gradient: Tensor) -> Tensor:
            return jax.vjp(pure, *after(gradient, kept))[1](gradient)

        once: Any = jax.custom_vjp(pure)
        once.defvjp(forward, backward)
        return once(*inputs, *weights)

    return run


def after(gradient: Tensor, kept: Sequence[Tensor]) -> list[Tensor]:
    """Return the arrays of JAX that were kept, as values that depend on the incoming gradient."""
    import jax.numpy as jnp

    zero = 0.0 * jnp.ravel(gradient)[0]
    return [array + zero.astype(array.dtype) for array in kept]


def _on_mlx(function: Function, layers: Sequence[Any]) -> Function:
    """Rematerialise as mx.checkpoint does, with gradients for the weights and in a fixed order.

    mx.checkpoint gives gradients only for arguments, so the weights are arguments here. The second
    computation waits for the incoming gradient. The gradient for the block before waits for those
    of the weights; otherwise MLX would hold their inputs until the end.
    """
    import mlx.core as mx

    def run(*inputs: Tensor) -> Tensor:
        pure, values = _with_weights(function, layers, len(inputs))

        def backward(kept: tuple[Tensor, ...], gradient: Tensor, _: Tensor) -> tuple[Tensor, ...]:
            _, gradients = mx.vjp(pure, mx.depends(list(kept), [gradient]), [gradient])
            first, *rest = gradients
            return (mx.depends(first, rest) if rest else first, *rest)

        once: Any = mx.custom_function(pure)
        once.vjp(backward)
        return once(*inputs, *values)

    return run


def _with_weights(function: Function, layers: Sequence[Any], count: int) -> tuple[Function, list[Tensor]]:
    """Return `function` with the trained weights of `layers` as arguments too, and their values.

    The other variables keep the values that they have now, also after the end of a StatelessScope.

    Inside a layer in half precision, Keras casts every variable that is read, and every value of a
    StatelessScope. Here both stay as they are stored, because sublayers may need float32: positions
    that are cast collide. Each sublayer casts what it reads.
    """
    import keras
    from keras.src.backend.common.variables import AutocastScope

    trained = [variable for layer in layers for variable in layer.trainable_variables]
    with AutocastScope(None):
        values = [variable.value for variable in trained]
        rest = [(variable, variable.value) for layer in layers for variable in layer.non_trainable_variables]

    def pure(*arrays: Tensor) -> Tensor:
        state = [*zip(trained, arrays[count:], strict=True), *rest]
        with AutocastScope(None), keras.StatelessScope(state_mapping=state):
            return function(*arrays[:count])

    return pure, values
