"""The manager that loads the plug-ins, with a warning for each that cannot be used."""

import difflib
import os
import warnings
from collections.abc import Iterable
from importlib.metadata import EntryPoint

import pluggy

from hyenadna_plugins import hookspecs
from hyenadna_plugins.errors import PluginError, PluginWarning, reason_of, shown
from hyenadna_plugins.installed import HOST, check_version, distribution_of, installed, is_own
from hyenadna_plugins.isolation import isolated
from hyenadna_plugins.markers import GROUP
from hyenadna_plugins.tracing import is_traced, say, trace_calls, trace_error

ENVIRONMENT = "HYENADNA_PLUGINS"


class Plugins(pluggy.PluginManager):
    """pluggy's manager, with the origin of each plug-in.

    `entry_points` has the loaded plug-ins by name. `left_out` has the others, each with the reason
    in one line.
    """

    def __init__(self) -> None:
        super().__init__(GROUP)
        self.entry_points: dict[str, EntryPoint] = {}
        self.left_out: list[tuple[EntryPoint, str]] = []
        self.add_hookspecs(hookspecs)

    def load(self, entry_point: EntryPoint) -> None:
        """Import a plug-in and register it.

        Raises:
            Exception: any error of the plug-in; it is not registered.
            PluginError: the plug-in breaks a rule; it is not registered.
        """
        check_version(entry_point)
        if not EntryPoint.pattern.match(entry_point.value):
            raise PluginError(f"its entry point {shown(repr(entry_point.value))} names no module")
        plugin, name = entry_point.load(), entry_point.name
        if self.has_plugin(name):
            raise PluginError(f"{distribution_of(self.entry_points[name])} has a plug-in of this name too")
        self.register(plugin, name=name)
        if unknown := self._unknown_hooks(plugin):
            self.unregister(name=name)
            raise PluginError(unknown)
        self.entry_points[name] = entry_point
        if is_traced():
            say(f"loaded {name} from {entry_point.value}")

    def _unknown_hooks(self, plugin: object) -> str | None:
        """Return a message about the first function that implements an unknown hook, or None."""
        known = [name for name, hook in vars(self.hook).items() if hook.has_spec()]
        for hook in self.get_hookcallers(plugin) or ():
            required = [each for each in hook.get_hookimpls() if each.plugin is plugin and not each.optionalhook]
            if required and not hook.has_spec():
                like = difflib.get_close_matches(hook.name, known, n=1)
                meant = f"did you mean {like[0]!r}?" if like else f"version {hookspecs.HOOKS_VERSION} has none such"
                return f"unknown hook {hook.name!r}: {meant}"
        return None


def plugin_manager(names: Iterable[str] | None = None) -> Plugins:
    """Return a new manager with HyenaDNA's own plug-in and the installed plug-ins.

    `names` restricts the installed plug-ins. Without it, HYENADNA_PLUGINS does: names separated by
    commas; if it is empty, no plug-in is loaded. A plug-in is left out with a PluginWarning if it
    fails to load, implements an unknown hook, or was made for another major version of the hooks.
    """
    if names is None and (listed := os.environ.get(ENVIRONMENT)) is not None:
        names = [name.strip() for name in listed.split(",")]
    wanted = None if names is None else set(names)
    plugins = Plugins()
    if is_traced():
        trace_calls(plugins)
    for entry_point in installed():
        own = is_own(entry_point)
        if not (own or wanted is None or entry_point.name in wanted):
            continue
        try:
            isolated(plugins.load, entry_point)
        except Exception as error:  # any error of a plug-in: the others must still work
            if own:
                raise
            trace_error(error)
            reason = _reason_left_out(entry_point, error)
            plugins.left_out.append((entry_point, reason))
            warnings.warn(
                f"Plug-in {shown(repr(entry_point.name))} was left out: {reason}", PluginWarning, stacklevel=2
            )
    return plugins


def _reason_left_out(entry_point: EntryPoint, error: BaseException) -> str:
    """Return the reason in one line; an import that this hyenadna lacks comes with the way out."""
    reason = reason_of(error)
    if not (isinstance(error, ImportError) and (error.name or "").startswith(HOST)):
        return reason
    return (
        f"{reason.partition(' (')[0]}: it was made for another hyenadna; "
        f"install another release of {distribution_of(entry_point)}, or change its import"
    )
