"""Looking up by name: tasks, presets and kernels that plug-ins registered."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pluggy

from hyenadna_backends import Choice, FFTConv, current_kernel, use_kernel
from hyenadna_backends.convolution import ENVIRONMENT
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_plugins import PluginError, Plugins, Registered, collect, isolated, plugin_manager, reason_of

if TYPE_CHECKING:  # it imports NumPy, which `hyenadna --help` does without
    from hyenadna_core.presets import Preset

NAMES = 600  # characters of the names to choose from
_plugins: Plugins | None = None  # of this process


@dataclass(frozen=True)
class Session:
    """The loaded plug-ins and the chosen backend; each command gets it as click's `obj`."""

    plugins: Plugins
    backend: Choice


def session_plugins() -> Plugins:
    """Return the plug-ins of this process: those given to `use_plugins`, else all installed ones.

    The installed plug-ins are loaded at the first call.
    """
    if _plugins is None:
        use_plugins(plugin_manager())
    assert _plugins is not None  # noqa: S101 (for mypy)
    return _plugins


def use_plugins(plugins: Plugins | None) -> None:
    """Set the plug-ins of this process; None forgets them, and the next use loads them again."""
    global _plugins
    _plugins = plugins


def by_name(registered: Registered, name: str, what: str, prefix: str = "") -> Any:
    """Return the thing that is registered under `name`, which may lack its prefix.

    Raises:
        HyenaDNAError: the name is unknown; the message lists all names.
        PluginError: more than one plug-in registered the name; the message names them.
    """
    for candidate in (name, prefix + name):
        if candidate in registered.taken:
            raise PluginError(registered.clash(candidate))
        if candidate in registered:
            return registered[candidate].thing
    raise HyenaDNAError(f"Unknown {what} {shown(repr(name))}: choose one of {shown(', '.join(registered), NAMES)}.")


def find_task(plugins: pluggy.PluginManager, name: str) -> Any:
    """Return the class of the task that is registered under a name.

    Raises:
        HyenaDNAError: the name is unknown.
        PluginError: more than one plug-in registered it.
    """
    return by_name(collect(plugins, "register_tasks"), name, "task")


def find_preset(name: str, what: str = "preset", plugins: pluggy.PluginManager | None = None) -> "Preset":
    """Return the preset of that name, with or without "hyenadna-" before it.

    Raises:
        HyenaDNAError: the name is unknown, and the message calls it `what`; or no model can have
            the hyperparameters of the preset.
        PluginError: more than one plug-in registered it.
    """
    presets = collect(plugins or session_plugins(), "register_presets")
    preset: Preset = by_name(presets, name, what, prefix="hyenadna-")
    try:
        HyenaConfig.from_arguments(preset.config)
    except (HyenaDNAError, AttributeError, TypeError, ValueError) as error:
        raise HyenaDNAError(f"Preset {name!r} cannot be used: {reason_of(error)}.") from None
    return preset


def select_fft_conv(plugins: pluggy.PluginManager, name: str | None) -> FFTConv:
    """Compute the long convolution with the kernel registered under a name.

    Without a name, the environment variable HYENADNA_FFT_CONV names it; without both, nothing
    changes. The backend must be installed (`check_backend`).

    Returns the kernel in use from now on.

    Raises:
        HyenaDNAError: the kernel is unknown, is not for this backend, or cannot be imported.
        PluginError: more than one plug-in registered the name.
    """
    name = name or os.environ.get(ENVIRONMENT) or None
    chosen = None if name is None else by_name(collect(plugins, "register_fft_convs"), name, "kernel")
    try:
        if chosen is not None:
            isolated(use_kernel, chosen)
        return current_kernel()
    except ValueError as error:
        raise HyenaDNAError(str(error)) from error
    except Exception as error:  # whatever the import of a kernel may raise
        raise HyenaDNAError(f"Kernel {name!r} cannot be loaded: {reason_of(error)}") from error
