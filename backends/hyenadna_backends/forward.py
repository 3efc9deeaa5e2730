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
    """layer(x) with `layer.mixer.spectra` set, without gradients: (B, L, D) -> (B, L, D); x is given up.

    `template` is a layer of the same making (the first of a stack): JAX compiles once for all of them.
    """
    return _RUN.get(backend(), _run_anywhere)(template, layer, x, spectra)


def _run_anywhere(_, layer, x, spectra):
    return layer.with_spectra(x, spectra)


def _run_jax(template, layer, x, spectra):
    import jax
    import keras

    if not hasattr(template, "_compiled"):
        template_of: Any = ref(template)  # the template holds the compiled function, which must not hold the template

        def run(values, x, spectra):
            here = template_of()
            mapping = list(zip(here.variables, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                return here.with_spectra(x, spectra)

        template._compiled = jax.jit(run, donate_argnums=1)
    return template._compiled([variable.value for variable in layer.variables], x, spectra)


def _run_mlx(_, layer, x, spectra):
    import mlx.core as mx

    y = layer.with_spectra(x, spectra)
    mx.eval(y)
    return y


_RUN = {"jax": _run_jax, "mlx": _run_mlx}
