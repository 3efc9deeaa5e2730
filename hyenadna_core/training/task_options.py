"""The task of a run, from the options and the state in run.json."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.fields import VALUE, FieldError
from hyenadna_core.files.input import NamedInputPath
from hyenadna_core.task import Task
from hyenadna_core.training.config import RunConfig, edited
from hyenadna_core.training.fold import Fold
from hyenadna_core.training.option_values import as_json
from hyenadna_core.training.origin import Origin, task_class_of_run
from hyenadna_plugins import Plugins

KINDS = {  # of the values of options in JSON, by click's types
    click.types.BoolParamType: bool,
    click.types.IntParamType: int,
    click.types.FloatParamType: (int, float),
    click.Choice: str,
    click.Path: str,
    NamedInputPath: str,
    click.types.StringParamType: str,
}


def task_of_run(
    plugins: Plugins,
    config: RunConfig,
    folder: Path,
    state: dict[str, Any] | None = None,
    origin: Origin | None = None,
    given: "Task | type[Task] | None" = None,
) -> Task:
    """Return the task of a run, with the fold of the run.

    Args:
        state: the one that the trained model knows.
        origin: the distribution that registered the task.
        given: the task or its class, if no plug-in registers it.

    Raises:
        HyenaDNAError: the task is unknown, is another one, or its options or its state are wrong.
    """
    if isinstance(given, Task):
        check_name(given, config.task, folder)
        task = folded(given, config.fold)
        if state is not None and as_json(task.state()) != state:
            raise HyenaDNAError(f"The task that was given is not that of {folder}: its state differs from run.json.")
        return task
    if given is not None:
        check_name(given, config.task, folder)
    task_class: Any = given or task_class_of_run(plugins, config.task, origin)
    try:
        options = checked_options(task_class.options, config.options)
        return folded(task_class.class_of(options).from_options(options, state), config.fold)
    except FieldError as error:
        raise edited(folder, error) from None
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        reason = f"the task {config.task} does not take its options or state ({type(error).__name__}: {error})"
        raise edited(folder, HyenaDNAError(reason)) from error


def check_name(given: "Task | type[Task]", name: str, folder: Path) -> None:
    """Check that a task that was given has the name of the task of a run.

    Raises:
        HyenaDNAError: it has another name.
    """
    if given.name != name:
        raise HyenaDNAError(f"{folder} is a run of the task {shown(name)}, not of {given.name}: give that task.")


def folded(task: Task, fold: Fold | None) -> Task:
    """Return the task with a fold as its splits; without a fold, the task itself."""
    return task if fold is None else task.fold(fold.number, fold.of)


def checked_options(parameters: Sequence[click.Parameter], options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a task in the types of its command line.

    Raises:
        FieldError: an option is unknown or has a wrong value.
    """
    known = {str(parameter.name): parameter for parameter in parameters}
    context = click.Context(click.Command("train"))
    checked = {}
    for name, value in options.items():
        if name not in known:
            raise FieldError(f"config.options.{shown(name, VALUE)} is unknown")
        try:
            checked[name] = None if value is None else _checked(known[name], value, context)
        except (click.BadParameter, ArithmeticError, AttributeError, TypeError, ValueError) as error:
            reason = error.message if isinstance(error, click.BadParameter) else f"not a value of {known[name].opts[0]}"
            raise FieldError(f"config.options.{name} is {shown(repr(value), VALUE)}: {reason.rstrip('.')}") from None
    return checked


def _checked(parameter: click.Parameter, value: Any, context: click.Context) -> Any:
    """Return the value of an option in its type; click itself also takes texts for numbers."""
    several = parameter.multiple or parameter.nargs != 1
    if several is not isinstance(value, list):
        raise TypeError
    for each in value if several else [value]:
        kind: Any = next((kind for of, kind in KINDS.items() if isinstance(parameter.type, of)), object)
        if not isinstance(each, kind) or (isinstance(each, bool) and kind not in (bool, object)):
            raise TypeError
        if isinstance(each, float) and not math.isfinite(each):  # click's ranges take nan
            raise TypeError
    return parameter.type_cast_value(context, value)
