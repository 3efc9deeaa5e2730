"""The plug-ins that are installed, and which version of the hooks each was made for."""

import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points

from hyenadna_plugins import hookspecs
from hyenadna_plugins.errors import PluginError
from hyenadna_plugins.markers import GROUP

HOST = "hyenadna"  # the distribution whose own plug-in is always there


def installed() -> list[EntryPoint]:
    """The entry points of all plug-ins, our own first, then by name.

    A plug-in that its distribution offers for several major versions of the hooks is there once: for ours if it can be.
    """
    found: dict[tuple[str, str], EntryPoint] = {}
    for entry_point in _of_every_version():
        key = distribution_of(entry_point), entry_point.name
        if key not in found or made_for(entry_point.group) == our_major():
            found[key] = entry_point
    return sorted(found.values(), key=lambda each: (not is_own(each), each.name, distribution_of(each)))


def check_version(entry_point: EntryPoint) -> None:
    """Raise PluginError where a plug-in was made for another major version of the hooks."""
    if made_for(entry_point.group) != our_major() and not is_own(entry_point):
        raise PluginError(
            f"it was made for version {made_for(entry_point.group)} of the hooks, and this hyenadna has "
            f"{hookspecs.HOOKS_VERSION}: install another release of {distribution_of(entry_point)} or of hyenadna"
        )


def made_for(group: str) -> int | None:
    """The major version of the hooks that a group of entry points is for: `hyenadna` is 1, `hyenadna.2` is 2."""
    match = re.fullmatch(rf"{re.escape(GROUP)}(?:\.([0-9]+))?", group)
    return int(match[1] or 1) if match else None


def our_major() -> int:
    """The major version of the hooks here."""
    return int(hookspecs.HOOKS_VERSION.partition(".")[0])


def is_own(entry_point: EntryPoint) -> bool:
    """Whether it is HyenaDNA's own plug-in."""
    return distribution_of(entry_point) == HOST


def distribution_of(entry_point: EntryPoint) -> str:
    """The name of the distribution that it comes from."""
    return entry_point.dist.name if entry_point.dist is not None else ""


def _of_every_version() -> Iterator[EntryPoint]:
    found = entry_points()
    for group in found.groups:
        if made_for(group) is not None:
            yield from found.select(group=group)
