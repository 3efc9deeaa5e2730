"""Signals that ask a run to stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def asked_to_stop() -> Iterator[list[int]]:
    """A list that stays empty until SIGINT or SIGTERM comes; a second signal is not held back."""
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number, _frame):
        came.append(number)
        for caught in before:
            signal.signal(caught, signal.SIG_DFL)

    for number in before:
        signal.signal(number, note)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
