"""Where the rows come from: a dataset by name, a set of a benchmark suite, or a table."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from hyenadna_core import ClassifyTask, HyenaDNAError, SequenceTask

PROTOCOLS = ("holdout", "paper")
PAPER = PROTOCOLS[1]
READING = ("sequence_column", "label_column", "labels", "fasta")  # options of ClassifyTask


class DataName(click.types.StringParamType):
    """The name of a dataset, or the path of a table, which becomes absolute."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(super().convert(value, param, ctx))
        return str(Path(text).absolute()) if Path(text).exists() else text


def source_of(
    of: str,
    valid: Path | str | None = None,
    test: Path | str | None = None,
    folder: Path | str | None = None,
    protocol: str = "holdout",
    **reading: Any,
) -> SequenceTask:
    """Return a task that has the rows: its `sequences(split)`, `target`, `fold` and `title`.

    Args:
        of: the path of a table of training rows, the name of a dataset, or SUITE/SET.
        valid, test: tables, if `of` is one.
        folder: the folder of the benchmark suite.
        protocol: "holdout" validates on training rows or on published validation rows; "paper" on
            test.
        reading: how tables are read: options of ClassifyTask.

    Raises:
        HyenaDNAError: the options contradict each other, or there is no such dataset.
    """
    table = Path(of).exists()
    if not table and (valid or test):
        raise HyenaDNAError(
            f"There is no file {of}, and --valid and --test go with a table: correct --of, or leave them out."
        )
    if not table and (suite := _suite_of(of)) is not None:
        if given := [name for name in ("sequence_column", "label_column", "labels") if reading.get(name)]:
            option = given[0].replace("_", "-")
            raise HyenaDNAError(f"--{option} is for a table, and --of {of} is a set of a suite: leave it out.")
        return _set_of_suite(suite, of, folder, protocol, reading.get("fasta"))
    for name in ("sequence_column", "label_column"):
        if not isinstance(reading.get(name), str) and len(reading.get(name) or ()) > 1:
            raise HyenaDNAError(
                f"--{name.replace('_', '-')} is given {len(reading[name])} times, and each row has one sequence and "
                "one class: name one column."
            )
    reading["target"] = "classes"  # also if they are named by numbers
    task = ClassifyTask(train=of, valid=valid, test=test, **reading) if table else _dataset(of, reading)
    if folder is not None:
        raise HyenaDNAError(f"--folder is for a set of a benchmark suite, and --of {of} is none: leave it out.")
    if task.files["train"] is None:
        raise HyenaDNAError(f"The dataset {of} has no training sequences with labels: choose another one.")
    if protocol == PAPER:
        if task.files["test"] is None:
            raise HyenaDNAError("--protocol paper validates on test, and there is no --test: give one.")
        task.files["valid"] = task.files["test"]
    return task


def _suite_of(name: str) -> str | None:
    """Return the suite of SUITE/SET; None for another name, or if no suites are installed."""
    try:
        from hyenadna_benchmarks.suites import SUITES
    except ModuleNotFoundError:
        return None
    suite = name.partition("/")[0]
    return suite if "/" in name and suite in SUITES else None


def _dataset(name: str, reading: Mapping[str, Any]) -> ClassifyTask:
    """Return the task of a dataset.

    Raises:
        HyenaDNAError: there is none; of a name with a slash, what else it may be.
    """
    try:
        return ClassifyTask(dataset=name, **reading)
    except HyenaDNAError as error:
        if "/" not in name or not str(error).startswith("Unknown dataset"):
            raise
    if not re.fullmatch(r"[\w-]+/[\w-]+", name):
        raise HyenaDNAError(f"Cannot read --of {name}: there is no such file. Give the path of a table.")
    try:
        from hyenadna_benchmarks.suites import SUITES
    except ModuleNotFoundError:
        raise HyenaDNAError(
            f"{name} is a set of hyenadna-benchmarks: pip install hyenadna-benchmarks, or give the path of a table."
        ) from None
    suites = ", ".join(SUITES)
    raise HyenaDNAError(f"{name} is no file, and no set of a suite ({suites}): give one, or the path of a table.")


def _set_of_suite(suite: str, name: str, folder: Any, protocol: str, fasta: Any) -> SequenceTask:
    from hyenadna_benchmarks.tasks import task_of

    task: SequenceTask = task_of(suite, name, folder, protocol, **({"fasta": fasta} if fasta else {}))
    return task


def check_classes(classes: Sequence[str], kind: str, of: str) -> None:
    """Check that the targets are classes, at least two.

    Raises:
        HyenaDNAError: they are not.
    """
    if kind != "classes":
        raise HyenaDNAError(f"{of} has targets of the kind {kind}, and a label token stands for a class.")
    if len(classes) < 2:
        raise HyenaDNAError(f"{of} has one class, {classes[0]}: there is nothing to tell apart.")
