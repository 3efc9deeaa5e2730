"""Start `hyenadna`; Ctrl-C ends it in one line, at any moment, with exit status 130.

This module imports next to nothing, so that it is ready for Ctrl-C before anything takes time.
"""

import os
import signal
import sys
from contextlib import suppress
from typing import Any, NoReturn

STATUS = 128 + signal.SIGINT
_came: list[int] = []  # signals of Ctrl-C


def main() -> None:
    """Run the command line of this process."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # ignored in the background of a script
        signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook = _unraisable
    try:
        from hyenadna_core.cli import main as run

        run()
    except BaseException as error:
        if not _came:
            raise
        _end(has_line=isinstance(error, SystemExit) and error.code == STATUS)
    finally:
        if signal.getsignal(signal.SIGINT) is _interrupt:
            signal.signal(signal.SIGINT, _end_now)


def _interrupt(number: int, frame: object) -> None:
    """Raise KeyboardInterrupt, so that unfinished files are removed; a second time, just end."""
    _came.append(number)
    signal.signal(signal.SIGINT, _end_now)
    raise KeyboardInterrupt


def _end_now(number: int, frame: object) -> None:
    _end(has_line=bool(_came))


def _unraisable(lost: Any) -> None:
    """End the process if KeyboardInterrupt came where Python can only print it."""
    if issubclass(lost.exc_type, KeyboardInterrupt) and _came:
        _end()
    sys.__unraisablehook__(lost)


def _end(has_line: bool = False) -> NoReturn:
    """End without the work of libraries at an exit, which may fail half-way through a start."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # it is closed
            stream.flush()
    if not has_line:
        os.write(2, b"Interrupted.\n")
    os._exit(STATUS)


if __name__ == "__main__":
    main()
