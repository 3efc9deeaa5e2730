"""Hooks for plug-ins, and the manager that loads the plug-ins. It needs only pluggy.

A plug-in is a module with functions marked `@hookimpl`. An entry point of the group `hyenadna`
names the module:

    from hyenadna_plugins import hookimpl

    @hookimpl
    def register_presets(register):
        register(...)
"""

from hyenadna_plugins.asking import ask, call, implementers
from hyenadna_plugins.errors import PluginError, PluginWarning, reason_of
from hyenadna_plugins.hookspecs import HOOKS_VERSION
from hyenadna_plugins.isolation import isolated
from hyenadna_plugins.manager import Plugins, plugin_manager
from hyenadna_plugins.markers import BUILTIN, hookimpl
from hyenadna_plugins.registered import Offer, Registered, collect

__all__ = [
    "BUILTIN",
    "HOOKS_VERSION",
    "Offer",
    "PluginError",
    "PluginWarning",
    "Plugins",
    "Registered",
    "ask",
    "call",
    "collect",
    "hookimpl",
    "implementers",
    "isolated",
    "plugin_manager",
    "reason_of",
]
