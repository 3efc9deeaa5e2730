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
    from hyenadna_core.errors import HyenaDNAError
    from hyenadna_core.files.checksum import sha256_of
    from hyenadna_core.files.output import check_outputs
    from hyenadna_core.probe.examples import groups_of, labels_of_vectors, match, read_labels
    from hyenadna_core.probe.folds import Rows, make_folds
    from hyenadna_core.probe.kmers import kmer_features
    from hyenadna_core.probe.picture import draw_probe
    from hyenadna_core.probe.positions import positions_of
    from hyenadna_core.probe.report import FILES, PICTURE, sentences, table_columns, table_rows, write_report
    from hyenadna_core.probe.result import run_probe
    from hyenadna_core.vectors.reading import read_vectors

    inputs = {"vectors": vectors, "labels": labels, "sequences": sequences, "fasta": fasta}
    given = {name: path for name, path in inputs.items() if path is not None}
    if out:
        check_outputs([out / name for name in FILES], list(given.values()))
    read = read_vectors(vectors, which, [name for name in (label_column, group_column) if name])
    table = read_labels(labels, label_column) if labels else labels_of_vectors(read, label_column)
    kept = [name.strip() for name in classes.split(",")] if classes else []
    examples = match(read, table, kind, kept, min_count, allow_missing)
    if balanced and examples.target.kind != "classes":
        raise HyenaDNAError("The labels are quantities, which have no classes: leave out --balanced.")
    positions = positions_of(examples.columns, examples.names)
    rows = Rows(examples.target, examples.targets, positions, groups_of(examples, group_column), block_size)
    folds = make_folds(rows, split, count, seed)
    kmers = kmer_features(examples, sequences, fasta) if sequences or fasta else None
    result = run_probe(
        examples.values,
        examples.target,
        examples.targets,
        folds,
        models=models or MODELS,
        kmers=kmers,
        balanced=balanced,
        seed=seed,
    )
    print_rows(table_rows(result), as_json, table_columns(result))
    for sentence in sentences(examples, folds, result, kmers is not None):
        notice(sentence)
    if out:
        checksums = {name: {"path": str(path), "sha256": sha256_of(path)} for name, path in given.items()}
        write_report(out, examples, folds, result, settings_of(context), checksums)
        draw_probe(out / PICTURE, examples, folds, result)
        notice_written(out / name for name in FILES)


def settings_of(context: click.Context) -> dict[str, Any]:
    """Return the options that figures depend on, by their names; the files have their checksums."""
    options = {each.opts[0].removeprefix("--"): context.params[each.name] for each in context.command.params}
    return {name: value for name, value in options.items() if not isinstance(value, Path) and name != "json"}
