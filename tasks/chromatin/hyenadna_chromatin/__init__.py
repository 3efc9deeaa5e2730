"""Chromatin profiles: which of 919 marks a window of a genome has, and how variants change them."""

from typing import Any

from hyenadna_plugins import hookimpl


@hookimpl
def register_tasks(register: Any) -> None:
    from hyenadna_chromatin.task import ChromatinTask

    register(ChromatinTask)


@hookimpl
def register_commands(cli: Any) -> None:
    from hyenadna_chromatin.commands import chromatin

    cli.add_command(chromatin)
