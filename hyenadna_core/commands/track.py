"""`hyenadna track`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hyenadna_core.backend import check_installed
from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.genome.track_hub import BIGWIG, HUB
from hyenadna_core.inference.options import PATH, Reading, reading_options
from hyenadna_core.inference.shard import WHOLE, Shard, resume_option, shard_option
from hyenadna_core.registry import Session
from hyenadna_core.terminal import Advance, notice_written

if TYPE_CHECKING:
    from hyenadna_core.inference.part_file import Arrays


@click.command("track")
@click.argument("fasta", type=PATH)
@click.option("--out", type=PATH, help="File to write: .bw, .bedgraph, .bedgraph.gz or .parquet.")
@click.option(
    "--region", multiple=True, metavar="CHR:A-B", help="Bases to compute, as in chr1:1,001-2,000; repeatable."
)
@click.option("--bed", type=PATH, help="Intervals to compute.  [default: the whole genome]")
@click.option(
    "--what",
    type=click.Choice(["log-likelihood", "entropy", "logo"]),
    default="log-likelihood",
    show_default=True,
    help="log P of the base; entropy; or log P of A, C, G and T: four tracks.",
)
@click.option(
    "--context", type=click.IntRange(min=1), help="Least number of bases before each base.  [default: half the window]"
)
@click.option("--hub", type=PATH, metavar="DIR", help="Write a track hub for the UCSC browser into this folder.")
@click.option(
    "--genome-name",
    metavar="NAME",
    help="Genome in the browser, such as hg19.  [default: name of FASTA before its first dot]",
)
@shard_option
@resume_option
@reading_options
@click.pass_obj
def command(
    session: Session,
    /,
    fasta: Path,
    out: Path | None,
    region: tuple[str, ...],
    bed: Path | None,
    what: str,
    context: int | None,
    hub: Path | None,
    genome_name: str | None,
    shard: Shard,
    resume: bool,
    backend: str | None,
    **reading: Any,
) -> None:
    """Write how well the model predicts each base, as a track.

    Each base is predicted from the bases before it, at least --context of them (fewer near the end
    of a contig). The value is the mean of both strands, or that of --strand, in nats (natural
    logarithm). Bases that are not A, C, G or T have none. A log-likelihood near 0 is a base that
    the model expected, as in repeats; log(1/4) = -1.39 is a guess.

    \b
      hyenadna track GRCh38.fa --region chr20:1-1,000,000 --out chr20.bw
      hyenadna track genome.fa.gz --bed exons.bed --what logo --hub hub --genome-name hg38
    """  # noqa: D301 (click reads this)
    check_installed(session.backend)  # the imports below start Keras
    from hyenadna_core.files.checksum import sha256_of
    from hyenadna_core.files.input import regular_file
    from hyenadna_core.files.output import check_outputs
    from hyenadna_core.genome.fasta import open_genome
    from hyenadna_core.genome.track_files import track_paths
    from hyenadna_core.inference import track_job
    from hyenadna_core.inference.announcement import Announcement
    from hyenadna_core.inference.assemblers import ASSEMBLERS
    from hyenadna_core.inference.job import Input
    from hyenadna_core.inference.model import find_weights, job_of, make_model
    from hyenadna_core.inference.parts import opened_parts
    from hyenadna_core.inference.track import track_values
    from hyenadna_core.inference.windows import STRANDS

    if out is None and hub is None:
        raise HyenaDNAError("The track needs a file: give --out chr20.bw, or --hub DIR.")
    if genome_name and hub is None:
        raise HyenaDNAError(f"--genome-name {shown(genome_name)} is for a hub: give --hub DIR too.")
    if out is None and shard != WHOLE:
        raise HyenaDNAError(f"--shard {shard} writes a file of type .shard: give --out {shard.number}.shard.")
    out = out or hub / f"{what}.bw"  # type: ignore[operator]  # one of them is given
    browser_name = (genome_name or fasta.name.split(".")[0]) if hub else None
    for path in filter(None, (fasta, bed)):
        regular_file(path)  # it is read again at the end, which a pipe cannot be
    written = track_paths(out, track_job.names_of(what)) if shard == WHOLE else [out]
    check_outputs(written, [fasta, bed] if bed else [fasta])
    if shard == WHOLE and hub and browser_name:
        track_job.check_hub(hub, out, browser_name)
        written.append(hub / HUB)
    weights = find_weights(session, Reading(**reading))
    context = context or weights.window // 2
    if context >= weights.window:
        raise HyenaDNAError(f"--context {context:,} leaves no base of a window of {weights.window:,}: make it smaller.")
    genome, strand = open_genome(fasta), weights.reading.strand
    intervals = track_job.intervals_of(genome, region, bed)
    if shard == WHOLE and out.suffix.lower() in BIGWIG and not track_job.has_values(genome, intervals, strand):
        raise HyenaDNAError(
            f"{out}: no chosen base has a value (N has none, nor has the first base of a contig), and a BigWig cannot "
            "be empty: choose other bases, or write .bedgraph."
        )
    pieces = track_job.parts_of(intervals, weights.window, context)
    inputs = {"fasta": Input(str(fasta), genome.sha256)}
    if bed is not None:
        inputs["bed"] = Input(str(bed), sha256_of(bed))
    options = {"what": what, "context": context, "region": list(region), "hub": browser_name}
    job = replace(job_of(weights, "track", inputs, options, len(pieces)), shard=shard)
    strands, step = len(STRANDS[strand]), weights.window - context
    with opened_parts(out, job, resume, written) as parts:
        if parts.missing:
            model = make_model(weights)
            todo = [piece for part in parts.missing for piece in pieces[part]]
            bases = sum(map(len, todo))
            windows = strands * sum(track_job.windows_of(piece, step) for piece in todo)
            work = f"A track of {bases:,} bases from {windows:,} windows of {weights.window:,} bases"
            announcement = Announcement(work, strands * bases)

            def compute(part: int, advance: Advance) -> "Arrays":
                values = track_values(
                    model,
                    genome,
                    pieces[part],
                    window=weights.window,
                    context=context,
                    what=what,
                    strand=strand,
                    batch_size=parts.job.chosen["batch_size"],
                    advance=announcement.beside(advance),
                )
                return {"values": values}

            parts.run(compute, "Computing", [strands * sum(map(len, part)) for part in pieces])
        parts.finish(ASSEMBLERS["track"]())
    notice_written(written)
