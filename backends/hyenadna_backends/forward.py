"""Run one layer in inference, or compute its spectra, in the fastest way of each backend."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from typing import Any
from weakref import WeakKeyDictionary, ref

from hyenadna_backends.blocks import Tensor, backend
from hyenadna_backends.convolution import spectrum
from hyenadna_backends.settings import settings

# For each template, the functions that JAX compiles for it and for layers like it.
_COMPILED: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()


def without_gradients() -> AbstractContextManager[Any]:
    """Return a context in which PyTorch keeps nothing for gradients; others do not need it."""
    if backend() != "torch":
        return nullcontext()
    import torch

    context: AbstractContextManager[Any] = torch.no_grad()
    return context


def run_layer(
    template: Any,
    layer: Any,
    x: Tensor,
    spectra: Tensor | None,
    *,
    keep: bool = False,
    reference: Any = None,
    first: int = 0,
) -> tuple[Tensor, Any]:
    """Return the positions from `first` on of a block, without gradients: (B, L, D) -> (B, L', D).

    The second value is what the layer returns with `keep`, else None. x must not be used again,
    since JAX reuses its memory. `template` is the first of a stack of similar layers. JAX compiles
    once for all layers with the same shapes, dtypes and settings.
    """
    function = _application(keep, first)
    pair: tuple[Tensor, Any]
    if backend() == "jax":
        reusable = () if first else 2  # the output must have the shape of x
        compiled = _compiled(template, layer, function, donate_argnums=reusable)
        pair = compiled([v.value for v in layer.variables], x, spectra, reference)
    else:
        pair = _evaluated(function(layer, x, spectra, reference))
    return pair


def run_norm(norm: Any, x: Tensor) -> Tensor:
    """Normalize each position, without gradients: (B, L, D) -> (B, L, D).

    x must not be used again, since JAX reuses its memory.
    """
    if backend() == "jax":  # one function to compile, in place of one for each of its operations
        return _compiled(norm, norm, _normalized, donate_argnums=2)([v.value for v in norm.variables], x)
    return _evaluated(_normalized(norm, x))


def make_spectra(template: Any, mixer: Any, z: Tensor, t: Tensor) -> Tensor:
    """Compute the spectra of a mixer's filters: (L, emb_dim), (L, 1) -> (O - 1, D, F).

    `template` is the first of a stack of similar mixers.
    """
    if backend() == "jax":  # compiled as a whole: its intermediate arrays would take more memory than the spectra
        return _compiled(template, mixer, _spectra)([v.value for v in mixer.variables], z, t)
    return _evaluated(_spectra(mixer, z, t))


def make_filters(template: Any, mixer: Any, z: Tensor, t: Tensor) -> Tensor:
    """Compute the long filters of a mixer: (L, emb_dim), (L, 1) -> (O - 1, D, L).

    `template` is the first of a stack of similar mixers.
    """
    if backend() == "jax":  # compiled once for the whole stack
        return _compiled(template, mixer, _filters)([v.value for v in mixer.variables], z, t)
    return _evaluated(_filters(mixer, z, t))


@cache  # the same function each time, for which JAX compiles once
def _application(keep: bool, first: int) -> Callable[..., tuple[Tensor, Any]]:
    """Return a function that applies a layer, and returns what it keeps or None."""

    def apply(layer: Any, x: Tensor, spectra: Tensor | None, reference: Any) -> tuple[Tensor, Any]:
        y = layer(x, spectra=spectra, reference=reference, keep=keep, first=first)
        return y if keep else (y, None)

    return apply


def _normalized(norm: Any, x: Tensor) -> Tensor:
    return norm(x)


def _filters(mixer: Any, z: Tensor, t: Tensor) -> Tensor:
    return mixer.filter_fn(z, t)


def _spectra(mixer: Any, z: Tensor, t: Tensor) -> Tensor:
    return spectrum(mixer.filter_fn(z, t))


def _evaluated(values: Any) -> Any:
    """Compute values now; MLX would wait until one is read."""
    if backend() == "mlx":
        import mlx.core as mx

        mx.eval(values)
    return values


def _compiled(template: Any, layer: Any, function: Callable[..., Any], **options: Any) -> Any:
    """Return function(layer, ...) compiled as a function of the values of the layer's variables."""
    import jax
    import keras

    def run(like: _Like, values: list[Tensor], *arrays: Tensor) -> Tensor:
        layer = like.layer()
        with keras.StatelessScope(state_mapping=list(zip(layer.variables, values, strict=True))):
            return function(layer, *arrays)

    functions = _COMPILED.setdefault(template, {})
    if function not in functions:
        functions[function] = jax.jit(run, static_argnums=0, **options)
    return partial(functions[function], _Like(layer))


class _Like:
    """A layer that JAX takes for every other layer with the same settings."""

    def __init__(self, layer: Any) -> None:
        self.settings = settings(layer)
        self.layer: Any = ref(layer)  # so that the compiled function does not keep the layer alive

    def __hash__(self) -> int:
        return hash(self.settings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Like) and self.settings == other.settings
