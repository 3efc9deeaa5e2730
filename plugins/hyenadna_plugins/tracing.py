"""HYENADNA_TRACE_PLUGINS=1: every call of a hook on stderr, with its arguments and results, a line each."""

import os
import sys
import textwrap
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import pluggy

from hyenadna_plugins.errors import PluginError

ENVIRONMENT = "HYENADNA_TRACE_PLUGINS"
WIDTH = 240  # of a value, at most


def is_traced() -> bool:
    """Whether the environment asks for it."""
    return os.environ.get(ENVIRONMENT, "") not in ("", "0")


def trace_calls(manager: pluggy.PluginManager) -> None:
    """Say each hook call before it is made, and afterwards what came of it."""
    manager.add_hookcall_monitoring(_before, _after)


def trace_error(error: BaseException) -> None:
    """Where a plug-in failed: all of the traceback, if calls are traced and the line on it does not say enough."""
    if is_traced() and not isinstance(error, PluginError):
        traceback.print_exception(error)


def say(line: str) -> None:
    """A line of the trace."""
    sys.stderr.write(f"plugins: {line}\n")


def _before(hook: str, implementations: Sequence[pluggy.HookImpl], arguments: Mapping[str, Any]) -> None:
    given = ", ".join(f"{name}={_shown(value)}" for name, value in arguments.items())
    asked = ", ".join(implementation.plugin_name for implementation in reversed(implementations))
    say(f"{hook}({given}) asks {asked or 'nobody'}")


def _after(
    outcome: pluggy.Result[Any], hook: str, implementations: Sequence[pluggy.HookImpl], arguments: Mapping[str, Any]
) -> None:
    if outcome.exception is not None:
        say(f"{hook} failed: {_shown(outcome.exception)}")
    elif names := [name for name, _ in arguments.get("register", ())]:
        say(f"{hook} registered {_shorter(', '.join(names))}")
    else:
        say(f"{hook} -> {_shown(outcome.get_result())}")


def _shown(value: Any) -> str:
    return _shorter(repr(value))


def _shorter(text: str) -> str:
    return textwrap.shorten(text, WIDTH, placeholder=" ...")
