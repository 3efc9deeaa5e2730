"""`hyenadna embed`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hyenadna_core.backend import check_installed
from hyenadna_core.inference.options import PATH, Reading, reading_options, variant_options
from hyenadna_core.inference.shard import WHOLE, Shard, resume_option, shard_option
from hyenadna_core.registry import Session
from hyenadna_core.terminal import Advance, notice, notice_written

if TYPE_CHECKING:
    from hyenadna_core.inference.part_file import Arrays

ALL = "all"  # layers


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
    from hyenadna_core.files.output import check_outputs
    from hyenadna_core.inference import embed_job
    from hyenadna_core.inference.announcement import Announcement
    from hyenadna_core.inference.assemblers import ASSEMBLERS
    from hyenadna_core.inference.chunks import AT_ONCE
    from hyenadna_core.inference.embedded import Files, opened_rows
    from hyenadna_core.inference.model import find_weights, job_of, make_model
    from hyenadna_core.inference.parts import opened_parts
    from hyenadna_core.inference.survey import survey
    from hyenadna_core.inference.vectors import check_chunks, check_kinds
    from hyenadna_core.inference.windows import STRANDS
    from hyenadna_core.vectors.writing import vector_paths

    files = Files(sequences, fasta, vcf, **{name: others.pop(name) for name in Files._fields if name in others})
    named, reads = files.named, embed_job.READS[vcf is not None]
    if shard == WHOLE:
        vector_paths(out, pool)  # a wrong suffix is found first
    weights = find_weights(session, Reading(**others))
    architecture, window, strand = weights.weights.architecture, weights.window, weights.reading.strand
    n_layer = architecture["n_layer"]
    chosen = range(n_layer + 1) if layer == ALL else layer or (n_layer,)
    kinds = embed_job.kinds_of(pool, map(int, chosen))
    overlap = window // 2 if overlap is None else overlap
    check_kinds(kinds, n_layer, of_variants=vcf is not None)
    check_chunks(window, overlap)
    written = vector_paths(out, embed_job.names_of(kinds, reads)) if shard == WHOLE else [out]
    check_outputs(written, files.all)
    with opened_rows(files, window) as (source, inputs):
        rows = survey(source, named.name)
        if line := rows.line():
            notice(line)
        plan = embed_job.plan(kinds, rows.lengths, window, overlap)
        options = embed_job.options_of(files, source, plan, architecture["d_model"])
        job = replace(job_of(weights, "embed", inputs, options, len(plan.rows)), shard=shard)
        with opened_parts(out, job, resume, written) as parts:
            if parts.missing:
                model, of_parts = make_model(weights), embed_job.RowsOfParts(source, rows.repeated, plan.rows)
                strands = len(STRANDS[strand])
                bases, count = (sum(sizes[part] for part in parts.missing) for sizes in (plan.bases, plan.rows))
                what = "variants" if vcf else "sequences"
                announcement = Announcement(f"Embedding {bases:,} bases of {count:,} {what}", strands * bases)

                def compute(part: int, advance: Advance) -> "Arrays":
                    batch_size = parts.job.chosen["batch_size"]
                    at_once = batch_size * window if weights.reading.batch_size else min(batch_size * window, AT_ONCE)
                    return embed_job.compute(
                        model, of_parts.of(part), source, plan, strand, at_once, announcement.beside(advance)
                    )

                parts.run(compute, "Embedding", [strands * each for each in plan.bases])
            parts.finish(ASSEMBLERS["embed"]())
    notice_written(written)
