"""`hyenadna embed`."""

from pathlib import Path
from typing import Any

import click

from hyenadna_core.backend import check_installed
from hyenadna_core.inference.embed_file import ALL
from hyenadna_core.inference.options import PATH, Reading, reading_options, variant_options
from hyenadna_core.inference.shard import Shard, resume_option, shard_option
from hyenadna_core.registry import Session
from hyenadna_core.terminal import notice_written


def _layers(_ctx: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> tuple[int, ...] | str:
    """Return the values of --layer; none of them is the last layer."""
    if ALL in texts:
        return ALL
    for text in texts:
        if not (text.isascii() and text.isdecimal() and len(text) < 9):
            raise click.BadParameter(f"{text!r} is neither a number from 0 nor {ALL}.")
    return tuple(map(int, texts))


@click.command("embed")
@click.argument("sequences", type=PATH, required=False)
@click.option("--out", type=PATH, required=True, help="File to write: .h5ad, .parquet, .npz or .npy.")
@click.option("--fasta", type=PATH, help="Genome of a BED file or a VCF.")
@click.option("--vcf", type=PATH, help="Embed the REF and ALT windows of these variants, and their difference.")
@click.option(
    "--pool",
    multiple=True,
    default=["mean"],
    show_default=True,
    type=click.Choice(["mean", "last", "max", "masked", "variant", "none"]),
    help="How a sequence becomes one vector; repeatable. masked: mean over A, C, G and T only; variant: mean over "
    "the allele; none: a vector for each base.",
)
@click.option(
    "--layer",
    multiple=True,
    callback=_layers,
    metavar="K|all",
    help="Layer of the states; 0 is the embedding; repeatable.  [default: the last]",
)
@click.option(
    "--overlap",
    type=click.IntRange(min=0),
    help="Bases that neighbouring chunks of a longer sequence share.  [default: half the window]",
)
@click.option("--sequence-column", metavar="NAME", help="Column with the sequences.  [default: sequence, seq or dna]")
@click.option("--name-column", metavar="NAME", help="Column with the names.  [default: name or id]")
@click.option("--name-by-place", is_flag=True, help="Name BED intervals like chr1:99-200, not by column 4.")
@variant_options
@shard_option
@resume_option
@reading_options
@click.pass_obj
def command(
    session: Session,
    /,
    sequences: Path | None,
    out: Path,
    fasta: Path | None,
    vcf: Path | None,
    pool: tuple[str, ...],
    layer: tuple[int, ...] | str,
    overlap: int | None,
    shard: Shard,
    resume: bool,
    backend: str | None,
    **others: Any,
) -> None:
    """Write the hidden states of SEQUENCES as vectors for other programs.

    SEQUENCES is a FASTA, a table (CSV, TSV, Parquet), or a BED file with --fasta; or give --vcf
    with --fasta. A sequence longer than --window is read in chunks. By default, the vector of a
    sequence is the mean over all its bases and both strands, from the last layer.

    \b
      hyenadna embed promoters.fa --out promoters.h5ad
      hyenadna embed genes.bed --fasta genome.fa.gz --pool mean --pool max --out genes.parquet
      hyenadna embed --vcf clinvar.vcf.gz --fasta genome.fa --pool variant --out variants.h5ad
    """  # noqa: D301 (click reads this)
    check_installed(session.backend)  # the imports below start Keras
    from hyenadna_core.inference.embed_file import run_embed
    from hyenadna_core.inference.embedded import Files

    files = Files(sequences, fasta, vcf, **{name: others.pop(name) for name in Files._fields if name in others})
    notice_written(run_embed(session, files, Reading(**others), out, pool, layer, overlap, shard, resume))
