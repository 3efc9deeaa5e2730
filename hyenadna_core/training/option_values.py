"""The values of a task's options: from Python to those of its command line, and to run.json."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.files.input import NamedPath, absolute

STDIN = "-"


def options_as_json(parameters: Sequence[click.Parameter], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a task as run.json keeps them: all paths are absolute.

    A value is a path if it is a Path, or if the type of its option is click.Path. So a run can be
    resumed and evaluated from another folder.
    """
    types = {str(parameter.name): parameter.type for parameter in parameters}
    return {name: as_json(value, types.get(name)) for name, value in options.items()}


def as_json(value: Any, of: Any = None) -> Any:
    """Return a value as JSON keeps it; `of` is the type of its option, if it is known."""
    if isinstance(value, Mapping):
        return {name: as_json(each) for name, each in value.items()}
    if isinstance(value, NamedPath):
        return str(value._replace(path=absolute(value.path)))
    if isinstance(value, (tuple, list)):
        types = getattr(of, "types", None) or [of] * len(value)  # those of click.Tuple
        if isinstance(of, click.Tuple) and value and isinstance(value[0], (tuple, list)):  # and several
            return [as_json(each, of) for each in value]
        return [as_json(each, each_type) for each, each_type in zip(value, types, strict=True)]
    is_path = isinstance(value, Path) or (isinstance(of, click.Path) and isinstance(value, str))
    return str(absolute(Path(value))) if is_path and str(value) not in ("", STDIN) else value


def options_from_python(
    parameters: Sequence[click.Parameter], options: Mapping[str, Any], name: str, fills: bool = True
) -> dict[str, Any]:
    """Return the options of a task, as its command line gives them.

    Args:
        options: values by name; one value may stand for a list of one.
        name: that of the task, for messages.
        fills: whether options that are not given have their defaults; else they are left out.

    Raises:
        HyenaDNAError: an option is unknown, has a wrong value, or is required and missing.
    """
    known = {str(parameter.name): parameter for parameter in parameters}
    for option in options:
        if option not in known:
            raise HyenaDNAError(f"The task {name} has no option {shown(repr(option))}: {meant(option, known)}")
    given = {option: _as_on_a_command_line(known[option], value) for option, value in options.items()}
    used = [parameter for option, parameter in known.items() if fills or option in given]
    try:
        context = click.Command("train", params=used, add_help_option=False).make_context(
            "train", [], default_map=given
        )
    except click.UsageError as error:
        raise HyenaDNAError(f"The task {name}: {error.format_message()}") from None
    return {option: context.params[option] for option in known if option in context.params}


def meant(name: object, known: Mapping[str, Any] | Sequence[str]) -> str:
    """Return the end of a message about an unknown name: the names like it, or all names."""
    like = difflib.get_close_matches(str(name), list(known))
    return f"did you mean {' or '.join(like)}?" if like else f"there are {first_names(sorted(known))}."


def _as_on_a_command_line(parameter: click.Parameter, value: Any) -> Any:
    """Return a value of Python as click takes it, in a list if it may be repeated."""
    value = getattr(value, "item", lambda: value)() if type(value).__module__ == "numpy" else value
    lists = parameter.multiple and value is not None
    return [value] if lists and not isinstance(value, (tuple, list)) else value
