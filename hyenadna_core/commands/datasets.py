"""`hyenadna datasets`."""

import sys
from typing import TYPE_CHECKING

import click

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.registry import Session
from hyenadna_core.terminal import PLUGIN_COLUMNS, Column, Row, json_option, notice, print_rows, rows_of
from hyenadna_plugins import collect

if TYPE_CHECKING:
    from hyenadna_core.datasets import Dataset

COLUMNS = (
    Column("name"),
    Column("description"),
    Column("licence"),
    Column("source"),
    Column("task"),
    Column("sequences"),
    Column("classes"),
    Column("median length", "median_length"),
    Column("metric"),
    *PLUGIN_COLUMNS,
)


SHORT = tuple(
    column for column in COLUMNS if column.heading not in ("description", "source", "task", PLUGIN_COLUMNS[0].heading)
)
MANY = 10  # more datasets have a line each at a terminal


@click.command("datasets")
@click.argument("text", required=False)
@click.option("--fetch", metavar="NAME", help="Fetch this dataset and print the path of each split.")
@json_option
@click.pass_obj
def command(session: Session, text: str | None, fetch: str | None, as_json: bool) -> None:
    """List the named datasets, or those with TEXT in their name or task.

    A long list at a terminal leaves out descriptions, sources and tasks: TEXT, --json or a pipe has
    them.
    """
    from hyenadna_core.datasets import fetch_dataset

    if fetch:
        files = fetch_dataset(fetch, session.plugins)
        print_rows([{"split": split, "path": str(path)} for split, path in files.items()], as_json)
        return
    rows = rows_of(collect(session.plugins, "register_datasets"), described)
    if text:
        rows = [row for row in rows if text.casefold() in f"{row['name']} {row['task'] or ''}".casefold()]
        if not rows:
            raise HyenaDNAError(
                f"No dataset has {shown(repr(text))} in its name or task: `hyenadna datasets` lists all."
            )
    print_rows(rows, as_json, SHORT if len(rows) > MANY else COLUMNS)
    if len(rows) > MANY and not as_json and sys.stdout.isatty():
        notice("`hyenadna datasets TEXT` also shows descriptions, sources and tasks.")


def described(dataset: "Dataset") -> Row:
    """Return the columns of a dataset."""
    return {
        "description": dataset.description,
        "licence": dataset.licence,
        "source": dataset.source,
        "task": dataset.task,
        "sequences": dataset.sequences,
        "classes": dataset.classes,
        "median_length": dataset.median_length,
        "metric": dataset.metric,
    }
