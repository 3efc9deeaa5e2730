"""`fft_conv`: the one piece of the model that is written once for each backend, and which kernel computes it."""

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from hyenadna_backends.choice import SettingError

Tensor = Any  # an array of whichever backend runs
Function = Callable[[Tensor, Tensor, Tensor], Tensor]

KERNELS = ("jax", "torch", "mlx", "numpy", "generic", "matmul")
EVERYWHERE = ("generic", "matmul")  # in keras.ops alone
ENVIRONMENT = "HYENADNA_FFT_CONV"


@dataclass(frozen=True)
class FFTConv:
    """A kernel by name: `load` imports it and returns its `fft_conv(u, k, bias)`.

    `backends` are those that it runs on, all if there are none; `source` says where it comes from; one that is `whole`
    is handed all channels at once, however long the input.
    """

    name: str
    load: Callable[[], Function]
    backends: tuple[str, ...] = ()
    source: str = "hyenadna"
    whole: bool = False


def kernel(name: str) -> Function:
    """The `fft_conv` of one backend, or `generic` where the name has none of its own."""
    module = importlib.import_module(f"hyenadna_backends.kernels.{name if name in KERNELS else 'generic'}")
    function: Function = module.fft_conv
    return function


BUILTIN = {name: FFTConv(name, partial(kernel, name), () if name in EVERYWHERE else (name,)) for name in KERNELS}
_in_use: tuple[FFTConv, Function] | None = None


def use_kernel(choice: str | FFTConv | None) -> None:
    """Let `fft_conv` compute with this kernel, one of ours by name, or with the backend's native one for None.

    It holds for this process, and for what is traced from now on: a model that is compiled already keeps its own.

    Raises:
        ValueError: no kernel of ours has this name, or it does not run on the backend at hand.
    """
    global _in_use
    _in_use = _loaded(choice)


def current_kernel() -> FFTConv:
    """The kernel in use: what `use_kernel` was told last, else HYENADNA_FFT_CONV, else the backend's native one."""
    return _current()[0]


def fft_conv(u: Tensor, k: Tensor, bias: Tensor) -> Tensor:
    """Causal convolution as long as the input, plus a skip, on the backend that runs.

    (B, D, L), (D, L), (D,) -> (B, D, L): y[t] = sum over s <= t of k[s] u[t - s], plus bias u[t] (docs/model.md section 2,
    long convolution). Transforms run in float32 whatever the dtype of u, and y has the dtype of u. It can be
    differentiated in all three arguments where the backend can differentiate.
    """
    return _current()[1](u, k, bias)


def keeps_spectra() -> bool:
    """Whether the kernel in use is a native one, which can take the filters' spectra in place of the filters."""
    return current_kernel().name in ("jax", "torch", "mlx", "numpy")


def spectrum(k: Tensor) -> Tensor:
    """What `fft_conv_spectrum` takes in place of k, on a backend with a kernel of its own: (..., L) -> (..., F)."""
    return _native().spectrum(k)


def fft_conv_spectrum(u: Tensor, K: Tensor, bias: Tensor) -> Tensor:
    """`fft_conv` with the filters' spectra, in inference: (B, D, L), (D, F), (D,) -> (B, D, L)."""
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
    import keras  # not before: the import of this package comes before the choice of a backend

    backend = keras.config.backend()
    if choice is None:
        choice = backend if backend in BUILTIN else "generic"
    found = BUILTIN.get(choice) if isinstance(choice, str) else choice
    if found is not None and (not found.backends or backend in found.backends):
        return found, found.load()
    problem = f"Unknown kernel {choice!r}"
    if found is not None:
        problem = f"Kernel {found.name!r} runs on {', '.join(found.backends)}"
    fits = [name for name, known in BUILTIN.items() if not known.backends or backend in known.backends]
    raise ValueError(f"{problem}: on backend {backend} choose one of {', '.join(fits)}.")
