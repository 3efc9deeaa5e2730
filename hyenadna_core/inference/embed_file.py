"""Write the vectors of a file of sequences, as a job that can be stopped and resumed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hyenadna_core.backend import check_installed
from hyenadna_core.files.output import check_outputs
from hyenadna_core.inference.options import Reading
from hyenadna_core.inference.shard import WHOLE, Shard
from hyenadna_core.registry import Session
from hyenadna_core.terminal import Advance, notice

if TYPE_CHECKING:
    from hyenadna_core.inference.embedded import Files
    from hyenadna_core.inference.part_file import Arrays

ALL = "all"  # layers


def embed_file(
    session: Session,
    sequences: Path,
    out: Path,
    *,
    fasta: Path | None = None,
    weights: str | None = None,
    window: int | None = None,
    overlap: int | None = None,
    strand: str = "both",
    pools: Sequence[str] = ("mean",),
    layers: Sequence[int] | str = (),
    batch_size: int | None = None,
    precision: str = "float32",
    resume: bool = False,
) -> list[Path]:
    """Write the vectors of a FASTA, a table or a BED file as `hyenadna embed` does.

    The options are those of the command. A stopped job keeps its parts in the folder OUT.parts, and
    the next call continues it with `resume`.

    Args:
        session: the object of a command with `@click.pass_obj`.
        out: .h5ad, .parquet, .npz or .npy; `hyenadna probe` reads it.
        layers: numbers of layers, or "all"; none of them is the last layer.

    Returns:
        The files that were written.

    Raises:
        HyenaDNAError: an option or a file is faulty, or OUT.parts is of another job.
    """
    check_installed(session.backend)  # the next import starts Keras
    from hyenadna_core.inference.embedded import Files

    reading = Reading(weights, window, False, strand, batch_size, precision)
    return run_embed(session, Files(sequences, fasta, None), reading, out, pools, layers, overlap, resume=resume)


def run_embed(
    session: Session,
    files: "Files",
    reading: Reading,
    out: Path,
    pools: Sequence[str],
    layers: Sequence[int] | str,
    overlap: int | None,
    shard: Shard = WHOLE,
    resume: bool = False,
) -> list[Path]:
    """Write the vectors of what `files` names, or a shard of them, and return the files written.

    Raises:
        HyenaDNAError: an option or a file is faulty, or OUT.parts is of another job.
    """
    from hyenadna_core.inference import embed_job
    from hyenadna_core.inference.announcement import Announcement
    from hyenadna_core.inference.assemblers import ASSEMBLERS
    from hyenadna_core.inference.chunks import AT_ONCE
    from hyenadna_core.inference.embedded import opened_rows
    from hyenadna_core.inference.model import find_weights, job_of, make_model
    from hyenadna_core.inference.parts import opened_parts
    from hyenadna_core.inference.survey import survey
    from hyenadna_core.inference.vectors import check_chunks, check_kinds
    from hyenadna_core.inference.windows import STRANDS
    from hyenadna_core.vectors.writing import vector_paths

    named, reads = files.named, embed_job.READS[files.vcf is not None]
    if shard == WHOLE:
        vector_paths(out, pools)  # a wrong suffix is found first
    weights = find_weights(session, reading)
    architecture, window, strand = weights.weights.architecture, weights.window, weights.reading.strand
    n_layer = architecture["n_layer"]
    chosen = range(n_layer + 1) if layers == ALL else layers or (n_layer,)
    kinds = embed_job.kinds_of(pools, map(int, chosen))
    overlap = window // 2 if overlap is None else overlap
    check_kinds(kinds, n_layer, of_variants=files.vcf is not None)
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
                what = "variants" if files.vcf else "sequences"
                announcement = Announcement(f"Embedding {bases:,} bases of {count:,} {what}", strands * bases)

                def compute(part: int, advance: Advance) -> "Arrays":
                    batch_size = parts.job.chosen["batch_size"]
                    at_once = batch_size * window if weights.reading.batch_size else min(batch_size * window, AT_ONCE)
                    return embed_job.compute(
                        model, of_parts.of(part), source, plan, strand, at_once, announcement.beside(advance)
                    )

                parts.run(compute, "Embedding", [strands * each for each in plan.bases])
            parts.finish(ASSEMBLERS["embed"]())
    return written
