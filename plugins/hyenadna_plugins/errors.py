"""Errors and warnings about plug-ins, in one line."""

from pluggy import PluginValidationError


class PluginError(Exception):
    """An error of a plug-in that breaks a rule; the message names the plug-in and the rule."""


class PluginWarning(UserWarning):
    """A warning that a plug-in, or one of its hooks, is left out; the message gives the reason."""


def reason_of(error: BaseException) -> str:
    """Return the first line of an error's message, or its type if the message is empty."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if isinstance(error, PluginValidationError) and len(lines) > 1:
        lines = [": ".join(lines[1:])]  # pluggy's first line names only the plug-in and the hook
    return lines[0].rstrip(".") if lines else type(error).__name__
