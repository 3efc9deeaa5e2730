"""`hyenadna chromatin`."""

from typing import Any

import click

from hyenadna_core import GivenPath

PATH = GivenPath()


@click.group()
def chromatin() -> None:
    """Chromatin profiles: what variants change in them."""


@chromatin.command()
@click.argument("vcf", type=PATH)
@click.option("--run", type=PATH, required=True, help="Run folder of --task chromatin.")
@click.option("--fasta", type=PATH, required=True, help="The genome of the VCF.")
@click.option("--out", type=PATH, required=True, help="Table to write (.tsv): two columns for each label.")
@click.option(
    "--label", "labels", multiple=True, metavar="NAME", help="Label to write; may be repeated.  [default: all]"
)
@click.option("--chr-prefix", type=click.Choice(["add", "strip"]), help="Change names of contigs in the VCF.")
@click.option("--aliases", type=PATH, help="Names of contigs: lines with the name in the VCF, a tab, and the FASTA's.")
@click.option("--allow-mismatch", is_flag=True, help="Leave alleles whose REF is not in the FASTA without effect.")
@click.option("--batch-size", type=click.IntRange(min=1), help="Alleles at a time.  [default: by the window]")
@click.option("--backend", metavar="NAME", help="jax, torch, mlx or numpy. Overrides KERAS_BACKEND.")
@click.pass_obj
def effects(session: Any, /, backend: str | None, **options: Any) -> None:
    """Predict how the variants of a VCF change each label.

    The model of the run reads a window around the variant with the reference allele and with the
    alternate allele. The table has, for each label, the difference of the probabilities (diff) and
    of the log-odds (logodds), as means over both strands. A variant that can have no prediction has
    a reason in the column skip. The same command continues a table that was not finished. A
    finished table is never written over.

    \b
      hyenadna chromatin effects calls.vcf.gz --run runs/chromatin --fasta hg38.fa --out effects.tsv
    """  # noqa: D301 (click reads this)
    from hyenadna_chromatin.effects_file import write_effects
    from hyenadna_core import check_backend

    check_backend(session.backend)
    write_effects(**options)
