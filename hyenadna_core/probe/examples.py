"""Vectors with their labels, matched by name."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.files.text import size_of
from hyenadna_core.labelled.class_names import are_quantities, spellings
from hyenadna_core.labelled.records import MISSING
from hyenadna_core.labelled.tables import LABEL_COLUMNS, NAME_COLUMNS, Table, open_table
from hyenadna_core.labelled.targets import Target, read_targets
from hyenadna_core.terminal import notice, progress
from hyenadna_core.vectors.columns import Vectors, texts

FEW_NAMES = 3  # that a message shows


class Labels(NamedTuple):
    """Labels of a table, and all its columns as text by name.

    `source` is the file and the column, for messages.
    """

    source: str
    names: list[str]
    labels: list[str]
    columns: Mapping[str, list[str]]


@dataclass(frozen=True)
class Examples:
    """Vectors with labels: n rows.

    Args:
        names: of the rows.
        values: (n, D) vectors.
        target: the kind of target, and its K classes or its quantity.
        targets: classes (n,) int, or values (n, 1) float.
        columns: texts of the rows by name, in small letters: (n,) each.
    """

    names: list[str]
    values: np.ndarray
    target: Target
    targets: np.ndarray
    columns: Mapping[str, list[str]]


def read_labels(path: str | Path, label_column: str | None = None) -> Labels:
    """Read the labels of a CSV, TSV or Parquet table, by its column name or id, or by row number.

    Args:
        label_column: by default the first of label, labels, target, class, y that exists.

    Raises:
        HyenaDNAError: the table cannot be read, lacks a column, has no rows or has a name twice.
    """
    path = Path(path)
    with progress(f"Reading {path.name}", size_of(path)) as advance:
        table = open_table(path, advance)
        name, label = table.find_usual(NAME_COLUMNS), table.find(label_column, LABEL_COLUMNS)
        columns, not_read = _columns_of(table)
        rows = list(table.rows([label, *([] if name is None else [name]), *columns.values()]))
    names = [str(number) if name is None else row[1] for number, row in enumerate(rows, start=1)]
    if not_read:
        notice(f"{path}: not read, as the name comes twice or the type is no text or number: {first_names(not_read)}.")
    if name is None:
        notice(f"{path} has no column {' or '.join(NAME_COLUMNS)}: its rows have the names 1, 2, 3, ...")
    if not rows:
        raise HyenaDNAError(f"{path} has 0 rows: it needs a name and a label in each.")
    if twice := [each for each, count in Counter(names).items() if count > 1]:
        raise HyenaDNAError(f"{path} has names that come twice: {first_names(twice)}: keep one row of each.")
    first = 1 if name is None else 2
    texts_of = {column: [row[place] for row in rows] for place, column in enumerate(columns, start=first)}
    return Labels(f"{path}, column {table.columns[label]}", names, [row[0] for row in rows], texts_of)


def _columns_of(table: Table) -> tuple[dict[str, int], list[str]]:
    """Return the columns of a table that can be read, by name in small letters; and the others."""
    folded = [name.casefold() for name in table.columns]
    counts = Counter(folded)
    columns = {folded[number]: number for number in table.plain if counts[folded[number]] == 1}
    return columns, list(dict.fromkeys(name for name in table.columns if name.casefold() not in columns))


def labels_of_vectors(vectors: Vectors, label_column: str | None = None) -> Labels:
    """Return the labels that are a column of the vectors' own file.

    Raises:
        HyenaDNAError: there is no such column.
    """
    usual = LABEL_COLUMNS if label_column is None else (label_column.casefold(),)
    folded = {name.casefold(): name for name in reversed(list(vectors.columns))}
    name = next((folded[each] for each in usual if each in folded), None)
    if name is None:
        there = first_names(vectors.columns)
        wanted = label_column or f"{', '.join(LABEL_COLUMNS[:-1])} or {LABEL_COLUMNS[-1]}"
        raise HyenaDNAError(
            f"{vectors.path} has no column {wanted}; it has {there}: name one with --label-column, or give LABELS."
        )
    return Labels(f"{vectors.path}, column {name}", vectors.names, texts(vectors.columns[name]), {})


def match(
    vectors: Vectors,
    labels: Labels,
    kind: str | None = None,
    classes: Collection[str] = (),
    min_count: int = 1,
    allow_missing: bool = False,
) -> Examples:
    """Match vectors and labels by name, in the order of the vectors.

    Rows with an empty label, or one that stands for a missing value, are left out, and so are other
    classes; a line counts them.

    Args:
        kind: "classes" or "regression"; by default, numbers with fractions and many different
            numbers are regression.
        classes: the classes to keep; by default all.
        min_count: the fewest rows of a class that is kept.
        allow_missing: True leaves out vectors without a label and labels without a vector.

    Raises:
        HyenaDNAError: names do not match, or no two classes or no rows are left.
    """
    rows = dict(zip(labels.names, range(len(labels.names)), strict=True))
    left_out = _unmatched(vectors, labels, allow_missing)
    pairs = [(number, rows[name]) for number, name in enumerate(vectors.names) if name in rows]

    def keep(wanted: Collection[str], reason: str, is_in: bool = True) -> None:
        kept = [pair for pair in pairs if (labels.labels[pair[1]] in wanted) is is_in]
        if count := len(pairs) - len(kept):
            left_out.append(f"{count:,} {reason}")
        pairs[:] = kept

    keep(("", *MISSING), "rows whose label is empty or a missing value", is_in=False)
    of_rows = [labels.labels[row] for _, row in pairs]
    kind = kind or ("regression" if are_quantities(of_rows) else "classes")
    if kind == "classes":
        counts = Counter(of_rows)
        if absent := [name for name in classes if name not in counts]:
            raise HyenaDNAError(f"{labels.source} has no class {first_names(absent)}; it has {first_names(counts)}.")
        keep(classes or counts, "rows of other classes")
        rare = {
            label: count for label, count in counts.items() if count < min_count and (label in classes or not classes)
        }
        keep(rare, f"rows of classes with fewer than {min_count}: {first_names(rare)}", is_in=False)
    elif classes or min_count > 1:
        raise HyenaDNAError("The labels are quantities, which have no classes: leave out --classes and --min-count.")
    if left_out:
        notice(f"Left out: {'; '.join(left_out)}.")
    return _examples(vectors, labels, kind, pairs)


def groups_of(examples: Examples, column: str | None) -> np.ndarray | None:
    """Return the groups of the rows, (n,) text, or None without a column.

    Raises:
        HyenaDNAError: there is no such column, or a row has no group.
    """
    if column is None:
        return None
    groups = examples.columns.get(column.casefold())
    if groups is None:
        raise HyenaDNAError(f"No file has a column {column}; there are {first_names(examples.columns)}.")
    if "" in groups:
        raise HyenaDNAError(f"Row {examples.names[groups.index('')]} has no {column}: give it one, or remove the row.")
    return np.array(groups, dtype=str)


def _examples(vectors: Vectors, labels: Labels, kind: str, pairs: Sequence[tuple[int, int]]) -> Examples:
    names = [vectors.names[number] for number, _ in pairs]
    of_rows = [labels.labels[row] for _, row in pairs]
    if kind == "classes" and len(set(of_rows)) < 2:
        raise HyenaDNAError(
            f"{labels.source} has {'one class' if pairs else 'no class'} in {len(pairs):,} rows, "
            f"{first_names(set(of_rows))}: "
            "a probe needs at least two."
        )
    if len(pairs) < 2:
        raise HyenaDNAError(
            f"{labels.source} gives {len(pairs)} rows with a vector and a label: a probe needs at least two."
        )
    for sentence in spellings(set(of_rows)) if kind == "classes" else ():
        notice(sentence)
    target, targets = read_targets([(label,) for label in of_rows], kind, names=names)
    if kind == "regression" and targets.min() == targets.max():
        raise HyenaDNAError(f"{labels.source} has one value, {of_rows[0]}, in all {len(pairs):,} rows.")
    columns = {name: [column[row] for _, row in pairs] for name, column in labels.columns.items()}
    for name, values in vectors.columns.items():  # positions of the vectors' own file count first
        columns[name.casefold()] = texts(values[[number for number, _ in pairs]])
    return Examples(names, vectors.values[[number for number, _ in pairs]], target, targets, columns)


def _unmatched(vectors: Vectors, labels: Labels, allow_missing: bool) -> list[str]:
    """Count vectors without a label and labels without a vector.

    Raises:
        HyenaDNAError: there are some, and they are not allowed; or no name is in both files.
    """
    labelled, there = set(labels.names), set(vectors.names)
    without_label = [name for name in vectors.names if name not in labelled]
    without_vector = [name for name in labels.names if name not in there]
    if len(without_label) == len(vectors.names):
        raise HyenaDNAError(
            f"No name is both in {vectors.path} ({_few(vectors.names)}) and in {labels.source} ({_few(labels.names)}): "
            "write them alike."
        )
    sides = [(without_label, "vectors without a label"), (without_vector, "labels without a vector")]
    left_out = [f"{len(names):,} {noun} ({_few(names)})" for names, noun in sides if names]
    if left_out and not allow_missing:
        raise HyenaDNAError(f"{labels.source}: {' and '.join(left_out)}: --allow-missing leaves them out.")
    return left_out


def _few(names: Sequence[str]) -> str:
    return first_names(names[:FEW_NAMES]) + (", ..." if len(names) > FEW_NAMES else "")
