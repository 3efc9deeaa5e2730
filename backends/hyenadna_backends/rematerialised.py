"""Rematerialisation: keep only the input of a function, and compute it again for the gradient."""

from collections.abc import Callable
from typing import Any

from hyenadna_backends.blocks import Tensor, backend

Function = Callable[[Tensor], Tensor]


def rematerialised(function: Function, layer: Any) -> Function:
    """Return a version of `function` that keeps only its input for the gradient.

    `function` is (..., D) -> (..., D) in floating point; `layer` is the Keras layer whose variables
    it reads.
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
    """Rematerialise as jax.checkpoint does, with barriers that XLA cannot remove.

    XLA for CPUs removes the barriers of jax.checkpoint before it looks for equal computations. Then
    it would replace the second computation by the first, and keep all of its results. Here a zero
    computed from the incoming gradient is added to all inputs of the second computation. So it
    differs from the first, and cannot start before the gradient is there.
    """
    import jax
    import jax.numpy as jnp

    def run(x: Tensor) -> Tensor:
        def afresh(x: Tensor) -> Tensor:  # a new function, since JAX remembers the closure of one that it saw
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
    """Rematerialise as mx.checkpoint does, with gradients for the weights and in a fixed order.

    mx.checkpoint gives gradients only for arguments, so the weights are arguments here. The second
    computation waits for the incoming gradient. The gradient for the block before waits for those
    of the weights; otherwise MLX would hold their inputs until the end.

    Inside a layer in half precision, Keras casts every variable that is read, and every value of a
    StatelessScope. Here both stay as they are stored, because sublayers may need float32: positions
    that are cast collide. Each sublayer casts what it reads.
    """
    import keras
    import mlx.core as mx
    from keras.src.backend.common.variables import AutocastScope

    def run(x: Tensor) -> Tensor:
        trained = layer.trainable_variables
        with AutocastScope(None):
            values = [variable.value for variable in trained]
            rest = [(variable, variable.value) for variable in layer.non_trainable_variables]

        def pure(x: Tensor, *values: Tensor) -> Tensor:
            state = [*zip(trained, values, strict=True), *rest]
            with AutocastScope(None), keras.StatelessScope(state_mapping=state):
                return function(x)

        def backward(kept: tuple[Tensor, ...], gradient: Tensor, _: Tensor) -> tuple[Tensor, ...]:
            _, gradients = mx.vjp(pure, mx.depends(list(kept), [gradient]), [gradient])
            first, *rest = gradients
            return (mx.depends(first, rest) if rest else first, *rest)

        once: Any = mx.custom_function(pure)
        once.vjp(backward)
        return once(x, *values)

    return run
