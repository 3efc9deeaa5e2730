"""The benchmark suites of DNA language models: data by name, tasks, protocols and an audit."""

from typing import Any

from hyenadna_plugins import hookimpl


@hookimpl
def register_tasks(register: Any) -> None:
    from hyenadna_benchmarks.tasks import TASKS

    for task in TASKS:
        register(task)


@hookimpl
def register_datasets(register: Any) -> None:
    from hyenadna_benchmarks.datasets import datasets

    for dataset in datasets():
        register(dataset)


@hookimpl
def register_commands(cli: Any) -> None:
    from hyenadna_benchmarks.commands.audit import audit
    from hyenadna_benchmarks.commands.benchmark import benchmark

    cli.add_command(audit)
    cli.add_command(benchmark)
