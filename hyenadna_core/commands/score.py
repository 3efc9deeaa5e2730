"""`hyenadna score`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hyenadna_core.inference.options import PATH, Reading, reading_options, variant_options
from hyenadna_core.inference.shard import WHOLE, Shard, resume_option, shard_option
from hyenadna_core.registry import Session
from hyenadna_core.terminal import Advance, notice

if TYPE_CHECKING:
    from hyenadna_core.inference.part_file import Arrays

STDIN, STDOUT = Path("/dev/stdin"), Path("-")


@click.command("score")
@click.argument("vcf", type=PATH)
@click.argument("fasta", type=PATH)
@click.option(
    "--out",
    type=PATH,
    default="-",
    help="File to write: .vcf, .vcf.gz, .bcf, .tsv or .parquet.  [default: VCF on stdout]",
)
@click.option("--snap", is_flag=True, help="Let close variants share a window: faster, but they are not in its middle.")
@variant_options
@shard_option
@resume_option
@reading_options
@click.pass_obj
def command(
    session: Session,
    /,
    vcf: Path,
    fasta: Path,
    out: Path,
    snap: bool,
    allow_mismatch: bool,
    aliases: Path | None,
    chr_prefix: str | None,
    shard: Shard,
    resume: bool,
    backend: str | None,
    **reading: Any,
) -> None:
    """Score the variants of a VCF by their likelihood under the model.

    VCF is plain, gzip, bgzip or BCF, or - for stdin. REF is compared with FASTA first.

    A score is log P(window with ALT) - log P(window with REF), a natural logarithm, the mean of
    both strands. Below 0, the model finds ALT less likely than REF. The output has all records in
    the same order. INFO/HDNA_LLR has a score for each ALT allele. If an allele has no score,
    INFO/HDNA_SKIP says why.

    Use the scores as one input of another model, or as a check. They are no diagnosis: they hardly
    separate variants that cause a trait from other variants (TraitGym: AUPRC 0.115, chance 0.10).

    \b
      hyenadna score clinvar.vcf.gz GRCh38.fa --out scores.vcf.gz
      hyenadna score calls.bcf genome.fa.gz --chr-prefix add --out scores.parquet
    """  # noqa: D301 (click reads this)
    from hyenadna_core.files.checksum import sha256_of
    from hyenadna_core.files.output import check_outputs
    from hyenadna_core.genome.contig_names import contig_names
    from hyenadna_core.genome.fasta import open_genome
    from hyenadna_core.genome.scored_variants import check_output
    from hyenadna_core.genome.variants import Reason
    from hyenadna_core.genome.vcf import check_references, count_variants
    from hyenadna_core.genome.vcf_text import vcf_source
    from hyenadna_core.inference.announcement import Announcement
    from hyenadna_core.inference.assemblers import ASSEMBLERS
    from hyenadna_core.inference.job import Input
    from hyenadna_core.inference.model import find_weights, job_of, make_model
    from hyenadna_core.inference.parts import opened_parts

    read = [STDIN if vcf == STDOUT else vcf, fasta, *filter(None, [aliases])]
    check_output(out, *read) if shard == WHOLE else check_outputs([out], read)
    weights = find_weights(session, Reading(**reading))

    from hyenadna_core.inference import score_job  # this imports Keras, for which the backend must be there
    from hyenadna_core.inference.windows import STRANDS

    genome = open_genome(fasta)
    names = contig_names(genome, aliases, chr_prefix)
    with vcf_source(vcf) as source:
        counts = count_variants(source, genome, names)
        if not allow_mismatch:
            check_references(counts, source, genome)
        inputs = {"vcf": Input(str(source.path), counts.sha256), "fasta": Input(str(fasta), genome.sha256)}
        options = {"snap": snap, "chr_prefix": chr_prefix, "aliases": aliases and sha256_of(aliases)}
        sizes = score_job.sizes(counts.records)
        job = replace(job_of(weights, "score", inputs, options, len(sizes)), shard=shard)
        with opened_parts(out, job, resume) as parts:
            if parts.missing:
                model, records = make_model(weights), score_job.RecordsOfParts(source, genome, names)
                strands = STRANDS[weights.reading.strand]
                of_job = sum(sizes[part] for part in parts.missing) / max(1, counts.records)
                windows = round(counts.reasons[Reason.SCORED] * of_job) * len(strands)
                about = "" if len(parts.missing) == len(sizes) else "about "
                alleles = f"{about}{windows // len(strands):,} alleles in up to {windows:,} windows"
                work = f"Scoring {alleles} of {weights.window:,} bases"
                announcement = Announcement(work, windows)

                def compute(part: int, advance: Advance) -> "Arrays":
                    own = records.of(part)
                    arrays = score_job.compute(
                        model,
                        genome,
                        own,
                        announcement.advance,
                        window=weights.window,
                        snap=snap,
                        strand=weights.reading.strand,
                        batch_size=parts.job.chosen["batch_size"],
                    )
                    advance(len(own))
                    return arrays

                parts.run(compute, "Scoring", sizes)
            line = score_job.summary(parts.arrays(), shard)
            parts.finish(ASSEMBLERS["score"]())
    notice(line)
