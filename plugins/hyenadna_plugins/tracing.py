"""The trace of HYENADNA_TRACE_PLUGINS=1: each call of a hook and its result as a line on stderr."""

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import pluggy

from hyenadna_plugins.errors import PluginError, shown, text_of

ENVIRONMENT = "HYENADNA_TRACE_PLUGINS"
WIDTH = 240  # largest number of characters of a value


def is_traced() -> bool:
    """Return whether the environment asks for a trace."""
    return os.environ.get(ENVIRONMENT, "") not in ("", "0")


def trace_calls(manager: pluggy.PluginManager) -> None:
    """Write a line before each call of a hook, and a line with its result."""
    manager.add_hookcall_monitoring(_before, _after)


def trace_error(error: BaseException) -> None:
    """Print the traceback of a plug-in's error if calls are traced; ours need none."""
    if is_traced() and (error.__cause__ or not isinstance(error, PluginError)):
        traceback.print_exception(error)


def say(line: str) -> None:
    """Write a line of the trace."""
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
        say(f"{hook} registered {shown(', '.join(names), WIDTH)}")
    else:
        say(f"{hook} -> {_shown(outcome.get_result())}")


def _shown(value: Any) -> str:
    return shown(text_of(value, repr), WIDTH)
