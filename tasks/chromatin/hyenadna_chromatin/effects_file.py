"""The table of effects: one row for each alternate allele of a VCF."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
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
    check_references,
    contig_names,
    count_variants,
    model_sha256,
    notice,
    open_genome,
    open_run,
    progress,
    read_variants,
    vcf_source,
)
from hyenadna_core.errors import first_names, shown

PART = 256  # alleles that are written at once


class Allele(NamedTuple):
    """An alternate allele, its columns in the table as the VCF has them, and its reason."""

    variant: Variant
    columns: tuple[str, ...]
    reason: str


def write_effects(
    vcf: Path,
    run: Path,
    fasta: Path,
    out: Path,
    labels: Sequence[str] = (),
    chr_prefix: str | None = None,
    aliases: Path | None = None,
    allow_mismatch: bool = False,
    batch_size: int | None = None,
) -> None:
    """Write the effects of all alleles of a VCF. A table that was not finished is continued.

    Raises:
        HyenaDNAError: the run is of another task, a label is unknown, the VCF cannot be read, no
            record is on a contig of the FASTA, REF alleles differ from it without `allow_mismatch`,
            or `out` is there already or cannot be written.
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
        counts = count_variants(source, genome, names)
        if not allow_mismatch:
            check_references(counts, source, genome)
        size = batch_size or max(1, task.evaluation_bases // (2 * window))
        settings = [counts.sha256, genome.sha256, model_sha256(model), window, chosen, chr_prefix, task.on_both_strands]
        settings.append(aliases and sha256(aliases.read_bytes()).hexdigest())
        kinds = [f"{kind} {task.target.names[label]}" for label in chosen for kind in ("diff", "logodds")]
        reasons: Counter[str] = Counter()
        with part_table(out, settings, ["chrom", "pos", "id", "ref", "alt", "skip", *kinds]) as table:
            work = f"Predicting {counts.alleles:,} alleles in windows of {window:,} bases"
            notice(f"{work}; {table.done:,} rows are there already." if table.done else f"{work}.")
            rest = islice(alleles(read_variants(source, genome, names), window, reasons), table.done, None)
            with progress("Predicting effects", counts.alleles - table.done) as advance:
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
    return [names.index(name) for name in dict.fromkeys(wanted)] if wanted else list(range(len(names)))


def alleles(records: Iterable[Any], window: int, reasons: Counter[str]) -> Iterator[Allele]:
    """Yield the alternate alleles of a VCF in order, and count their reasons.

    A record without one has the allele ".".
    """
    for record in records:
        *columns, alts = record.columns
        for number, alt in enumerate(alts.split(",")):
            reason = reason_of(record, number, window)
            reasons[reason] += 1
            variant = Variant(record.chrom, record.start, record.ref, record.alts[number])
            yield Allele(variant, (*columns, alt), reason)


def lines(part: Iterable[Allele], found: Iterator[Effect], chosen: Sequence[int]) -> Iterator[str]:
    """Yield the line of each allele; one without a prediction has its reason and empty cells."""
    for allele in part:
        cells = list(allele.columns)
        if allele.reason == PREDICTED:
            effect = next(found)
            pairs = ((effect.difference[label], effect.log_odds[label]) for label in chosen)
            cells += ["", *(f"{value:.6g}" for pair in pairs for value in pair)]
        else:
            cells += [allele.reason, *[""] * (2 * len(chosen))]
        yield "\t".join(cells) + "\n"
