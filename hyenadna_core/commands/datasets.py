"""`hyenadna datasets`."""

from typing import TYPE_CHECKING

import click

from hyenadna_core.registry import Session
from hyenadna_core.terminal import PLUGIN_COLUMNS, Column, Row, json_option, print_rows, rows_of
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


@click.command("datasets")
@click.option("--fetch", metavar="NAME", help="Fetch this dataset and print the path of each split.")
@json_option
@click.pass_obj
def command(session: Session, fetch: str | None, as_json: bool) -> None:
    """List the named datasets: licence, source and task."""
    from hyenadna_core.datasets import fetch_dataset

    if fetch:
        files = fetch_dataset(fetch, session.plugins)
        print_rows([{"split": split, "path": str(path)} for split, path in files.items()], as_json)
        return
    print_rows(rows_of(collect(session.plugins, "register_datasets"), described), as_json, COLUMNS)


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
