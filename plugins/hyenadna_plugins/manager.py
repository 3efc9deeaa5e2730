"""Finding plug-ins and asking them what they offer."""

import os
import warnings
from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Any

import pluggy

from hyenadna_plugins import hookspecs
from hyenadna_plugins.markers import GROUP

HOST = "hyenadna"  # the distribution whose own plug-in is always there


class PluginError(Exception):
    """A plug-in broke a rule; the message names it and says which."""


def plugin_manager(names: Iterable[str] | None = None) -> pluggy.PluginManager:
    """A fresh manager with the installed plug-ins, or only those of `names` besides HyenaDNA's own.

    Without `names`, HYENADNA_PLUGINS restricts in the same way: names with commas between, none where it is empty.
    A plug-in that fails to load, or implements a hook that does not exist, is left out with a warning that names it.
    """
    if names is None and (listed := os.environ.get("HYENADNA_PLUGINS")) is not None:
        names = [name.strip() for name in listed.split(",")]
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    for entry_point in sorted(entry_points(group=GROUP), key=lambda entry_point: entry_point.name):
        own = entry_point.dist is not None and entry_point.dist.name == HOST
        if not (own or names is None or entry_point.name in names):
            continue
        try:
            manager.register(entry_point.load(), name=entry_point.name)
            manager.check_pending()
        except Exception as error:  # whatever a plug-in may raise: the others must still work
            if own:
                raise
            manager.unregister(name=entry_point.name)
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            warnings.warn(f"Plug-in {entry_point.name!r} was left out: {reason}", stacklevel=2)
    return manager


def collect(manager: pluggy.PluginManager, hook: str) -> dict[str, tuple[Any, str]]:
    """What all plug-ins offer through a hook `register_...(register)`: by name, the thing and the plug-in it is from.

    Asked plug-in by plug-in, so that an error can name the one it comes from.

    Raises:
        PluginError: two plug-ins registered the same name, or one failed while it was asked.
    """
    found: dict[str, tuple[Any, str]] = {}
    caller = getattr(manager.hook, hook)
    for plugin_name, plugin in manager.list_name_plugin():
        others = [other for _, other in manager.list_name_plugin() if other is not plugin]
        offered: list[Any] = []
        try:
            manager.subset_hook_caller(caller.name, others)(register=offered.append)
        except Exception as error:  # whatever a plug-in may raise
            raise PluginError(f"Plug-in {plugin_name!r} failed in {hook}: {error}") from error
        for thing in offered:
            if thing.name in found:
                first = found[thing.name][1]
                raise PluginError(f"{thing.name!r} is registered twice, by plug-ins {first!r} and {plugin_name!r}.")
            found[thing.name] = (thing, plugin_name)
    return found
