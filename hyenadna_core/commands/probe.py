"""`hyenadna probe`."""

from pathlib import Path
from typing import Any

import click

from hyenadna_core.files.input import GivenPath
from hyenadna_core.terminal import json_option, notice, notice_written, print_rows

PATH = GivenPath()
MODELS = ("linear", "boosting")
SPLITS = ("chromosome", "block", "group", "stratified")


@click.command("probe")
@click.argument("vectors", type=PATH)
@click.argument("labels", type=PATH, required=False)
@click.option("--which", metavar="NAME", help="Vectors of the file.  [default: X, or the first]")
@click.option("--label-column", metavar="NAME", help="Column of labels.  [default: label, labels, target, class or y]")
@click.option("--group-column", metavar="NAME", help="Column of groups, such as gene families.")
@click.option(
    "--target", "kind", type=click.Choice(["classes", "regression"]), help="Kind of label.  [default: from the labels]"
)
@click.option("--classes", metavar="A,B,C", help="Keep only these classes.")
@click.option("--min-count", type=click.IntRange(1), default=1, help="Leave out classes with fewer rows.")
@click.option("--allow-missing", is_flag=True, help="Leave out vectors without labels, and labels without vectors.")
@click.option(
    "--split",
    type=click.Choice(SPLITS),
    help="Rows that are held out together.  [default: group, chromosome, block, or else stratified]",
)
@click.option("--folds", "count", type=click.IntRange(2), default=5, show_default=True, help="Number of folds.")
@click.option("--block-size", type=click.IntRange(1), default=5_000_000, help="Bases of a block.  [default: 5,000,000]")
@click.option(
    "--model", "models", type=click.Choice(MODELS), multiple=True, help="Model to fit; repeatable.  [default: both]"
)
@click.option("--balanced", is_flag=True, help="Let each class count the same in the fits (classes only).")
@click.option("--sequences", type=PATH, help="Sequences by name, for a k-mer baseline: FASTA, table or BED.")
@click.option("--fasta", type=PATH, help="Genome for k-mers: of the positions, or of a BED in --sequences.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of all draws.")
@click.option("--out", type=PATH, help="Folder for probe.json, predictions.tsv and probe.png.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    vectors: Path,
    labels: Path | None,
    which: str | None,
    label_column: str | None,
    group_column: str | None,
    kind: str | None,
    classes: str | None,
    min_count: int,
    allow_missing: bool,
    split: str | None,
    count: int,
    block_size: int,
    models: tuple[str, ...],
    balanced: bool,
    sequences: Path | None,
    fasta: Path | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compare simple models of frozen VECTORS on held-out rows.

    Chromosomes, blocks of 5 Mb, groups or random rows are held out. VECTORS is .h5ad, .parquet,
    .npz, or .npy with a .tsv of the same name, of any model. LABELS is a CSV, TSV or Parquet table
    with a column `name` or `id`; without it, the labels are a column of VECTORS.

    Logistic (or ridge) regression and boosted trees are fitted for each fold. The penalty is chosen
    inside the rows to train on. The table has figures over all rows held out, with 95 % intervals.

    \b
      hyenadna probe genes.h5ad biotypes.tsv --fasta genome.fa --out probe
      hyenadna probe other-model.parquet --label-column biotype --split block
    """  # noqa: D301 (click reads this)
    from hyenadna_core.probe.probe_file import probe_file
    from hyenadna_core.probe.report import FILES, sentences, table_columns, table_rows

    examples, folds, result, kmers = probe_file(
        vectors,
        labels,
        which=which,
        label_column=label_column,
        group_column=group_column,
        kind=kind,
        classes=[name.strip() for name in classes.split(",")] if classes else [],
        min_count=min_count,
        allow_missing=allow_missing,
        split=split,
        folds=count,
        block_size=block_size,
        models=models or MODELS,
        balanced=balanced,
        sequences=sequences,
        fasta=fasta,
        seed=seed,
        out=out,
        settings=settings_of(context),
    )
    print_rows(table_rows(result), as_json, table_columns(result))
    for sentence in sentences(examples, folds, result, kmers is not None):
        notice(sentence)
    if out:
        notice_written(out / name for name in FILES)


def settings_of(context: click.Context) -> dict[str, Any]:
    """Return the options that figures depend on, by their names; the files have their checksums."""
    options = {each.opts[0].removeprefix("--"): context.params[each.name] for each in context.command.params}
    return {name: value for name, value in options.items() if not isinstance(value, Path) and name != "json"}
