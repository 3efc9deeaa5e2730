"""How HyenaDNA grows: hooks that a plug-in implements, and the manager that collects them. Needs pluggy alone.

A plug-in is a module named by an entry point of the group `hyenadna`, with functions marked `@hookimpl`:

    from hyenadna_plugins import hookimpl

    @hookimpl
    def register_presets(register):
        register(...)
"""

from hyenadna_plugins.manager import PluginError, collect, plugin_manager
from hyenadna_plugins.markers import hookimpl

__all__ = ["PluginError", "collect", "hookimpl", "plugin_manager"]
