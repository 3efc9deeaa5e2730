"""Looking up what plug-ins registered."""

from typing import Any

from hyenadna_core.errors import HyenaDNAError


def by_name(registered: dict[str, tuple[Any, str]], name: str, what: str, prefix: str = "") -> Any:
    """What is registered under a name, which may lack its prefix.

    Raises:
        HyenaDNAError: nothing is; the message lists what there is.
    """
    for candidate in (name, prefix + name):
        if candidate in registered:
            return registered[candidate][0]
    raise HyenaDNAError(f"Unknown {what} {name!r}: choose one of {', '.join(registered)}.")
