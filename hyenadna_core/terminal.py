"""What is said to a person: notices and progress bars on stderr, lists of rows on stdout."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

from hyenadna_plugins import Registered

Advance = Callable[[int], None]
json_option: Callable[..., Any] = click.option("--json", "as_json", is_flag=True, help="As JSON.")


def notice(text: str) -> None:
    """Tell the person at the terminal something that is not a result."""
    click.echo(text, err=True)


@contextmanager
def progress(description: str, total: int) -> Iterator[Advance]:
    """Show how far `total` has come; the block calls what it is given with each bit of the work that is done."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.advance(task, done)


def print_rows(rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print rows of text, numbers, lists and None by the names of their columns."""
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    header = [list(row) for row in rows[:1]]
    for cells in header + [list(row.values()) for row in rows]:
        click.echo("\t".join(map(_cell, cells)))


def rows_of(registered: Registered, describe: Callable[[Any], Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for all that is registered: what `describe` says of it, its plug-in, and who else wants its name."""
    return [
        {
            "name": name,
            **describe(thing),
            "plugin": plugin,
            "clashes_with": [other for other in registered.taken.get(name, ()) if other != plugin],
        }
        for name, (thing, plugin) in registered.offers
    ]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_cell(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return " ".join(str(value).split())  # no tab or line end of its own
