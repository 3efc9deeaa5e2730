"""Probe the vectors of a file: match labels, divide into folds, fit, and write the results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names, shown
from hyenadna_core.evaluation.metrics import Metric
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.files.output import check_outputs
from hyenadna_core.labelled.targets import read_targets
from hyenadna_core.probe.examples import Examples, groups_of, labels_of_vectors, match, read_labels
from hyenadna_core.probe.features import Features, vector_features
from hyenadna_core.probe.folds import Folds, Rows, make_folds
from hyenadna_core.probe.kmers import kmer_features
from hyenadna_core.probe.models import ProbeModel
from hyenadna_core.probe.picture import draw_probe
from hyenadna_core.probe.positions import BLOCK, positions_of
from hyenadna_core.probe.report import FILES, PICTURE, write_report
from hyenadna_core.probe.result import OF_VECTORS, ProbeResult, run_probe
from hyenadna_core.vectors.reading import read_vectors


class Probed(NamedTuple):
    """The rows, their folds, what models predict for the rows held out, and counts of k-mers."""

    examples: Examples
    folds: Folds
    result: ProbeResult
    kmers: Features | None


def probe_file(
    vectors: Path,
    labels: Path | None = None,
    *,
    which: str | None = None,
    label_column: str | None = None,
    group_column: str | None = None,
    kind: str | None = None,
    classes: Sequence[str] = (),
    min_count: int = 1,
    allow_missing: bool = False,
    split: str | None = None,
    folds: int | Folds = 5,
    block_size: int = BLOCK,
    models: Sequence[str | ProbeModel] = OF_VECTORS,
    balanced: bool = False,
    sequences: Path | None = None,
    fasta: Path | None = None,
    kmers: Features | None = None,
    baselines: Mapping[str, Sequence[str]] | None = None,
    metrics: Sequence[Metric] = (),
    compared_by: str | None = None,
    seed: int = 0,
    out: Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Probed:
    """Compare simple models of frozen vectors on held-out rows, as `hyenadna probe` does.

    The other options are those of the command.

    Args:
        folds: their number; or the folds of the same rows, in the order of the vectors, from
            `probe_folds`: then `split` and `block_size` do not count.
        models: "linear", "boosting", or a ProbeModel.
        kmers: those of an earlier result for the same rows, so that they are not counted again.
        baselines: names of columns of numbers by the name of a baseline, which is logistic or ridge
            regression of these numbers.
        metrics: more metrics to measure.
        compared_by: the metric that compares models, instead of MCC or R2.
        out: a folder for probe.json, predictions.tsv and probe.png.
        settings: for probe.json.

    Raises:
        HyenaDNAError: a file is faulty, names do not match, rows cannot be split, a model or a
            metric does not exist or has the name of another, or scikit-learn is not installed.
    """
    inputs = {"vectors": vectors, "labels": labels, "sequences": sequences, "fasta": fasta}
    given = {name: path for name, path in inputs.items() if path is not None}
    if out:
        check_outputs([out / name for name in FILES], list(given.values()))
    read = read_vectors(vectors, which, [name for name in (label_column, group_column) if name])
    table = read_labels(labels, label_column) if labels else labels_of_vectors(read, label_column)
    examples = match(read, table, kind, classes, min_count, allow_missing)
    if balanced and examples.target.kind != "classes":
        raise HyenaDNAError("The labels are quantities, which have no classes: leave out --balanced.")
    if isinstance(folds, Folds):
        divided = folds
        _check_rows("folds", len(divided.clusters), vectors, examples)
    else:
        positions = positions_of(examples.columns, examples.names)
        rows = Rows(examples.target, examples.targets, positions, groups_of(examples, group_column), block_size)
        divided = make_folds(rows, split, folds, seed)
    if kmers is not None:
        _check_rows("k-mers", kmers.values.shape[0], vectors, examples)
    elif sequences or fasta:
        kmers = kmer_features(examples, sequences, fasta)
    result = run_probe(
        examples.values,
        examples.target,
        examples.targets,
        divided,
        models=models,
        kmers=kmers,
        baselines={name: numbers_of(examples, columns) for name, columns in (baselines or {}).items()},
        metrics=metrics,
        compared_by=compared_by,
        balanced=balanced,
        seed=seed,
    )
    if out:
        checksums = {name: {"path": str(path), "sha256": sha256_of(path)} for name, path in given.items()}
        write_report(out, examples, divided, result, settings or {}, checksums)
        draw_probe(out / PICTURE, examples, divided, result)
    return Probed(examples, divided, result, kmers)


def _check_rows(noun: str, count: int, vectors: Path, examples: Examples) -> None:
    if count != len(examples.names):
        raise HyenaDNAError(
            f"The {noun} are of {count:,} rows, but {vectors} has {len(examples.names):,} with a label: "
            "make them of the same rows."
        )


def probe_folds(
    labels: Sequence[str],
    columns: Mapping[str, Sequence[str]],
    split: str | None = None,
    folds: int = 5,
    block_size: int = BLOCK,
    seed: int = 0,
) -> Folds:
    """Divide rows with the labels of classes into folds, before there are vectors.

    Args:
        labels: (n,) text.
        columns: chrom, start and end of the rows, (n,) text each, as `probe_file` reads them.

    Raises:
        HyenaDNAError: the rows cannot be split in this way.
    """
    names = list(map(str, range(1, len(labels) + 1)))
    target, targets = read_targets([(label,) for label in labels], "classes", names=names)
    return make_folds(Rows(target, targets, positions_of(columns, names), None, block_size), split, folds, seed)


def numbers_of(examples: Examples, columns: Sequence[str]) -> Features:
    """Return columns of numbers as features: (n, columns).

    Raises:
        HyenaDNAError: there is no such column, or a value is no finite number.
    """
    values = np.empty((len(examples.names), len(columns)))
    for number, column in enumerate(columns):
        texts = examples.columns.get(column.casefold())
        if texts is None:
            raise HyenaDNAError(f"No file has a column {column}; there are {first_names(examples.columns)}.")
        for row, (name, text) in enumerate(zip(examples.names, texts, strict=True)):
            try:
                values[row, number] = float(text)
            except ValueError:
                values[row, number] = np.nan
            if not np.isfinite(values[row, number]):
                raise HyenaDNAError(f"Row {name}: {column} is {shown(repr(text))}, but a baseline needs a number.")
    return vector_features(values)
