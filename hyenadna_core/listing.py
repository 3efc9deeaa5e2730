"""How commands print lists: rows with the same columns, tab-separated under a header, or as JSON."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from hyenadna_plugins import Registered

json_option: Callable[..., Any] = click.option("--json", "as_json", is_flag=True, help="As JSON.")


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
