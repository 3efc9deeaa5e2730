"""Arguments of Python functions about runs, checked: their types, and values that are no path."""

import inspect
import math
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.task import Task
from hyenadna_core.training.option_values import meant

NAMED = 60  # characters of a value in a message
COLUMNS = ("sequence_column", "name_column", "fasta")  # options of `TrainedRun.predict` for the file
# One way out for each kind of argument.
PATHS = "a path, as text or a Path"
TASKS = "the name of a task, a subclass of Task, or a task"


def path_of(name: str, value: Any) -> Path:
    """Return an argument that names a file or a folder, as a Path.

    Raises:
        HyenaDNAError: it is no path, or an empty text, which would mean the current folder.
    """
    text = value.__fspath__() if isinstance(value, PathLike) else value
    if not isinstance(text, str) or "\0" in text:
        raise _wrong(name, value, PATHS)
    if not text:
        raise HyenaDNAError(f"{name} is '', which names nothing: give {PATHS}; '.' is the current folder.")
    return Path(text)


def paths_of(name: str, value: Any) -> list[Path]:
    """Return an argument that names one path, or several in an iterable, as a list.

    Raises:
        HyenaDNAError: it is neither, or one of them is no path.
    """
    if isinstance(value, (str, PathLike)):
        return [path_of(name, value)]
    if isinstance(value, (bytes, bytearray)) or not isinstance(value, Iterable):
        raise _wrong(name, value, f"{PATHS}, or a list of paths")
    return [path_of(f"{name}[{number}]", each) for number, each in enumerate(value)]


def texts_of(name: str, value: Any) -> list[str]:
    """Return an argument that is one text or several, as a list.

    Raises:
        HyenaDNAError: it is neither.
    """
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        raise _wrong(name, value, "a text, or a list of texts")
    return list(texts)


def text_of(name: str, value: Any) -> str | None:
    """Return an argument that is one text or None.

    Raises:
        HyenaDNAError: it is neither.
    """
    if value is not None and not isinstance(value, str):
        raise _wrong(name, value, "a text")
    return value


def check_task(task: Any) -> None:
    """Check that an argument is the name of a task, a whole subclass of Task, or a task.

    Raises:
        HyenaDNAError: it is something else, or a class without some methods or without a name.
    """
    is_class = inspect.isclass(task) and issubclass(task, Task)
    if not (is_class or isinstance(task, (str, Task))):
        raise _wrong("task", task, TASKS)
    if is_class and inspect.isabstract(task):
        lacking = first_names(sorted(task.__abstractmethods__))
        raise HyenaDNAError(f"task is the class {task.__name__}, which lacks {lacking}: give a subclass with them.")
    if not isinstance(task, str) and not isinstance(getattr(task, "name", None), str):
        of = task if is_class else type(task)
        raise HyenaDNAError(f'task is of the class {of.__name__}, which has no name: set name = "..." in it.')


def options_of(value: Any) -> Mapping[str, Any]:
    """Return the options of a task by name; none for None.

    Raises:
        HyenaDNAError: they are no mapping.
    """
    if value is not None and not isinstance(value, Mapping):
        raise _wrong("options", value, "a dict of the options of the task")
    return value or {}


def plain(value: Any) -> Any:
    """Return numbers of NumPy as those of Python, and any other value as it is."""
    return value.item() if type(value).__module__ == "numpy" else value


def prediction_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of `TrainedRun.predict` that were given.

    Raises:
        HyenaDNAError: an option is unknown or has a wrong value.
    """
    known = (*COLUMNS, "batch_size")
    for name in options:
        if name not in known:
            raise HyenaDNAError(f"`predict` has no option {shown(repr(name))}: {meant(name, known)}")
    given = {name: plain(value) for name, value in options.items() if value is not None}
    size = given.get("batch_size", 1)
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise _wrong("batch_size", size, "a whole number of at least 1")
    if "fasta" in given:
        given["fasta"] = path_of("fasta", given["fasta"])
    for name in ("sequence_column", "name_column"):
        if name in given:
            texts = texts_of(name, given[name])
            given[name] = texts[0] if len(texts) == 1 else tuple(texts)
    return given


def check_finite(options: Mapping[str, Any]) -> None:
    """Check the numbers of options: click takes nan and inf for any range without an end.

    Raises:
        HyenaDNAError: one is not finite.
    """
    for name, value in options.items():
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(each, float) and not math.isfinite(each):
                raise HyenaDNAError(f"--{name.replace('_', '-')} is {each}: give a finite number.")


def _wrong(name: str, value: Any, wanted: str) -> HyenaDNAError:
    return HyenaDNAError(f"{name} is {shown(repr(value), NAMED)}, not {wanted}.")
