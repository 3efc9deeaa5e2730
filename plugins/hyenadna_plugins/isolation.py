"""Calls of a plug-in's code: it cannot end the program, and its prints are no results."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TypeVar

from hyenadna_plugins.errors import PluginError, reason_of

T = TypeVar("T")


def isolated(function: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """Call a function of a plug-in; what it prints goes to stderr.

    Raises:
        Exception: any error of the plug-in.
        PluginError: the plug-in raised SystemExit or the like.
        KeyboardInterrupt: the user pressed Ctrl-C, even if the plug-in caught it.
    """
    with _users_interrupt(), redirect_stdout(sys.stderr):
        try:
            return function(*arguments, **named)
        except Exception:
            raise
        except BaseException as error:
            reason, kind = reason_of(error), type(error).__name__
            raise PluginError(f"it raised {kind}" + (f": {reason}" if reason != kind else "")) from error


@contextmanager
def _users_interrupt() -> Iterator[None]:
    """Raise at the end what the handler of SIGINT raised; only a signal is the user's Ctrl-C."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield  # Python calls handlers only in the main thread
        return
    raised: list[BaseException] = []

    def note(number: int, frame: Any) -> None:
        try:
            before(number, frame)
        except BaseException as error:
            raised.append(error)
            raise

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is note:  # a plug-in may have its own
            signal.signal(signal.SIGINT, before)
        if raised:
            raise raised[0] from None
