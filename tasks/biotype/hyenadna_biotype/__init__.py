"""Biotypes of genes: a probe of frozen vectors, and a task."""

from typing import Any

from hyenadna_plugins import hookimpl


@hookimpl
def register_tasks(register: Any) -> None:
    from hyenadna_biotype.task import BiotypeTask

    register(BiotypeTask)


@hookimpl
def register_commands(cli: Any) -> None:
    from hyenadna_biotype.command import biotype

    cli.add_command(biotype)
