"""A function of which nothing but its input is kept for the gradient, and which is computed again there."""

from collections.abc import Callable
from typing import Any

from hyenadna_backends.blocks import Tensor, backend

Function = Callable[[Tensor], Tensor]


def rematerialised(function: Function, layer: Any) -> Function:
    """`function`, (..., D) -> (..., D) in floating point, of which the gradient keeps its input alone.

    `layer` is the one of Keras whose variables it reads.
    """
    import keras

    if backend() == "mlx":
        return _on_mlx(function, layer)
    if backend() == "jax":
        import jax

        if jax.default_backend() == "cpu":
            return _on_xla_for_cpus(function)
    again: Function = keras.remat(function)
    return again


def _on_xla_for_cpus(function: Function) -> Function:
    """As jax.checkpoint, with barriers that XLA cannot see through.

    XLA for CPUs takes those of jax.checkpoint away before it looks for equal work, so what is computed again would be
    what was computed first, and all of it be kept. Here a zero made of the incoming gradient is added to everything
    that the second computation starts from: it differs from the first, and cannot begin before its turn.
    """
    import jax
    import jax.numpy as jnp

    def run(x: Tensor) -> Tensor:
        def afresh(x: Tensor) -> Tensor:  # JAX remembers what a function has closed over when it was seen first
            return function(x)

        pure, weights = jax.closure_convert(afresh, x)

        def forward(*kept: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            return pure(*kept), kept

        def backward(kept: tuple[Tensor, ...], gradient: Tensor) -> Tensor:
            zero = 0.0 * jnp.ravel(gradient)[0]
            again = [array + zero.astype(array.dtype) for array in kept]
            return jax.vjp(pure, *again)[1](gradient)

        once: Any = jax.custom_vjp(pure)
        once.defvjp(forward, backward)
        return once(x, *weights)

    return run


def _on_mlx(function: Function, layer: Any) -> Function:
    """As mx.checkpoint, which gives gradients for what it is handed alone, and computes in no order.

    So weights are handed over; what is computed again waits for the incoming gradient, and what goes on to the block
    before waits for the weights' gradients, since what these need would be held until the end.
    """
    import keras
    import mlx.core as mx

    def run(x: Tensor) -> Tensor:
        trained = layer.trainable_variables
        rest = [(variable, variable.value) for variable in layer.non_trainable_variables]

        def pure(x: Tensor, *values: Tensor) -> Tensor:
            with keras.StatelessScope(state_mapping=[*zip(trained, values, strict=True), *rest]):
                return function(x)

        def backward(kept: tuple[Tensor, ...], gradient: Tensor, _: Tensor) -> tuple[Tensor, ...]:
            _, gradients = mx.vjp(pure, mx.depends(list(kept), [gradient]), [gradient])
            first, *rest = gradients
            return (mx.depends(first, rest) if rest else first, *rest)

        once: Any = mx.custom_function(pure)
        once.vjp(backward)
        return once(x, *(variable.value for variable in trained))

    return run
