"""The commands of the suites, their tasks and the options of these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hyenadna_benchmarks.benchmark_set import BenchmarkSet, find_set, sets_of
from hyenadna_core import HyenaDNAError


@dataclass(frozen=True)
class Suite:
    """A suite of sets, its command, and the task that reads its sets.

    Args:
        name: as in BenchmarkSet.suite.
        command: `hyenadna benchmark COMMAND`.
        task: the name of the task.
        release: the value of --release, if a command has several suites.
        title: for people.
        options: of the task, in addition to set, folder and protocol.
    """

    name: str
    command: str
    task: str
    title: str
    release: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


_NT = "nucleotide-transformer"
SUITES = {
    suite.name: suite
    for suite in (
        Suite("genomic-benchmarks", "genomic-benchmarks", "genomic-benchmarks", "GenomicBenchmarks"),
        Suite("nt-original", _NT, _NT, "Nucleotide Transformer (original)", "original", {"release": "original"}),
        Suite("nt-revised", _NT, _NT, "Nucleotide Transformer (revised)", "revised", {"release": "revised"}),
        Suite("gue", "gue", "gue", "GUE"),
    )
}


def suites_of(command: str) -> list[Suite]:
    """Return the suites of a command; several differ in their release."""
    return [suite for suite in SUITES.values() if suite.command == command]


def task_class(suite: str) -> Any:
    """Return the class of the task of a suite.

    Raises:
        HyenaDNAError: there is no such suite.
    """
    from hyenadna_benchmarks.tasks import TASKS

    if suite not in SUITES:
        raise HyenaDNAError(f"Unknown suite {suite!r}: choose one of {', '.join(SUITES)}.")
    return next(task for task in TASKS if task.name == SUITES[suite].task)


def options_of_data(suite: str) -> list[Any]:
    """Return the click options of a suite's task that the tasks of other suites do not have."""
    from hyenadna_benchmarks.tasks import SetTask

    known = {*(option.name for option in SetTask.options), *SUITES[suite].options}
    return [option for option in task_class(suite).options if option.name not in known]


def chosen_sets(suite: str, names: Sequence[str]) -> dict[str, BenchmarkSet]:
    """Return sets of a suite by any of their names, in the order of their table; else all of them.

    Raises:
        HyenaDNAError: a name is unknown.
    """
    chosen = {find_set(suite, name).name for name in names}
    return {name: each for name, each in sets_of(suite).items() if name in chosen or not names}
