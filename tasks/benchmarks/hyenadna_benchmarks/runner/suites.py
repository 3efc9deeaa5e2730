"""The commands of the suites, their tasks and the options of these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from hyenadna_benchmarks.benchmark_set import BenchmarkSet, sets_of
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
        HyenaDNAError: this installation has no such task.
    """
    from hyenadna_benchmarks.tasks import TASKS

    for task in TASKS:
        if task.name == SUITES[suite].task:
            return task
    raise HyenaDNAError(f"There is no task {SUITES[suite].task!r}: run pip install --upgrade hyenadna-benchmarks.")


def task_options(suite: str, set_name: str, folder: str | None, protocol: str) -> dict[str, Any]:
    """Return the options with which the task of a suite reads a set."""
    given = {} if folder is None else {"folder": folder}
    return {"set": set_name, "protocol": protocol, **SUITES[suite].options, **given}


def chosen_sets(suite: str, names: Sequence[str]) -> dict[str, BenchmarkSet]:
    """Return sets of a suite by name, in the order of their table; without names, all of them.

    Raises:
        HyenaDNAError: a name is unknown.
    """
    sets = sets_of(suite)
    if unknown := [name for name in names if name not in sets]:
        near = " or ".join(get_close_matches(unknown[0], sets, cutoff=0.4)) or "a name of `hyenadna datasets`"
        raise HyenaDNAError(f"{SUITES[suite].title} has no set {unknown[0]!r}: choose {near}.")
    return {name: each for name, each in sets.items() if name in names or not names}
