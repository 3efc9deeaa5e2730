"""`fft_conv`, which is written once for each backend, and the choice of its kernel."""

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from hyenadna_backends.blocks import Tensor
from hyenadna_backends.choice import SettingError

Function = Callable[[Tensor, Tensor, Tensor], Tensor]

KERNELS = ("jax", "torch", "mlx", "numpy", "generic", "matmul")
EVERYWHERE = ("generic", "matmul")  # written in keras.ops
ENVIRONMENT = "HYENADNA_FFT_CONV"


@dataclass(frozen=True)
class FFTConv:
    """A kernel by name: `load` imports it and returns its `fft_conv(u, k, bias)`.

    It runs on `backends`, or on all if the tuple is empty. `source` is the package it comes from. A
    `whole` kernel gets all channels at once, even for long inputs.
    """

    name: str
    load: Callable[[], Function]
    backends: tuple[str, ...] = ()
    source: str = "hyenadna"
    whole: bool = False


def kernel(name: str) -> Function:
    """Return the `fft_conv` of a backend, or the generic one if it has no kernel."""
    module = importlib.import_module(f"hyenadna_backends.kernels.{name if name in KERNELS else 'generic'}")
    function: Function = module.fft_conv
    return function


BUILTIN = {name: FFTConv(name, partial(kernel, name), () if name in EVERYWHERE else (name,)) for name in KERNELS}
_in_use: tuple[FFTConv, Function] | None = None


def use_kernel(choice: str | FFTConv | None) -> None:
    """Make `fft_conv` compute with this kernel or with our kernel of this name.

    None stands for the native kernel of the backend. The choice holds for this process. A model
    that is already compiled keeps its kernel.

    Raises:
        ValueError: we have no kernel of this name, or it does not run on this backend.
    """
    global _in_use
    _in_use = _loaded(choice)


def current_kernel() -> FFTConv:
    """Return the kernel in use.

    It is the last one given to `use_kernel`, else that of HYENADNA_FFT_CONV, else the native one.
    """
    return _current()[0]


def fft_conv(u: Tensor, k: Tensor, bias: Tensor) -> Tensor:
    """Compute the causal convolution of u with filters k as long as u, plus a skip connection.

    (B, D, L), (D, L), (D,) -> (B, D, L): y[t] = sum over s <= t of k[s] u[t - s], plus bias u[t]
    (docs/model.md section 2). Transforms run in float32, and y has the dtype of u. On a backend
    that trains, it has gradients in all three arguments.
    """
    return _current()[1](u, k, bias)


def keeps_spectra() -> bool:
    """Return whether the kernel in use can take spectra instead of filters; native kernels can."""
    return current_kernel().name in ("jax", "torch", "mlx", "numpy")


def spectrum(k: Tensor) -> Tensor:
    """Return the spectra of filters k, for `fft_conv_spectrum`: (..., L) -> (..., F)."""
    return _native().spectrum(k)


def fft_conv_spectrum(u: Tensor, K: Tensor, bias: Tensor) -> Tensor:
    """Compute `fft_conv` from the spectra of the filters: (B, D, L), (D, F), (D,) -> (B, D, L).

    It is for inference: it need not have gradients.
    """
    return _native().fft_conv_spectrum(u, K, bias)


def _native() -> Any:
    return importlib.import_module(f"hyenadna_backends.kernels.{current_kernel().name}")


def _current() -> tuple[FFTConv, Function]:
    global _in_use
    if _in_use is None:
        try:
            _in_use = _loaded(os.environ.get(ENVIRONMENT) or None)
        except ValueError as error:
            raise SettingError(f"{ENVIRONMENT}: {error}") from None
    return _in_use


def _loaded(choice: str | FFTConv | None) -> tuple[FFTConv, Function]:
    import keras  # not at the top: importing this package must not start a backend

    backend = keras.config.backend()
    if choice is None:
        choice = backend if backend in BUILTIN else "generic"
    chosen = BUILTIN.get(choice) if isinstance(choice, str) else choice
    if chosen is not None and (not chosen.backends or backend in chosen.backends):
        return chosen, chosen.load()
    problem = f"Unknown kernel {choice!r}"
    if chosen is not None:
        problem = f"Kernel {chosen.name!r} runs on {', '.join(chosen.backends)}"
    fits = [name for name, known in BUILTIN.items() if not known.backends or backend in known.backends]
    raise ValueError(f"{problem}: on backend {backend} choose one of {', '.join(fits)}.")
