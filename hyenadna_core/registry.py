"""Looking up what plug-ins registered."""

import os
from typing import Any

import pluggy

from hyenadna_backends import FFTConv, current_kernel, use_kernel
from hyenadna_backends.convolution import ENVIRONMENT
from hyenadna_core.errors import HyenaDNAError
from hyenadna_plugins import PluginError, Registered, collect, reason_of


def by_name(registered: Registered, name: str, what: str, prefix: str = "") -> Any:
    """What is registered under a name, which may lack its prefix.

    Raises:
        HyenaDNAError: nothing is; the message lists what there is.
        PluginError: more than one plug-in registered it; the message names them.
    """
    for candidate in (name, prefix + name):
        if candidate in registered.taken:
            raise PluginError(registered.clash(candidate))
        if candidate in registered:
            return registered[candidate].thing
    raise HyenaDNAError(f"Unknown {what} {name!r}: choose one of {', '.join(registered)}.")


def find_task(plugins: pluggy.PluginManager, name: str) -> Any:
    """The class of the task that is registered under a name.

    Raises:
        HyenaDNAError: none is.
        PluginError: more than one plug-in registered it.
    """
    return by_name(collect(plugins, "register_tasks"), name, "task")


def select_fft_conv(plugins: pluggy.PluginManager, name: str | None) -> FFTConv:
    """Let the long convolution compute with the kernel registered under a name.

    Without one it is HYENADNA_FFT_CONV that names it, or else nothing changes.

    Returns the kernel in use from now on. The backend must be installed (`check_backend`).

    Raises:
        HyenaDNAError: no such kernel, not for the backend that runs, or it cannot be imported.
        PluginError: more than one plug-in registered the name.
    """
    name = name or os.environ.get(ENVIRONMENT) or None
    chosen = None if name is None else by_name(collect(plugins, "register_fft_convs"), name, "kernel")
    try:
        if chosen is not None:
            use_kernel(chosen)
        return current_kernel()
    except ValueError as error:
        raise HyenaDNAError(str(error)) from error
    except Exception as error:  # whatever the import of a kernel may raise
        raise HyenaDNAError(f"Kernel {name!r} cannot be loaded: {reason_of(error)}") from error
