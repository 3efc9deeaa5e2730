"""`hyenadna icl predict`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from hyenadna_core import GivenPath


@click.command("predict")
@click.argument("prompt", type=GivenPath())
@click.argument("sequences", type=GivenPath())
@click.option("--weights", required=True, help="The weights that the prompt was trained on, as `load` takes them.")
@click.option("--sequence-column", metavar="NAME", help="Column of the sequences.  [default: sequence, seq or dna]")
@click.option("--name-column", metavar="NAME", help="Column with their names.  [default: name or id, else row numbers]")
@click.option("--fasta", type=GivenPath(), help="The genome of a BED file.")
@click.option("--batch-size", type=click.IntRange(min=1), help="Sequences at a time.  [default: by their lengths]")
@click.option("--out", type=GivenPath(), help="File to write.  [default: stdout]")
@click.pass_obj
def predict(
    session: Any,
    /,
    prompt: Path,
    sequences: Path,
    weights: str,
    batch_size: int | None,
    out: Path | None,
    **columns: Any,
) -> None:
    """Predict the classes of new SEQUENCES with a stored PROMPT.

    PROMPT is a prompt.safetensors, or the run folder that has it. SEQUENCES is a
    CSV, TSV, Parquet, FASTA, FASTQ or BED file. The prompt is computed once, for all sequences. The
    output has one tab-separated row per sequence: its name, the class, and the probabilities.

    \b
      hyenadna icl predict prompt.safetensors new.fa --weights human-chr20-1k
    """  # noqa: D301 (click reads this)
    from hyenadna_core import check_backend, check_outputs, file_written_aside, load, notice
    from hyenadna_icl.prompt_file import file_of, open_prompt, read_about

    prompt = file_of(prompt)
    inputs = [path for path in (prompt, sequences, columns["fasta"]) if path]
    if out:
        check_outputs([out], inputs)
    read_about(prompt)  # before any work
    check_backend(session.backend)
    task, model = open_prompt(prompt, load(weights))
    given = {name: value for name, value in columns.items() if value}
    counts: list[int] = []
    texts = _texts(task.predictions(model, sequences, batch_size, **given), counts)
    if out is None:
        for text in texts:
            click.echo(text, nl=False)
    else:
        with file_written_aside(out) as aside, aside.open("w", encoding="utf-8") as file:
            file.writelines(texts)
    notice(f"Predicted {sum(counts):,} sequence{'s' * (sum(counts) != 1)}." + (f" Written: {out}" if out else ""))


def _texts(parts: Iterator[Any], counts: list[int]) -> Iterator[str]:
    """Yield the tab-separated text of each part, the first one with the header; count the rows."""
    from hyenadna_core import tab_separated

    for columns, rows in parts:
        texts = [[f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
        yield tab_separated(([] if counts else [columns]) + texts) + "\n"
        counts.append(len(rows))
