"""The things that plug-ins register by name, and the names that several plug-ins claim."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pluggy

from hyenadna_plugins.asking import ask, implementers
from hyenadna_plugins.errors import shown, text_of
from hyenadna_plugins.markers import BUILTIN


class Offer(NamedTuple):
    """A registered thing, and the name of its plug-in."""

    thing: Any
    plugin: str


class Registered(dict[str, Offer]):
    """The offers of all plug-ins by name.

    A name that was registered more than once is only in `taken`, with its plug-ins. `offers` has
    all offers in order, each with its name. `failed` has the reason of each plug-in that failed.
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
        """Return one line about a name in `taken`: its plug-ins, and the way to leave one out."""
        plugins = sorted(set(self.taken[name]), key=self.taken[name].index)
        wanted_by = f"plug-ins {' and '.join(map(_quoted, plugins))}: leave out all but one of them"
        if len(plugins) == 1:
            wanted_by = f"plug-in {_quoted(plugins[0])} more than once: leave it out"
        left_out = plugins[1:] or plugins
        stay = [plugin for plugin in self._loaded if plugin not in (BUILTIN, *left_out)]
        way_out = f"as with HYENADNA_PLUGINS={','.join(stay)} in the environment"
        return f"{_quoted(name)} is registered by {wanted_by}, {way_out}."


class Register(list[tuple[str, Any]]):
    """The `register` argument of one plug-in: a list of the registered things with their names."""

    def __call__(self, thing: Any) -> None:
        """Take a thing that has a name."""
        name = getattr(thing, "name", None)
        if not isinstance(name, str):
            raise TypeError(f"it registered {shown(text_of(thing, repr))}, which has no name")
        self.append((name, thing))

    def __repr__(self) -> str:
        return "register"


def collect(manager: pluggy.PluginManager, hook: str) -> Registered:
    """Return the offers of all plug-ins through a hook `register_...(register)`.

    A plug-in that fails offers nothing through this hook; a PluginWarning names it.
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


def _quoted(name: str) -> str:
    return shown(repr(name))
