"""`hyenadna evaluate`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from hyenadna_core.files.input import GivenPath
from hyenadna_core.registry import Session
from hyenadna_core.terminal import Column, json_option, notice, print_result, print_table, tab_separated


@click.command("evaluate")
@click.argument("run", type=GivenPath())
@click.option(
    "--split", type=click.Choice(["train", "valid", "test"]), help="[default: test, or valid if there is none]"
)
@json_option
@click.option("--backend", metavar="NAME", help="jax, torch, mlx or numpy. Overrides KERAS_BACKEND.")
@click.pass_obj
def command(session: Session, run: Path, split: str | None, as_json: bool, backend: str | None) -> None:
    """Measure the model of a RUN folder on a split of its task.

    The weights are the best ones on the validation split, or the newest ones if the run had no
    validation. The figures cover the whole split. For the language model they cover at most as many
    bases as a validation (--valid-bases of the run).

    \b
      hyenadna evaluate runs/tata
      hyenadna evaluate runs/tata --split valid --json --backend numpy
    """  # noqa: D301 (click reads this)
    from hyenadna_core.task import no_exit
    from hyenadna_core.training.run_folder import as_json_numbers
    from hyenadna_core.training.trained import check_split, open_trained

    described, task, model = open_trained(session, run)
    split = split or ("test" if task.has("test") else "valid")
    check_split(described, task, split)
    with no_exit(task.name):
        figures = task.evaluate(model, split)
    if task.caution:
        notice(task.caution)
    if as_json:
        print_result(json.dumps(as_json_numbers({"split": split} | figures), indent=2))
        return
    print_figures(split, figures)


def print_figures(split: str, figures: Mapping[str, float]) -> None:
    """Print figures as a table at a terminal, and as tab-separated lines in a pipe."""
    texts = {name: f"{value:.6g}" for name, value in figures.items()}
    if sys.stdout.isatty():
        rows = [{"figure": name, "value": text} for name, text in texts.items()]
        print_table(rows, (Column("figure"), Column(split, "value")))
    else:
        print_result(tab_separated([("split", split), *texts.items()]))
