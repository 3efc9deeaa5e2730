"""`hyenadna audit`."""

from pathlib import Path
from typing import Any

import click

from hyenadna_core import GivenPath, HyenaDNAError, InputPath, NamedInputPath


@click.command("audit")
@click.argument("name", required=False, metavar="[SUITE/SET]")
@click.option("--train", type=InputPath(), help="Training rows: CSV, TSV, Parquet or FASTA with labels.")
@click.option("--valid", type=InputPath(), help="Validation rows, called dev in the table.")
@click.option("--test", type=InputPath(), help="Test rows.")
@click.option("--sequence-column", metavar="NAME", help="Column of the sequences.  [default: sequence, seq or dna]")
@click.option(
    "--label-column", metavar="NAME", help="Column of the labels.  [default: label, labels, target, class or y]"
)
@click.option("--folder", type=InputPath(), help="Folder of the suite of SUITE/SET.")
@click.option("--fasta", type=InputPath(), help="Genome of a set of GenomicBenchmarks that is intervals.")
@click.option(
    "--class-fasta", type=NamedInputPath(), multiple=True, help="Genome of one class, as worm=elegans.fa; repeatable."
)
@click.option("--least", default=0.5, show_default=True, help="Similarity from which a match is named in pairs.tsv.")
@click.option("--linter/--no-linter", default=True, show_default=True, help="Run seqleak, if it is installed.")
@click.option("--out", type=GivenPath(), help="Folder for audit.json and pairs.tsv.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit(
    name: str | None,
    train: Path | None,
    valid: Path | None,
    test: Path | None,
    sequence_column: str | None,
    label_column: str | None,
    folder: Path | None,
    fasta: Path | None,
    class_fasta: tuple[Any, ...],
    least: float,
    linter: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Find sequences that the splits of a benchmark share.

    Counts exact copies and near duplicates between train, dev and test on either strand, and those
    with another label. Near duplicates share at least 0.7 of their 8-mers (Jaccard similarity).
    The splits are files, or those of a set of a suite.

    \b
      hyenadna audit --train train.csv --valid dev.csv --test test.csv --out audit
      hyenadna audit gue/tf_0 --folder GUE
    """  # noqa: D301 (click reads this)
    from hyenadna_benchmarks.audit import audit_splits
    from hyenadna_benchmarks.audit.report import files_of, write_audit
    from hyenadna_benchmarks.audit.sources import read_files, read_set
    from hyenadna_core import check_outputs, notice, print_rows

    files = {split: path for split, path in (("train", train), ("dev", valid), ("test", test)) if path}
    if name and (files or sequence_column or label_column):
        raise HyenaDNAError(f"Give {name}, or --train and --test with their columns: an audit has one source.")
    if not name and not (train and test):
        raise HyenaDNAError("An audit needs --train and --test, or SUITE/SET, such as gue/tf_0.")
    if not name and (folder or fasta or class_fasta):
        raise HyenaDNAError("--folder, --fasta and --class-fasta are for SUITE/SET: leave them out.")
    if out:
        check_outputs(files_of(out), list(files.values()))
    source = read_set(name, folder, fasta, class_fasta) if name else read_files(files, sequence_column, label_column)
    report = audit_splits(source.sequences, source.targets, least, linter)
    print_rows(report.counts(), as_json)
    for sentence in report.sentences():
        notice(sentence)
    if out:
        paths = write_audit(report, out, source.names, source.labels)
        notice(f"Written: {', '.join(map(str, paths))}")
