"""`hyenadna evaluate`."""

import json
from pathlib import Path

import click


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--split", type=click.Choice(["train", "valid", "test"]), help="[default: test, or valid if there is none]"
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--backend", metavar="NAME", help="jax, torch, mlx or numpy; wins over KERAS_BACKEND.")
@click.pass_obj
def command(session, run, split, as_json, backend):
    """Measure the trained model of a RUN folder on a split of its task, on any backend.

    The weights are those that were best on the validation part, or else the newest. Figures are of the whole split; of
    the language model, of as much of it as a validation takes (--valid-bases of the run).

    \b
      hyenadna evaluate runs/tata
      hyenadna evaluate runs/tata --split valid --json --backend numpy
    """  # noqa: D301 (click reads this)
    from hyenadna_core.training.run_folder import as_json_numbers
    from hyenadna_core.training.trained import check_split, open_trained

    described, task, model = open_trained(session, run)
    split = split or ("test" if task.has("test") else "valid")
    check_split(described, task, split)
    figures = task.evaluate(model, split)
    if as_json:
        click.echo(json.dumps(as_json_numbers({"split": split} | figures), indent=2))
        return
    click.echo(f"split\t{split}")
    for name, value in figures.items():
        click.echo(f"{name}\t{value:.6g}")
