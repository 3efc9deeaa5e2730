"""`hyenadna mutate`."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from hyenadna_core.backend import check_installed
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.inference.options import PATH, Reading, reading_options
from hyenadna_core.registry import Session
from hyenadna_core.terminal import notice_written, print_result, progress

STDOUT = Path("-")


@click.command("mutate")
@click.argument("fasta", type=PATH)
@click.argument("region", metavar="CHR:A-B")
@click.option("--out", type=PATH, help="File of the table, .tsv.  [default: stdout]")
@click.option("--picture", type=PATH, help="File of a picture: heat map, logo and mean effect (.png, .svg, .pdf).")
@click.option(
    "--gene-strand", type=click.Choice(["+", "-"]), default="+", show_default=True, help="Strand of the picture."
)
@click.option(
    "--dependencies",
    type=PATH,
    help="Picture of how each base changes the prediction of each other one; also as .npz beside it.",
)
@reading_options
@click.pass_obj
def command(
    session: Session,
    /,
    fasta: Path,
    region: str,
    out: Path | None,
    picture: Path | None,
    gene_strand: str,
    dependencies: Path | None,
    backend: str | None,
    **reading: Any,
) -> None:
    """Score every substitution in a region.

    The table has a row for each substitution: contig, position (from 1), reference, alternate and
    the score of `hyenadna score --snap` in nats. --picture draws them: bases whose substitutions
    lower the likelihood stand high in the logo.

    \b
      hyenadna mutate GRCh37.fa chr20:30,948,000-30,948,200 --out effects.tsv --picture effects.png
      hyenadna mutate genome.fa chr1:1,001-1,100 --dependencies map.png --out effects.tsv
    """  # noqa: D301 (click reads this)
    check_installed(session.backend)  # the imports below start Keras
    import numpy as np

    from hyenadna_core.files.cache import file_written_aside
    from hyenadna_core.files.output import check_outputs, check_stdout
    from hyenadna_core.genome.fasta import open_genome
    from hyenadna_core.genome.region import parse_region
    from hyenadna_core.inference import mutate
    from hyenadna_core.inference.announcement import Announcement
    from hyenadna_core.inference.model import batch_size_of, find_weights, make_model
    from hyenadna_core.inference.pictures import LONGEST, check_picture_path, dependency_picture, substitution_picture
    from hyenadna_core.inference.windows import STRANDS

    if out == STDOUT:
        out = None
    if out and out.suffix.lower() != ".tsv":
        raise HyenaDNAError(f"{out}: the table is tab-separated: name it .tsv.")
    arrays = dependencies and dependencies.with_suffix(".npz")
    for path in filter(None, (picture, dependencies)):
        check_picture_path(path, needs_logo=path == picture)
    written = [path for path in (out, picture, dependencies, arrays) if path]
    check_outputs(written, [fasta])
    if not out:
        check_stdout([fasta])
    genome = open_genome(fasta)
    place = parse_region(region, genome)
    if len(place) > mutate.LONGEST:
        raise HyenaDNAError(f"{shown(region)} has {len(place):,} bases; at most {mutate.LONGEST:,} can be substituted.")
    if picture and len(place) > LONGEST:
        raise HyenaDNAError(f"--picture shows at most {LONGEST:,} bases, and {shown(region)} has {len(place):,}.")
    substitutions = len(mutate.substitutions(genome, place))
    if not substitutions:
        raise HyenaDNAError(f"{shown(region)} has no A, C, G or T to substitute: choose another region.")
    weights = find_weights(session, Reading(**reading))
    if dependencies and len(place) > weights.window // 2:
        raise HyenaDNAError(
            f"--dependencies needs a region of at most half a window, {weights.window // 2:,} bases; {shown(region)} "
            f"has {len(place):,}."
        )
    model, strand = make_model(weights), weights.reading.strand
    options: dict[str, Any] = {"window": weights.window, "strand": strand, "batch_size": batch_size_of(weights)}
    count = len(STRANDS[strand]) * substitutions * (2 if dependencies else 1)
    strands = {"both": "both strands", "+": "the + strand", "-": "the - strand"}[strand]
    work = f"Scoring {substitutions:,} substitutions on {strands}, with windows of {weights.window:,} bases"
    announcement = Announcement(work, count)
    with progress("Substituting", count) as advance:
        both = announcement.beside(advance)
        effects = mutate.substitution_effects(model, genome, place, advance=both, **options)
        changes = mutate.dependencies(model, genome, place, advance=both, **options) if dependencies else None
    table = mutate.table(place, effects)
    with ExitStack() as stack:  # all files appear, or none
        asides = {path: stack.enter_context(file_written_aside(path)) for path in written}
        if picture:
            substitution_picture(asides[picture], place.chrom, place.start, *effects, strand=gene_strand)
        if dependencies and arrays and changes is not None:
            with asides[arrays].open("wb") as file:
                np.savez(file, dependencies=changes, start=place.start, chrom=place.chrom, sequence=effects.sequence)
            dependency_picture(asides[dependencies], place.chrom, place.start, changes)
        if out:
            asides[out].write_text(table, encoding="utf-8")
        else:
            print_result(table, end="")
    if written:
        notice_written(written)
