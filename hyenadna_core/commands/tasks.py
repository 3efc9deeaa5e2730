"""`hyenadna tasks`."""

import click

from hyenadna_core.terminal import json_option, print_rows, rows_of


@click.command("tasks")
@json_option
@click.pass_obj
def command(session, as_json):
    """List what a model can be trained for, as in `hyenadna train --task NAME`."""
    from hyenadna_plugins import collect

    print_rows(rows_of(collect(session.plugins, "register_tasks"), described), as_json)


def described(task):
    """What is listed of a task: the first line of its class's docstring."""
    return {"description": (task.__doc__ or "").strip().partition("\n")[0]}
