"""`hyenadna predict`."""

from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.command("predict")
@click.argument("run", type=PATH)
@click.argument("sequences", type=PATH)
@click.option("--sequence-column", metavar="NAME", help="[default: sequence, seq or dna]")
@click.option("--fasta", type=PATH, help="The genome that a BED file is of.")
@click.option("--out", type=PATH, help="File to write.  [default: stdout]")
@click.option("--backend", metavar="NAME", help="jax, torch, mlx or numpy; wins over KERAS_BACKEND.")
@click.pass_obj
def command(session, run, sequences, sequence_column, fasta, out, backend):
    """Predict the target of new SEQUENCES by the trained model of a RUN folder, on any backend.

    SEQUENCES is a CSV, TSV, Parquet, FASTA or BED file, gz too, as `hyenadna train --task classify` takes them; labels
    are not needed. A row comes out for each: tab-separated, the name, what is predicted, and probabilities.

    \b
      hyenadna predict runs/tata promoters.fa.gz --out predictions.tsv
    """  # noqa: D301 (click reads this)
    from hyenadna_core.evaluation.predictions import table, write_table
    from hyenadna_core.training.trained import open_trained

    _, task, model = open_trained(session, run)
    columns, rows = task.predict(model, sequences, sequence_column=sequence_column, fasta=fasta)
    if out:
        write_table(out, columns, rows)
    else:
        click.echo(table(columns, rows), nl=False)
