"""Running one layer in inference, as each backend does it best; what it hands over may be overwritten."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any
from weakref import ref

from hyenadna_backends.blocks import Tensor, backend


def without_gradients() -> AbstractContextManager[Any]:
    """A block in which nothing is kept for gradients, where the backend keeps such things unasked."""
    if backend() != "torch":
        return nullcontext()
    import torch

    context: AbstractContextManager[Any] = torch.no_grad()
    return context


def run_layer(template: Any, layer: Any, x: Tensor, spectra: Tensor | None) -> Tensor:
    """layer(x, spectra=spectra), without gradients: (B, L, D) -> (B, L, D); x is given up.

    `template` is the first of a stack of layers, made alike: JAX compiles once for all whose variables are of the same
    shapes and dtypes, and once more for those that a quantization or an adapter has changed.
    """
    return _RUN.get(backend(), _run_anywhere)(template, layer, x, spectra)


def _run_anywhere(_, layer, x, spectra):
    return layer(x, spectra=spectra)


def _run_jax(template, layer, x, spectra):
    import jax
    import keras

    variables = layer.variables
    kind = tuple((tuple(variable.shape), variable.dtype) for variable in variables)
    if not hasattr(template, "_compiled"):
        template._compiled = {}
    if kind not in template._compiled:
        one_of_them: Any = ref(layer)  # the template holds the compiled function, which must not hold the layer

        def run(values, x, spectra):
            here = one_of_them()
            mapping = list(zip(here.variables, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                return here(x, spectra=spectra)

        template._compiled[kind] = jax.jit(run, donate_argnums=1)
    return template._compiled[kind]([variable.value for variable in variables], x, spectra)


def _run_mlx(_, layer, x, spectra):
    import mlx.core as mx

    y = layer(x, spectra=spectra)
    mx.eval(y)
    return y


_RUN = {"jax": _run_jax, "mlx": _run_mlx}
