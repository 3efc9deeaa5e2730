"""The commands of the suites, their tasks and the options of these."""

from collections.abc import Collection, Mapping, Sequence
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
        only_by_name: sets that are measured only if they are named.
    """

    name: str
    command: str
    task: str
    title: str
    release: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    only_by_name: Collection[str] = ()


ALL = "all"  # in place of names of sets
GUE_PLUS = (  # not in the authors' GUE.zip
    *("EPI_GM12878", "EPI_HUVEC", "EPI_HeLa-S3", "EPI_IMR90", "EPI_K562", "EPI_NHEK"),
    *("fungi_species_20", "virus_species_40"),
)
_NT = "nucleotide-transformer"
SUITES = {
    suite.name: suite
    for suite in (
        Suite("genomic-benchmarks", "genomic-benchmarks", "genomic-benchmarks", "GenomicBenchmarks"),
        Suite("nt-original", _NT, _NT, "Nucleotide Transformer (original)", "original", {"release": "original"}),
        Suite("nt-revised", _NT, _NT, "Nucleotide Transformer (revised)", "revised", {"release": "revised"}),
        Suite("gue", "gue", "gue", "GUE", only_by_name=GUE_PLUS),
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
    """Return sets of a suite by any of their names, in this order; "all" stands for all of them.

    Without names, those that are measured only by name are left out.

    Raises:
        HyenaDNAError: a name is unknown.
    """
    sets = sets_of(suite)
    if not names:
        return {name: each for name, each in sets.items() if name not in SUITES[suite].only_by_name}
    named = [each for name in names for each in (sets.values() if name == ALL else [find_set(suite, name)])]
    return {each.name: each for each in named}
