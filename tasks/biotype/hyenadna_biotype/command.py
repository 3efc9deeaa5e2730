"""`hyenadna biotype`."""

from pathlib import Path
from typing import Any

import click

from hyenadna_biotype.options import GENES, SPLITS, wanted_of
from hyenadna_core import GivenPath


def _genes(command: Any) -> Any:
    command.params.extend(GENES)
    return command


@_genes
@click.command("biotype")
@click.option("--gtf", type=GivenPath(), required=True, help="Annotation: GTF or GFF3, plain or gzip.")
@click.option("--fasta", type=GivenPath(), required=True, multiple=True, help="Genome; repeatable.")
@click.option("--out", type=GivenPath(), required=True, help="Folder of results; the same command goes on there.")
@click.option("--weights", metavar="NAME|PATH", help="Weights of the vectors.  [default: human-chr20-1k]")
@click.option("--random", "preset", metavar="PRESET", help="Random weights with the shape of a preset, instead.")
@click.option("--window", type=click.IntRange(16), help="Bases that the model reads at once.  [default: as trained]")
@click.option(
    "--overlap",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Bases that neighbouring chunks of a longer gene share.",
)
@click.option(
    "--split",
    "splits",
    type=click.Choice(SPLITS),
    multiple=True,
    help="Genes that are held out together; repeatable.  [default: all three that the genes allow]",
)
@click.option("--folds", type=click.IntRange(2), default=5, show_default=True, help="Number of folds.")
@click.option("--block-size", type=click.IntRange(1), default=5_000_000, help="Bases of a block.  [default: 5,000,000]")
@click.option(
    "--trees",
    type=click.Choice(["scikit-learn", "xgboost"]),
    default="scikit-learn",
    show_default=True,
    help="Boosted trees: HistGradientBoosting, or xgboost with the settings of the paper.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of all draws.")
@click.option("--batch-size", type=click.IntRange(1), help="Windows computed at a time.  [default: what fits]")
@click.option("--backend", metavar="NAME", help="jax, torch, mlx or numpy. Overrides KERAS_BACKEND.")
@click.option("--resume", is_flag=True, hidden=True, help="Not needed: the same command goes on.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def biotype(
    session: Any,
    /,
    gtf: Path,
    fasta: tuple[Path, ...],
    out: Path,
    weights: str | None,
    preset: str | None,
    window: int | None,
    overlap: int,
    splits: tuple[str, ...],
    folds: int,
    block_size: int,
    trees: str,
    seed: int,
    batch_size: int | None,
    backend: str | None,
    resume: bool,
    as_json: bool,
    **genes: Any,
) -> None:
    """Tell the biotypes of genes from frozen vectors.

    The genes of an annotation are read on their strands, longer ones in chunks. The vector of a
    gene is the mean of its hidden states. Logistic regression and boosted trees of these vectors
    are compared with counts of k-mers, with the length of the gene only, and with the share of each
    biotype. Genes are held out by chromosome, by block, and at random.

    The folder has the vectors (vectors.npz, for `hyenadna probe`), figures.tsv, report.md,
    tsne.png, and a folder with predictions and a picture for each split. The same command continues
    a stopped one. Other splits, folds, blocks, trees or seeds use the same vectors.

    \b
      hyenadna biotype --gtf gencode.gtf.gz --fasta genome.fa.gz --out biotypes
      hyenadna biotype --gtf genes.gff3 --fasta genome.fa --biotypes lncRNA,protein_coding --out two
      hyenadna biotype --gtf genes.gtf --fasta genome.fa --random tiny-1k --out untrained
    """  # noqa: D301 (click reads this)
    from hyenadna_biotype.report import six_digits
    from hyenadna_biotype.run import Settings, run_biotype
    from hyenadna_core import HyenaDNAError, notice, print_rows

    if weights and preset:
        raise HyenaDNAError("--weights names trained weights and --random random ones: give one of them.")
    settings = Settings(
        gtf=gtf,
        fasta=fasta,
        wanted=wanted_of(**genes),
        weights=weights,
        preset=preset,
        window=window,
        overlap=overlap,
        splits=splits,
        folds=folds,
        block_size=block_size,
        trees=trees,
        seed=seed,
        batch_size=batch_size,
    )
    result = run_biotype(session, settings, out)
    print_rows(result.rows if as_json else six_digits(result.rows), as_json)
    notice(f"Written: {', '.join(map(str, result.files))}")
