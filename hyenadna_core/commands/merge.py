"""`hyenadna merge`."""

from pathlib import Path

import click

from hyenadna_core.files.input import GivenPath

PATH = GivenPath()


@click.command("merge")
@click.argument("out", type=PATH)
@click.argument("shards", type=PATH, nargs=-1, required=True, metavar="SHARD...")
@click.option("--vcf", type=PATH, help="The variants of the run, if they have moved.")
@click.option("--fasta", type=PATH, help="The genome of the run, if it has moved.")
@click.option("--bed", type=PATH, help="The intervals of the run, if they have moved.")
def command(out: Path, shards: tuple[Path, ...], vcf: Path | None, fasta: Path | None, bed: Path | None) -> None:
    """Join the shards of a run of score, track or embed.

    OUT is the same file as from a run without --shard.

    OUT has the suffix of an output of the command, such as .vcf.gz. All shards must be given, in
    any order. The VCF of score, or the FASTA and BED of track, are read again and compared by
    SHA-256; shards of embed have all that OUT needs.

    \b
      hyenadna score clinvar.vcf.gz genome.fa --out 1.shard --shard 1/2
      hyenadna score clinvar.vcf.gz genome.fa --out 2.shard --shard 2/2
      hyenadna merge scores.vcf.gz 1.shard 2.shard
    """  # noqa: D301 (click reads this)
    from hyenadna_core.inference.assemblers import ASSEMBLERS
    from hyenadna_core.inference.merging import merge

    merge(out, shards, {"vcf": vcf, "fasta": fasta, "bed": bed}, ASSEMBLERS)
