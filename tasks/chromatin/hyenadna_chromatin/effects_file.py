"""The table of effects: one row for each alternate allele of a VCF."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import file_digest, sha256
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from hyenadna_chromatin.effects import PREDICTED, Effect, effects, reason_of
from hyenadna_chromatin.part_table import check_not_there, part_table
from hyenadna_chromatin.task import ChromatinTask
from hyenadna_core import (
    HyenaDNAError,
    Variant,
    check_outputs,
    contig_names,
    model_sha256,
    notice,
    open_genome,
    open_run,
    progress,
    vcf_source,
    vcf_text,
)
from hyenadna_core.errors import first_names, shown

PART = 256  # alleles that are written at once
CHROM, POS, ID, REF, ALT = range(5)  # columns of a VCF
OTHER_CONTIG = "other_contig"


class Allele(NamedTuple):
    """An alternate allele, with the contig and the ID of its record in the VCF, and its reason."""

    variant: Variant
    contig: str
    record_id: str
    reason: str


def write_effects(
    vcf: Path,
    run: Path,
    fasta: Path,
    out: Path,
    labels: Sequence[str] = (),
    chr_prefix: str | None = None,
    aliases: Path | None = None,
    batch_size: int | None = None,
) -> None:
    """Write the effects of all alleles of a VCF. A table that was not finished is continued.

    Raises:
        HyenaDNAError: the run is of another task, a label is unknown, the VCF cannot be read, no
            record is on a contig of the FASTA, or `out` is there already or cannot be written.
    """
    if out.suffix != ".tsv":
        raise HyenaDNAError(f"{out} must end in .tsv: effects are a tab-separated table.")
    check_outputs([out], [path for path in (vcf, fasta, aliases) if path])
    check_not_there(out)
    trained = open_run(run)
    if trained.config.task != ChromatinTask.name:
        raise HyenaDNAError(f"{run} is a run of the task {trained.config.task}: give a run of --task chromatin.")
    assert isinstance(trained.task, ChromatinTask)  # noqa: S101 (the task of this name)
    chosen = label_numbers(trained.task.target.names, labels, run)
    genome = open_genome(fasta)
    names = contig_names(genome, aliases, chr_prefix)
    model, task = trained.model, trained.task
    window = min(task.window, model.max_seq_len)  # the model reads the middle of longer windows
    with vcf_source(vcf) as source:
        reasons = count_reasons(source, genome, names, window)
        size = batch_size or max(1, task.evaluation_bases // (2 * window))
        with source.path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        settings = [digest, genome.sha256, model_sha256(model), window, chosen, chr_prefix, task.on_both_strands]
        settings.append(aliases and sha256(aliases.read_bytes()).hexdigest())
        kinds = [f"{kind} {task.target.names[label]}" for label in chosen for kind in ("diff", "logodds")]
        with part_table(out, settings, ["chrom", "pos", "id", "ref", "alt", "skip", *kinds]) as table:
            work = f"Predicting {reasons[PREDICTED]:,} alleles in windows of {window:,} bases"
            notice(f"{work}; {table.done:,} rows are there already." if table.done else f"{work}.")
            rest = islice(alleles(source, genome, names, window), table.done, None)
            with progress("Predicting effects", reasons.total() - table.done) as advance:
                while part := list(islice(rest, PART)):
                    wanted = [allele.variant for allele in part if allele.reason == PREDICTED]
                    found = effects(model, genome, wanted, window, task.on_both_strands, size)
                    table.add(lines(part, found, chosen))
                    advance(len(part))
    skipped = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common() if reason != PREDICTED)
    notice(
        f"Predicted {reasons[PREDICTED]:,} of {reasons.total():,} alleles"
        + (f"; no prediction: {skipped}." if skipped else ".")
        + f" Written: {out}"
    )


def label_numbers(names: Sequence[str], wanted: Sequence[str], run: Path) -> list[int]:
    """Return the numbers of the labels to write, all if none is named.

    Raises:
        HyenaDNAError: the run has no such label.
    """
    if missing := [name for name in wanted if name not in names]:
        raise HyenaDNAError(f"{run} has no label {shown(missing[0])}; it has {first_names(names)}.")
    return [names.index(name) for name in wanted] if wanted else list(range(len(names)))


def alleles(
    source: Any, genome: Any, names: Callable[[str], str], window: int, advance: Callable[[int], Any] = int
) -> Iterator[Allele]:
    """Yield the alternate alleles of a VCF in order; a record without one has the allele ".".

    Raises:
        HyenaDNAError: a line is no record; the message names it.
    """
    for place, columns in vcf_text(source, advance).records:
        if not columns[POS].isdecimal():
            raise HyenaDNAError(f"{place}: POS is '{shown(columns[POS])}', expected a whole number.")
        chrom, start, ref = names(columns[CHROM]), int(columns[POS]) - 1, columns[REF].upper()
        for alt in columns[ALT].upper().split(","):
            variant = Variant(chrom, start, ref, alt)
            yield Allele(variant, columns[CHROM], columns[ID], reason_of(genome, variant, window))


def count_reasons(source: Any, genome: Any, names: Callable[[str], str], window: int) -> Counter[str]:
    """Read a whole VCF, and count its alleles by reason.

    Raises:
        HyenaDNAError: a line is no record, or no record is on a contig of the FASTA.
    """
    reasons: Counter[str] = Counter()
    contigs: dict[str, None] = {}
    with progress(f"Reading {source.name}", source.path.stat().st_size) as advance:
        for allele in alleles(source, genome, names, window, advance):
            reasons[allele.reason] += 1
            contigs.setdefault(allele.contig)
    if reasons.total() and reasons[OTHER_CONTIG] == reasons.total():
        raise HyenaDNAError(
            f"{source.name} and {genome.path} have no contig in common: the VCF has {first_names(contigs)}, the FASTA "
            f"{first_names(genome.contigs)}: give --chr-prefix add, --chr-prefix strip or --aliases FILE."
        )
    return reasons


def lines(part: Iterable[Allele], found: Iterator[Effect], chosen: Sequence[int]) -> Iterator[str]:
    """Yield the line of each allele; one without a prediction has its reason and empty cells."""
    for allele in part:
        _, start, ref, alt = allele.variant[:4]
        cells = [allele.contig, str(start + 1), allele.record_id, ref, alt]
        if allele.reason == PREDICTED:
            effect = next(found)
            pairs = ((effect.difference[label], effect.log_odds[label]) for label in chosen)
            cells += ["", *(f"{value:.6g}" for pair in pairs for value in pair)]
        else:
            cells += [allele.reason, *[""] * (2 * len(chosen))]
        yield "\t".join(cells) + "\n"
