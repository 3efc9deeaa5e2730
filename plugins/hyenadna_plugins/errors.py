"""Errors and warnings about plug-ins, and text from outside in their messages."""

from collections.abc import Callable

from pluggy import PluginValidationError

PIECE = 200  # largest number of characters of one text from outside
MESSAGE = 1000  # of a whole message
OMITTED = " ... "


def shown(text: object, most: int = PIECE, keep: str = "") -> str:
    r"""Return text from outside for a message: printable, and at most `most` characters.

    Names in files, labels, and errors of other code may hold terminal escapes, line ends, and
    megabytes. Characters that do not print become escapes such as \x1b, except those in `keep`. A
    long text loses its middle.
    """
    text = text_of(text)
    if len(text) > 2 * most:
        text = text[:most] + text[-most:]
    text = "".join(each if each.isprintable() or each in keep else _escaped(each) for each in text)
    half = (most - len(OMITTED)) // 2
    return text if len(text) <= most else text[:half] + OMITTED + text[-half:]


class PluginError(Exception):
    """An error of a plug-in that breaks a rule; the message names the plug-in and the rule."""

    def __init__(self, message: object) -> None:
        super().__init__(shown(message, MESSAGE))


class PluginWarning(UserWarning):
    """A warning that a plug-in, or one of its hooks, is left out; the message gives the reason."""


def reason_of(error: BaseException) -> str:
    """Return the first line of an error's message, or its type if the message is empty."""
    lines = [line.strip() for line in text_of(error).splitlines() if line.strip()]
    if isinstance(error, PluginValidationError) and len(lines) > 1:
        lines = [": ".join(lines[1:])]  # pluggy's first line names only the plug-in and the hook
    return shown(lines[0].rstrip(".") if lines else type(error).__name__)


def text_of(value: object, form: Callable[[object], str] = str) -> str:
    """Return a value as text, or its type if its own code fails."""
    try:
        return form(value)
    except KeyboardInterrupt:
        raise
    except BaseException:  # whatever the code of a plug-in may raise
        return type(value).__name__


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
