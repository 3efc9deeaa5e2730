"""The installed plug-ins, and the version of the hooks that each supports."""

import re
import warnings
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points

from hyenadna_plugins import hookspecs
from hyenadna_plugins.errors import PluginError, PluginWarning, reason_of, shown
from hyenadna_plugins.markers import GROUP

HOST = "hyenadna"  # the distribution with the built-in plug-in


def installed() -> list[EntryPoint]:
    """Return the entry points of all plug-ins, our own first, then by name.

    A distribution may offer a plug-in for several major versions of the hooks. It is listed once,
    for our version if possible.
    """
    plugins: dict[tuple[str, str], EntryPoint] = {}
    for entry_point in _of_every_version():
        key = distribution_of(entry_point), entry_point.name
        if key not in plugins or made_for(entry_point.group) == our_major():
            plugins[key] = entry_point
    return sorted(plugins.values(), key=lambda each: (not is_own(each), each.name, distribution_of(each)))


def check_version(entry_point: EntryPoint) -> None:
    """Raise PluginError if a plug-in was made for another major version of the hooks."""
    if made_for(entry_point.group) != our_major() and not is_own(entry_point):
        raise PluginError(
            f"it was made for version {made_for(entry_point.group)} of the hooks, and this hyenadna has "
            f"{hookspecs.HOOKS_VERSION}: install another release of {distribution_of(entry_point)} or of hyenadna"
        )


def made_for(group: str) -> int | None:
    """Return the major version of the hooks of an entry-point group, or None for other groups.

    `hyenadna` is version 1, `hyenadna.2` is version 2.
    """
    match = re.fullmatch(rf"{re.escape(GROUP)}(?:\.([0-9]+))?", group)
    return int(match[1] or 1) if match else None


def our_major() -> int:
    """Return the major version of the hooks in this release."""
    return int(hookspecs.HOOKS_VERSION.partition(".")[0])


def is_own(entry_point: EntryPoint) -> bool:
    """Return whether an entry point is HyenaDNA's own plug-in."""
    return distribution_of(entry_point) == HOST


def distribution_of(entry_point: EntryPoint) -> str:
    """Return the name of the distribution of an entry point, or "" if its metadata lack it."""
    return metadata_of(entry_point.dist, "Name") or ""


def metadata_of(distribution: Distribution | None, field: str) -> str | None:
    """Return a field of a distribution's metadata, or None if it is missing or damaged."""
    if distribution is None:
        return None
    try:
        metadata = distribution.metadata
        return metadata[field] if field in metadata else None  # noqa: SIM401 (its type has no `get`)
    except Exception:  # such as bytes that are no text
        return None


def _of_every_version() -> Iterator[EntryPoint]:
    try:
        every_group = entry_points()
        found = [each for group in every_group.groups for each in every_group.select(group=group)]
    except Exception:  # one damaged distribution is enough; one by one they take longer
        found = [each for distribution in distributions() for each in _entry_points_of(distribution)]
    return (each for each in found if made_for(each.group) is not None)


def _entry_points_of(distribution: Distribution) -> Iterable[EntryPoint]:
    try:
        return distribution.entry_points
    except Exception as error:
        name = metadata_of(distribution, "Name") or f"A distribution in {distribution.locate_file('')}"
        warnings.warn(
            f"The plug-ins of {shown(name)} were left out: its entry points are damaged ({reason_of(error)}): "
            "install it again",
            PluginWarning,
            stacklevel=2,
        )
        return ()
