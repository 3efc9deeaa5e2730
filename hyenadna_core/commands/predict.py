"""`hyenadna predict`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from hyenadna_core.files.input import GivenPath
from hyenadna_core.registry import Session
from hyenadna_core.terminal import notice, notice_written, print_result

PATH = GivenPath()


@click.command("predict")
@click.argument("run", type=PATH)
@click.argument("sequences", type=PATH)
@click.option(
    "--sequence-column",
    metavar="NAME",
    multiple=True,
    help="Column with the sequences; twice for pairs.  [default: as in training, else sequence, seq or dna]",
)
@click.option("--name-column", metavar="NAME", help="Column with their names.  [default: name or id, else row numbers]")
@click.option("--fasta", type=PATH, help="The genome of a BED file.")
@click.option("--batch-size", type=click.IntRange(min=1), help="Sequences at a time.  [default: by their lengths]")
@click.option("--out", type=PATH, help="File to write.  [default: stdout]")
@click.option("--backend", metavar="NAME", help="jax, torch, mlx or numpy. Overrides KERAS_BACKEND.")
@click.pass_obj
def command(
    session: Session,
    /,
    run: Path,
    sequences: Path,
    sequence_column: tuple[str, ...],
    name_column: str | None,
    batch_size: int | None,
    out: Path | None,
    backend: str | None,
    **columns: Any,
) -> None:
    """Predict new SEQUENCES with the model of a RUN folder.

    SEQUENCES is a CSV, TSV, Parquet, FASTA, FASTQ or BED file, which may be compressed with gzip.
    It is - for stdin: FASTA, FASTQ, or a table with a header. Labels are not needed. The output has
    one tab-separated row per sequence: its name, the prediction, and the probabilities. A file is
    read, predicted and written in parts, so it may have any size.

    \b
      hyenadna predict runs/tata promoters.fa.gz --out predictions.tsv
      zcat reads.fq.gz | hyenadna predict runs/tata - > predictions.tsv
    """  # noqa: D301 (click reads this)
    from hyenadna_core.files.cache import file_written_aside
    from hyenadna_core.files.output import check_outputs, check_stdout
    from hyenadna_core.labelled.files import named_by_format
    from hyenadna_core.task import no_exit
    from hyenadna_core.training.trained import open_trained

    inputs = [path for path in (sequences, columns["fasta"]) if path]
    if out:
        check_outputs([out], inputs)
    else:
        check_stdout(inputs)
    columns["sequence_column"] = sequence_column if len(sequence_column) > 1 else next(iter(sequence_column), None)
    columns |= {"name_column": name_column} if name_column else {}
    _, task, model = open_trained(session, run)
    counts: list[int] = []
    with no_exit(task.name), named_by_format(sequences) as file:
        texts = _texts(task.predictions(model, file, batch_size, **columns), counts)
        if out is None:
            for text in texts:
                print_result(text, end="")
        else:
            with file_written_aside(out) as aside, aside.open("w", encoding="utf-8") as target:
                target.writelines(texts)
    notice(f"Predicted {sum(counts):,} sequence{'s' * (sum(counts) != 1)}.")
    if out:
        notice_written([out])


def _texts(parts: Iterable[tuple[list[str], list[list[Any]]]], counts: list[int]) -> Iterator[str]:
    """Yield the tab-separated text of each part, the first one with the header; count the rows."""
    from hyenadna_core.evaluation.predictions import table

    for columns, rows in parts:
        text = table(columns, rows)
        yield text.removeprefix(table(columns, [])) if counts else text
        counts.append(len(rows))
