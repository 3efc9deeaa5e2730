"""Signals that stop a long job at once: Ctrl-C, and SIGTERM from a cluster."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Stopped(KeyboardInterrupt):
    """A signal asks to stop; `number` is that of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.strsignal(number))
        self.number = number


class Signals(list[int]):
    """The signals that came, for code between two steps of work."""

    are_held = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let signals only enter the list, so that the block can save its work; it must look."""
        self.are_held = True
        try:
            yield
        finally:
            self.are_held = False


@contextmanager
def stopped_by_signals() -> Iterator[Signals]:
    """Raise Stopped at SIGINT or SIGTERM; a second signal ends the process.

    The list gets the signal too, for code between two parts: an exception may get lost in a
    callback of a library. An ignored SIGINT, as in the background of a script, stays ignored.
    """
    came = Signals()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    caught = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def stop(number: int, _frame: object) -> None:
        came.append(number)
        for each in caught:
            signal.signal(each, signal.SIG_DFL)
        if not came.are_held:
            raise Stopped(number)

    for number in caught:
        signal.signal(number, stop)
    try:
        yield came
    finally:
        for number in caught:
            signal.signal(number, before[number])
