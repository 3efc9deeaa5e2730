"""Running one layer in inference, or making its spectra, as each backend does it best."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any
from weakref import ref

from hyenadna_backends.blocks import Tensor, backend
from hyenadna_backends.convolution import spectrum


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
    shapes and dtypes, and whose windows are the same; once more for those that a quantization or an adapter changed.
    """
    if backend() == "jax":
        return _compiled(template, layer, _apply, donate_argnums=1)([v.value for v in layer.variables], x, spectra)
    return _evaluated(_apply(layer, x, spectra))


def make_spectra(template: Any, mixer: Any, z: Tensor, t: Tensor) -> Tensor:
    """The spectra of a mixer's filters from its positions: (L, emb_dim), (L, 1) -> (order - 1, D, F)."""
    if backend() == "jax":  # at once: its intermediate arrays would take more than the spectra do
        return _compiled(template, mixer, _spectra)([v.value for v in mixer.variables], z, t)
    return _evaluated(_spectra(mixer, z, t))


def _apply(layer, x, spectra):
    return layer(x, spectra=spectra)


def _spectra(mixer, z, t):
    return spectrum(mixer.filter_fn(z, t))


def _evaluated(y):
    """What was computed, and not only put down to be, as MLX does."""
    if backend() == "mlx":
        import mlx.core as mx

        mx.eval(y)
    return y


def _compiled(template, layer, function, **options):
    """function(layer, ...) as one of the values of the layer's variables, kept by the template for all like it."""
    import jax
    import keras

    network = getattr(getattr(layer, "mixer", layer), "filter_fn", None)
    settings = (network.window_shift, network.filter_layout) if network else ()
    kind = (function, settings, *((tuple(variable.shape), variable.dtype) for variable in layer.variables))
    if not hasattr(template, "_compiled"):
        template._compiled = {}
    if kind not in template._compiled:
        one_of_them: Any = ref(layer)  # the template holds the compiled function, which must not hold the layer

        def run(values, *arrays):
            here = one_of_them()
            with keras.StatelessScope(state_mapping=list(zip(here.variables, values, strict=True))):
                return function(here, *arrays)

        template._compiled[kind] = jax.jit(run, **options)
    return template._compiled[kind]
