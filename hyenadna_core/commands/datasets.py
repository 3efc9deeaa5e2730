"""`hyenadna datasets`."""

import click

from hyenadna_core.terminal import json_option, print_rows, rows_of


@click.command("datasets")
@click.option("--fetch", metavar="NAME", help="Print where the files of this one are, by split, fetched if need be.")
@json_option
@click.pass_obj
def command(session, fetch, as_json):
    """List the data that have a name, with their licence, source and task."""
    from hyenadna_core.datasets import fetch_dataset
    from hyenadna_plugins import collect

    if fetch:
        files = fetch_dataset(fetch, session.plugins)
        print_rows([{"split": split, "path": str(path)} for split, path in files.items()], as_json)
        return
    print_rows(rows_of(collect(session.plugins, "register_datasets"), described), as_json)


def described(dataset):
    """What is listed of a dataset."""
    return {
        "description": dataset.description,
        "licence": dataset.licence,
        "source": dataset.source,
        "task": dataset.task,
    }
