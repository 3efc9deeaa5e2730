"""`hyenadna predict`."""

from pathlib import Path

import click

from hyenadna_core.registry import Session
from hyenadna_core.terminal import print_result

PATH = click.Path(path_type=Path)


@click.command("predict")
@click.argument("run", type=PATH)
@click.argument("sequences", type=PATH)
@click.option("--sequence-column", metavar="NAME", help="Column with the sequences.  [default: sequence, seq or dna]")
@click.option("--fasta", type=PATH, help="The genome of a BED file.")
@click.option("--out", type=PATH, help="File to write.  [default: stdout]")
@click.option("--backend", metavar="NAME", help="jax, torch, mlx or numpy. Overrides KERAS_BACKEND.")
@click.pass_obj
def command(
    session: Session,
    run: Path,
    sequences: Path,
    sequence_column: str | None,
    fasta: Path | None,
    out: Path | None,
    backend: str | None,
) -> None:
    """Predict new SEQUENCES with the model of a RUN folder.

    SEQUENCES is a CSV, TSV, Parquet, FASTA or BED file, which may be compressed with gzip. Labels
    are not needed. The output has one tab-separated row per sequence: its name, the prediction, and
    the probabilities.

    \b
      hyenadna predict runs/tata promoters.fa.gz --out predictions.tsv
    """  # noqa: D301 (click reads this)
    from hyenadna_core.evaluation.predictions import table, write_table
    from hyenadna_core.task import no_exit
    from hyenadna_core.training.trained import open_trained

    _, task, model = open_trained(session, run)
    with no_exit(task.name):
        columns, rows = task.predict(model, sequences, sequence_column=sequence_column, fasta=fasta)
    if out:
        write_table(out, columns, rows)
    else:
        print_result(table(columns, rows), end="")
