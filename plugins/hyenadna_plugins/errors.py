"""What goes wrong with a plug-in, in one line."""

from pluggy import PluginValidationError


class PluginError(Exception):
    """A plug-in broke a rule; the message names it and says which."""


class PluginWarning(UserWarning):
    """A plug-in was left out, as a whole or of one hook; the message names it and says why."""


def reason_of(error: BaseException) -> str:
    """What an error says, in one line: its first, or its type where it says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if isinstance(error, PluginValidationError) and len(lines) > 1:
        lines = [": ".join(lines[1:])]  # pluggy's first line says only which plug-in and which hook
    return lines[0].rstrip(".") if lines else type(error).__name__
