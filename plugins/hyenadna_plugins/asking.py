"""Asking plug-ins one by one, so that one that fails is named and costs nothing but itself."""

import warnings
from typing import Any

import pluggy

from hyenadna_plugins.errors import PluginWarning, reason_of
from hyenadna_plugins.tracing import trace_error


def implementers(manager: pluggy.PluginManager, hook: str) -> list[str]:
    """The names of the plug-ins that implement a hook, in the order in which they were loaded."""
    names = {implementation.plugin_name for implementation in getattr(manager.hook, hook).get_hookimpls()}
    return [name for name, _ in manager.list_name_plugin() if name in names]


def call(manager: pluggy.PluginManager, hook: str, plugin_name: str, **arguments: Any) -> Any:
    """What one plug-in alone answers to a hook: a list, or its answer or None where the first result is taken."""
    others = [manager.get_plugin(name) for name in implementers(manager, hook) if name != plugin_name]
    return manager.subset_hook_caller(hook, others)(**arguments)


def ask(manager: pluggy.PluginManager, hook: str, plugin_name: str, **arguments: Any) -> str | None:
    """Call what one plug-in implements of a hook.

    Where it fails, a PluginWarning names it; the answer is why it failed, in one line, and None where it did not.
    """
    try:
        call(manager, hook, plugin_name, **arguments)
    except Exception as error:  # whatever a plug-in may raise: the others must still work
        trace_error(error)
        reason = reason_of(error)
        warnings.warn(f"Plug-in {plugin_name!r} failed in {hook}: {reason}", PluginWarning, stacklevel=3)
        return reason
    return None
