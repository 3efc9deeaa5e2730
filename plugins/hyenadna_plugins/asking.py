"""Calls of one plug-in at a time: an error names its plug-in and does not stop the others."""

import warnings
from typing import Any

import pluggy

from hyenadna_plugins.errors import PluginWarning, reason_of, shown
from hyenadna_plugins.isolation import isolated
from hyenadna_plugins.tracing import trace_error


def implementers(manager: pluggy.PluginManager, hook: str) -> list[str]:
    """Return the names of the plug-ins that implement a hook, in the order of loading."""
    names = {implementation.plugin_name for implementation in getattr(manager.hook, hook).get_hookimpls()}
    return [name for name, _ in manager.list_name_plugin() if name in names]


def call(manager: pluggy.PluginManager, hook: str, plugin_name: str, **arguments: Any) -> Any:
    """Call a hook of one plug-in only; return its answer.

    The answer is a list. If the hook takes the first result, it is that result or None. Errors are
    those of `isolated`.
    """
    others = [manager.get_plugin(name) for name in implementers(manager, hook) if name != plugin_name]
    return isolated(manager.subset_hook_caller(hook, others), **arguments)


def ask(manager: pluggy.PluginManager, hook: str, plugin_name: str, **arguments: Any) -> str | None:
    """Call a hook of one plug-in; return None, or the reason in one line if the plug-in fails.

    A failure also gives a PluginWarning that names the plug-in.
    """
    try:
        call(manager, hook, plugin_name, **arguments)
    except Exception as error:  # any error of a plug-in: the others must still work
        trace_error(error)
        reason = reason_of(error)
        warnings.warn(f"Plug-in {shown(repr(plugin_name))} failed in {hook}: {reason}", PluginWarning, stacklevel=3)
        return reason
    return None
