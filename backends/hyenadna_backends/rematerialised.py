"""A function of which nothing but its input is kept for the gradient, and which is computed again there."""

from collections.abc import Callable
from typing import Any

from hyenadna_backends.blocks import Tensor, backend

Function = Callable[[Tensor], Tensor]


def rematerialised(function: Function) -> Function:
    """`function`, (..., D) -> (..., D) in floating point, of which the gradient keeps its input alone."""
    import keras

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
        pure, weights = jax.closure_convert(function, x)

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
