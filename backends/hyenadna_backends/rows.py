"""Operations on a few rows, in the way that starts fastest on each backend.

For a few hundred numbers, a function of Keras takes longer to start than to compute.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from hyenadna_backends.blocks import Tensor, backend


class Rows(NamedTuple):
    """Functions of a backend.

    Attributes:
        normalize: give each row mean 0 and variance 1, then scale and shift it: (B, D), (D,), (D,),
            epsilon -> (B, D).
        linear: multiply with a matrix and add a bias: (B, D), (D, C), (C,) -> (B, C).
        gelu: the GELU with tanh, of each number.
        join: concatenate along an axis.
        split: cut into parts of D columns: (B, n D), D -> n arrays (B, D).
        tensor: an array of NumPy on the device of another one.
    """

    normalize: Callable[..., Tensor]
    linear: Callable[..., Tensor]
    gelu: Callable[..., Tensor]
    join: Callable[..., Tensor]
    split: Callable[..., Sequence[Tensor]]
    tensor: Callable[..., Tensor]


@cache
def rows() -> Rows:
    """Return the functions of the backend that runs."""
    return {"jax": _jax, "torch": _torch, "mlx": _mlx}.get(backend(), _numpy)()


@cache
def compiled(function: Callable[..., Any], *constants: int) -> Callable[..., Any]:
    """Return a function of arrays, compiled once for all calls on JAX; others run it as it is.

    Its first arguments are the constants, which shapes may depend on.
    """
    if constants:
        function = partial(function, *constants)
    if backend() != "jax":
        return function
    import jax

    jitted: Callable[..., Any] = jax.jit(function)
    return jitted


def _cut(x: Tensor, D: int) -> list[Tensor]:
    return [x[:, first : first + D] for first in range(0, x.shape[1], D)]


def _jax() -> Rows:
    import jax
    import jax.numpy as jnp

    def normalize(x: Tensor, scale: Tensor, shift: Tensor, epsilon: float) -> Tensor:
        x = x - x.mean(-1, keepdims=True)
        return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + epsilon) * scale + shift

    def linear(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
        return x @ kernel + bias

    # A compiled function takes arrays of NumPy, faster than one that was converted before.
    return Rows(normalize, linear, jax.nn.gelu, jnp.concatenate, _cut, lambda values, _: values)


def _torch() -> Rows:
    import torch
    from torch.nn import functional

    def normalize(x: Tensor, scale: Tensor, shift: Tensor, epsilon: float) -> Tensor:
        return functional.layer_norm(x, scale.shape, scale, shift, epsilon)

    def linear(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
        return torch.addmm(bias, x, kernel)

    def gelu(x: Tensor) -> Tensor:
        return functional.gelu(x, approximate="tanh")

    def tensor(values: Tensor, other: Tensor) -> Tensor:
        return torch.from_numpy(values).to(other.device)

    return Rows(normalize, linear, gelu, torch.cat, lambda x, D: x.split(D, 1), tensor)


def _mlx() -> Rows:
    import mlx.core as mx
    from mlx.nn.layers.activations import gelu_approx

    def linear(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
        return mx.addmm(bias, x, kernel)

    return Rows(mx.fast.layer_norm, linear, gelu_approx, mx.concatenate, _cut, lambda values, _: mx.array(values))


def _numpy() -> Rows:
    import numpy as np

    def normalize(x: Tensor, scale: Tensor, shift: Tensor, epsilon: float) -> Tensor:
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(epsilon)) * scale + shift

    def gelu(x: Tensor) -> Tensor:
        inner = np.float32(np.sqrt(2 / np.pi)) * (x + np.float32(0.044715) * x * x * x)
        return np.float32(0.5) * x * (1 + np.tanh(inner))

    def linear(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
        return x @ kernel + bias

    return Rows(normalize, linear, gelu, np.concatenate, _cut, lambda values, _: values)
