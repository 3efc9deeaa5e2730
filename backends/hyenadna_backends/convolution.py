"""`fft_conv`: the one piece of the model that is written once for each backend."""

import importlib
from collections.abc import Callable
from typing import Any

Tensor = Any  # an array of whichever backend runs

KERNELS = ("jax", "torch", "mlx", "numpy", "generic")


def kernel(name: str) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The `fft_conv` of one backend, or `generic` where the name has none of its own."""
    module = importlib.import_module(f"hyenadna_backends.kernels.{name if name in KERNELS else 'generic'}")
    function: Callable[[Tensor, Tensor, Tensor], Tensor] = module.fft_conv
    return function


def fft_conv(u: Tensor, k: Tensor, bias: Tensor) -> Tensor:
    """Causal convolution as long as the input, plus a skip, on the backend that runs.

    (B, D, L), (D, L), (D,) -> (B, D, L): y[t] = sum over s <= t of k[s] u[t - s], plus bias u[t] (SPEC section 2,
    long convolution). Transforms run in float32 whatever the dtype of u, and y has the dtype of u. It can be
    differentiated in all three arguments where the backend can differentiate.
    """
    import keras  # not before: the import of this package comes before the choice of a backend

    return kernel(keras.config.backend())(u, k, bias)
