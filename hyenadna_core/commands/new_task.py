"""`hyenadna new-task`."""

from pathlib import Path

import click

from hyenadna_core.files.input import GivenPath
from hyenadna_core.terminal import print_result


@click.command("new-task")
@click.argument("name")
@click.option("--out", type=GivenPath(), help="Folder to make.  [default: hyenadna-NAME]")
def command(name: str, out: Path | None) -> None:
    """Write a working plug-in with one task, for you to change.

    You then put in your own data and your own target.

    NAME is the name of the task: lower-case letters, digits and hyphens.

    \b
      hyenadna new-task promoters
      pip install -e hyenadna-promoters
      hyenadna train --task promoters
    """  # noqa: D301 (click reads this)
    from hyenadna_core.tasks.template import write_task

    folder = write_task(name, out or Path(f"hyenadna-{name}"))
    print_result(f"Wrote {folder}: next, pip install -e {folder}, then hyenadna train --task {name}.")
