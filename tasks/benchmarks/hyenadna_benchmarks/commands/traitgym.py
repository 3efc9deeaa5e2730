"""`hyenadna benchmark traitgym`."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from hyenadna_core import GivenPath, InputPath

COLUMN_OPTIONS = ("chrom", "pos", "ref", "alt", "label")


def _column_options(command: Any) -> Any:
    for name in reversed(COLUMN_OPTIONS):
        text = (
            f"Column of {name}." if name != "label" else "Column of labels, or key of INFO in a VCF.  [default: label]"
        )
        command = click.option(f"--{name}-column", metavar="NAME", help=text)(command)
    return command


@click.command("traitgym")
@click.option(
    "--variants", type=InputPath(), required=True, help="Table (.parquet, .tsv, .csv) or VCF of variants with labels."
)
@click.option("--fasta", type=InputPath(), required=True, help="Genome of the variants.")
@click.option("--weights", default="human-chr20-1k", show_default=True, metavar="NAME|PATH", help="Weights to measure.")
@click.option("--out", type=GivenPath(), help="Folder of scores and results; the same command goes on there.")
@click.option("--positive", metavar="LABEL", help="Label of causal variants.  [default: 1 or true]")
@click.option("--negative", metavar="LABEL", help="Label of the others; further labels do not count.  [default: all]")
@_column_options
@click.option(
    "--block-size",
    type=click.IntRange(1),
    help="Bases of a block.  [default: whole chromosomes; 5,000,000 if there is only one]",
)
@click.option("--window", type=click.IntRange(16), help="Bases that the model reads.  [default: as in its training]")
@click.option(
    "--pool",
    type=click.Choice(["last", "mean"]),
    default="last",
    show_default=True,
    help="Vector of a window: of its last base, as published, or the mean.",
)
@click.option(
    "--chr-prefix", type=click.Choice(["add", "strip"]), help="Add chr to the names of contigs, or remove it."
)
@click.option(
    "--allow-mismatch",
    is_flag=True,
    help="Leave variants without score, and count them, if the FASTA does not have their contig or REF.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the draws of blocks.")
@click.option("--backend", metavar="NAME", help="jax, torch, mlx or numpy. Overrides KERAS_BACKEND.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def traitgym(
    session: Any,
    /,
    variants: Path,
    fasta: Path,
    weights: str,
    out: Path | None,
    positive: str | None,
    negative: str | None,
    block_size: int | None,
    window: int | None,
    pool: str,
    chr_prefix: str | None,
    allow_mismatch: bool,
    seed: int,
    backend: str | None,
    as_json: bool,
    **columns: str | None,
) -> None:
    """Find causal variants by the scores of a language model, as TraitGym does.

    --variants has the columns chrom, pos (from 1), ref, alt and label, as the Parquet files of
    songlab/TraitGym on the hub, mendelian_traits_matched_9 and complex_traits_matched_9; or it is a
    VCF with a label in INFO.

    Scores are log-likelihood ratios of both strands, distances of the vectors of REF and ALT
    windows, and a logistic regression that holds out one chromosome at a time. AUPRC is computed by
    chromosome; the mean is weighted by the number of variants. The table compares it with the share
    of positives, and with a random order, which is above that share in small blocks.

    With --out, scores are kept in parts: a stopped command goes on where it was.

    \b
      hyenadna benchmark traitgym --variants test.parquet --fasta GRCh38.fa.gz --out runs/mendelian
      hyenadna benchmark traitgym --variants clinvar.tsv --positive pathogenic --fasta chr22.fa
    """  # noqa: D301 (click reads this)
    from hyenadna_benchmarks.runner.benchmark import locked_folder
    from hyenadna_benchmarks.traitgym.benchmark import run_traitgym
    from hyenadna_benchmarks.traitgym.report import FILES, OUTPUTS, write_report
    from hyenadna_benchmarks.traitgym.rows import Labels
    from hyenadna_benchmarks.traitgym.variants import check_references, read_variants
    from hyenadna_core import check_backend, check_outputs, contig_names, notice, open_genome, print_rows

    if out:
        check_outputs([out / name for name in OUTPUTS], [variants, fasta, Path(weights)])
    check_backend(session.backend)
    from hyenadna_benchmarks.language_model import open_model, window_of

    with locked_folder(out) if out else nullcontext():
        genome = open_genome(fasta)
        model, longest = open_model(weights)
        chosen = window_of(window, longest, weights)
        names = contig_names(genome, None, chr_prefix)
        named = {name: columns[f"{name}_column"] for name in COLUMN_OPTIONS}
        table = read_variants(variants, genome, names, Labels(positive, negative), named, chosen)
        if not allow_mismatch:
            check_references(table, variants, genome)
        notice(f"{len(table.variants):,} variants of {variants.name}; weights: {weights}; windows of {chosen:,} bases")
        result = run_traitgym(
            model,
            genome,
            table,
            window=chosen,
            block_size=block_size,
            pool=pool,
            seed=seed,
            folder=out,
            backend=session.backend.name,
        )
        print_rows(result.summary, as_json)
        for note in result.notes:
            notice(note)
        if out:
            settings = {"variants": variants.name, "genome": fasta.name, "weights": weights}
            vector = "last base" if pool == "last" else "mean of all bases"
            write_report(out, table, result, settings | {"window": f"{chosen:,} bases", "vector": vector})
            notice(f"Written: {', '.join(str(out / name) for name in FILES)}")
