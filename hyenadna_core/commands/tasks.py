"""`hyenadna tasks`."""

from typing import TYPE_CHECKING

import click

from hyenadna_core.registry import Session
from hyenadna_core.terminal import PLUGIN_COLUMNS, Column, Row, json_option, print_rows, rows_of
from hyenadna_plugins import collect

if TYPE_CHECKING:
    from hyenadna_core.task import Task

COLUMNS = (Column("name"), Column("description"), *PLUGIN_COLUMNS)


@click.command("tasks")
@json_option
@click.pass_obj
def command(session: Session, as_json: bool) -> None:
    """List the tasks of `hyenadna train --task NAME`."""
    print_rows(rows_of(collect(session.plugins, "register_tasks"), described), as_json, COLUMNS)


def described(task: "type[Task]") -> Row:
    """Return the columns of a task: the first line of its class docstring."""
    return {"description": (task.__doc__ or "").strip().partition("\n")[0]}
