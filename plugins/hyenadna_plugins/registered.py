"""What plug-ins register by name, and the names that more than one of them wants."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pluggy

from hyenadna_plugins.asking import ask, implementers
from hyenadna_plugins.markers import BUILTIN


class Offer(NamedTuple):
    """What a plug-in registered, and the plug-in's name."""

    thing: Any
    plugin: str


class Registered(dict[str, Offer]):
    """By name, what is registered and by which plug-in.

    A name that was registered more than once is not in it, but in `taken`, with the plug-ins that want it: none of them
    has it. `offers` are all of them, in order, each with its name. `failed` says why plug-ins failed when they were
    asked, by plug-in.
    """

    def __init__(
        self, offers: Iterable[tuple[str, Offer]], failed: Mapping[str, str] | None = None, loaded: Iterable[str] = ()
    ) -> None:
        self.offers = list(offers)
        self.failed = dict(failed or {})
        self.taken: dict[str, list[str]] = {}
        self._loaded = list(loaded)
        wanted: dict[str, list[Offer]] = {}
        for name, offer in self.offers:
            wanted.setdefault(name, []).append(offer)
        for name, offers_of_it in wanted.items():
            if len(offers_of_it) == 1:
                self[name] = offers_of_it[0]
            else:
                self.taken[name] = [offer.plugin for offer in offers_of_it]

    def clash(self, name: str) -> str:
        """What to say of a name in `taken`, in one line: who wants it, and how one of them is left out."""
        plugins = sorted(set(self.taken[name]), key=self.taken[name].index)
        wanted_by = f"plug-ins {' and '.join(map(repr, plugins))}: leave out all but one of them"
        if len(plugins) == 1:
            wanted_by = f"plug-in {plugins[0]!r} more than once: leave it out"
        left_out = plugins[1:] or plugins
        stay = [plugin for plugin in self._loaded if plugin not in (BUILTIN, *left_out)]
        return f"{name!r} is registered by {wanted_by}, as with HYENADNA_PLUGINS={','.join(stay)} in the environment."


class Register(list[tuple[str, Any]]):
    """The `register` that one plug-in is handed: what it is called with, by name."""

    def __call__(self, thing: Any) -> None:
        """Take a thing that has a name."""
        name = getattr(thing, "name", None)
        if not isinstance(name, str):
            raise TypeError(f"it registered {thing!r}, which has no name")
        self.append((name, thing))

    def __repr__(self) -> str:
        return "register"


def collect(manager: pluggy.PluginManager, hook: str) -> Registered:
    """What all plug-ins offer through a hook `register_...(register)`.

    They are asked one by one. One that fails costs a PluginWarning that names it, and offers nothing through this hook.
    """
    offers: list[tuple[str, Offer]] = []
    failed: dict[str, str] = {}
    for plugin in implementers(manager, hook):
        register = Register()
        if reason := ask(manager, hook, plugin, register=register):
            failed[plugin] = reason
        else:
            offers += [(name, Offer(thing, plugin)) for name, thing in register]
    return Registered(offers, failed, [name for name, _ in manager.list_name_plugin()])
