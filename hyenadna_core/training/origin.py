"""The origin of a task: the distribution that registered it, as run.json keeps it."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from hyenadna_core.backend import installed_version
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.registry import find_task
from hyenadna_plugins import Plugins, collect
from hyenadna_plugins.installed import distribution_of, metadata_of


class Word:
    """The texts that may name a distribution or a version; for Annotated."""

    FORM: ClassVar[re.Pattern[str]] = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,99}")

    def __contains__(self, text: str) -> bool:
        return bool(self.FORM.fullmatch(text))

    def __str__(self) -> str:
        return "the name of a distribution or a version"


@dataclass(frozen=True)
class Origin:
    """The distribution, with its version, whose plug-in registered a task."""

    distribution: Annotated[str, Word()]
    version: Annotated[str, Word()]

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


def origin_of(plugins: Plugins, name: str, task_class: Any) -> Origin | None:
    """Return the origin of a class of tasks; None if no installed plug-in registered this class."""
    offer = collect(plugins, "register_tasks").get(name)
    if offer is None or offer.thing is not task_class or offer.plugin not in plugins.entry_points:
        return None
    entry_point = plugins.entry_points[offer.plugin]
    distribution, version = distribution_of(entry_point), metadata_of(entry_point.dist, "Version") or ""
    return Origin(distribution, version) if distribution in Word() and version in Word() else None


def task_class_of_run(plugins: Plugins, name: str, origin: Origin | None) -> Any:
    """Return the class of the task of a run; `origin` is that of the task when the run was started.

    Raises:
        HyenaDNAError: no plug-in registers the task; the message says what to install or to do.
        PluginError: more than one plug-in registers it.
    """
    registered = collect(plugins, "register_tasks")
    if name in registered or name in registered.taken:
        return find_task(plugins, name)
    task = f"The task {shown(repr(name))}"
    if origin is None:
        raise HyenaDNAError(
            f"Unknown task {shown(repr(name))}: no plug-in registers it (known: {shown(', '.join(registered))}). A run "
            "whose task was given in Python is used there: hyenadna_core.open_run(RUN, task=...) or resume(...)."
        )
    installed = installed_version(origin.distribution)
    if installed is None:
        raise HyenaDNAError(
            f"{task} is of the distribution {origin}, which is not installed: install it from where you got it, "
            f"for example by pip install {origin.distribution}."
        )
    raise HyenaDNAError(
        f"{task} is of the distribution {origin}, and the installed {origin.distribution} {installed} does not "
        "register it: `hyenadna plugins` gives the reason."
    )
