"""Running one layer in inference, as each backend does it best; what it hands over may be overwritten."""

from typing import Any
from weakref import WeakKeyDictionary

Tensor = Any  # an array of whichever backend runs

_compiled: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def run_layer(template: Any, layer: Any, x: Tensor, spectra: Tensor | None) -> Tensor:
    """layer(x) with `layer.mixer.spectra` set, without gradients: (B, L, D) -> (B, L, D); x is given up.

    `template` is a layer of the same making (the first of a stack): JAX compiles once for all of them.
    """
    import keras  # not before: the import of this package comes before the choice of a backend

    return _RUN.get(keras.config.backend(), _run_anywhere)(template, layer, x, spectra)


def _run_anywhere(_, layer, x, spectra):
    with_spectra = getattr(layer, "with_spectra", None)
    return with_spectra(x, spectra) if with_spectra else layer(x)


def _run_jax(template, layer, x, spectra):
    import jax

    if template not in _compiled:

        def run(trainable, fixed, x, spectra):
            mapping = [*zip(template.trainable_variables, trainable, strict=True)]
            mapping += zip(template.non_trainable_variables, fixed, strict=True)
            import keras

            with keras.StatelessScope(state_mapping=mapping):
                return _run_anywhere(None, template, x, spectra)

        _compiled[template] = jax.jit(run, donate_argnums=2)
    values = [
        [variable.value for variable in group] for group in (layer.trainable_variables, layer.non_trainable_variables)
    ]
    return _compiled[template](*values, x, spectra)


def _run_torch(_, layer, x, spectra):
    import torch

    with torch.no_grad():
        return _run_anywhere(None, layer, x, spectra)


def _run_mlx(_, layer, x, spectra):
    import mlx.core as mx

    y = _run_anywhere(None, layer, x, spectra)
    mx.eval(y)
    return y


_RUN = {"jax": _run_jax, "torch": _run_torch, "mlx": _run_mlx}
