"""`hyenadna icl sweep`."""

import re
from pathlib import Path
from typing import Any

import click

from hyenadna_core import GivenPath, InputPath
from hyenadna_icl.source import PAPER, PROTOCOLS, DataName
from hyenadna_icl.sweep.points import LINES


class Numbers(click.ParamType):  # type: ignore[type-arg]
    """Whole numbers between commas, as in 2,32,512; 8k is 8,192."""

    name = "numbers"

    def __init__(self, least: int) -> None:
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        texts = [text.strip() for text in value.split(",") if text.strip()] if isinstance(value, str) else value
        found = [re.fullmatch(r"([0-9]+)(k?)", str(text)) for text in texts]
        numbers = tuple(int(one[1]) * (1024 if one[2] else 1) for one in found if one)
        if len(numbers) < len(texts) or min(numbers, default=self.least) < self.least:
            self.fail(f"{value!r} are not whole numbers from {self.least} on, as in 2,32,512,8k.", param, ctx)
        return numbers


@click.command("sweep")
@click.option("--of", type=DataName(), required=True, metavar="DATA", help="Table, SUITE/SET or a dataset.")
@click.option("--valid", type=InputPath(), help="Table of validation rows.")
@click.option("--test", type=InputPath(), help="Table of test rows.")
@click.option("--folder", type=InputPath(), help="Folder of the benchmark suite of SUITE/SET.")
@click.option("--sequence-column", metavar="NAME", help="Column of the sequences of a table.")
@click.option("--label-column", metavar="NAME", help="Column of the labels of a table.")
@click.option("--labels", type=InputPath(), help="Table with the columns name and label, for a FASTQ or a FASTA.")
@click.option("--fasta", type=InputPath(), help="Genome of a BED file, or of a set that is intervals.")
@click.option("--label-tokens", metavar="A,T", help="Token of each class.")
@click.option("--protocol", type=click.Choice(PROTOCOLS), help="`paper` selects on test.  [default: holdout]")
@click.option("--weights", default="human-chr20-1k", show_default=True, help="Weights, as `load` takes them.")
@click.option("--prompt-lengths", type=Numbers(1), default="2,32,512,8k,32k", show_default=True)
@click.option("--shots", type=Numbers(0), default="0,2,16,32", show_default=True, help="Examples of each class.")
@click.option("--tune", type=Numbers(0), default="0,2,16,64,256", show_default=True, help="Sequences to tune on.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="Runs of each point.")
@click.option("--steps", type=click.IntRange(min=1), help="Of prompts and lines.  [default: by the number of rows]")
@click.option("--batch-size", type=click.IntRange(min=1), help="Of prompts and lines.")
@click.option("--precision", type=click.Choice(["float32", "bfloat16", "float16"]), help="Of all runs.")
@click.option("--micro-batch", type=click.IntRange(min=1), help="Sequences at a time, if memory runs out.")
@click.option(
    "--line", "lines", type=click.Choice([*LINES, "none"]), multiple=True, default=LINES, help="Model to compare with."
)
@click.option(
    "--reverse-complements/--forward-only",
    default=None,
    help="Read both strands, or the sequences as they are.  [default: by the validation, for each point]",
)
@click.option("--out", type=GivenPath(), required=True, help="Folder; the same command goes on with it.")
@click.pass_obj
def sweep(
    session: Any,
    /,
    out: Path,
    weights: str,
    prompt_lengths: tuple[int, ...],
    shots: tuple[int, ...],
    tune: tuple[int, ...],
    seeds: int,
    steps: int | None,
    batch_size: int | None,
    precision: str | None,
    micro_batch: int | None,
    lines: tuple[str, ...],
    **data: Any,
) -> None:
    """Measure accuracy over lengths of prompts, and over examples and tuning sequences.

    Each point is a run in its own folder of OUT. A point that does not fit into the model is listed
    with the reason. Ctrl-C stops; the same command goes on. The folder then has sweep.tsv, sweep.md
    and sweep.png.

    \b
      hyenadna icl sweep --of gue/tf_0 --prompt-lengths 2,32,512 --shots 0,1 --tune 0,16 --out sweep
    """  # noqa: D301 (click reads this)
    from hyenadna_core import check_backend, notice
    from hyenadna_icl.sweep.points import check_folder, check_inputs, checksums_of, measured, points_of, with_kept
    from hyenadna_icl.sweep.report import write_report

    given = {
        name: value if isinstance(value, bool) else str(value) for name, value in data.items() if value is not None
    }
    settings = {"weights": weights, "steps": steps, "batch_size": batch_size, "precision": precision}
    check_backend(session.backend)
    sums = checksums_of(given, weights)
    check_folder(out, {**given, **settings})
    check_inputs(out, sums)
    points = with_kept(points_of(prompt_lengths, shots, tune, seeds, lines), out)
    results = []
    for point, result in measured(points, out, given, {**settings, "micro_batch": micro_batch}):
        results.append((point, result))
        title = f"{'/'.join(Path(data['of']).parts[-2:])}, {Path(weights).name}"
        table = write_report(results, out, title, selects_on_test=data["protocol"] == PAPER)
    if results:
        click.echo(table)
        notice(f"Written: {out / 'sweep.tsv'}, sweep.md, sweep.png")
