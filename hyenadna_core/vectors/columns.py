"""Vectors by name, with columns of text or numbers for each row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.labelled.tables import LABEL_COLUMNS

NAMES = ("name", "names", "id", "ids", "index", "__index_level_0__")  # columns that name the rows
# Columns of numbers that are no part of a vector, in a table with a column for each dimension.
POSITIONS = ("chrom", "chromosome", "contig", "chr", "seqnames", "start", "end", "pos", "position", "strand")
NOT_VECTORS = frozenset(
    (*NAMES, *POSITIONS, *LABEL_COLUMNS, "length", "ref", "alt", "window_start", "window_end", "split", "fold", "group")
)


@dataclass(frozen=True)
class Vectors:
    """Vectors of a file: one row each for n sequences, regions or variants.

    Args:
        path: the file.
        which: the name of these vectors in the file.
        names: of the rows.
        values: (n, D) floats.
        columns: text or numbers of the rows by name, (n,) each.
        others: names of other vectors in the same file.
    """

    path: Path
    which: str
    names: list[str]
    values: np.ndarray
    columns: Mapping[str, np.ndarray]
    others: tuple[str, ...] = field(default=())


def texts(column: Any) -> list[str]:
    """Return the values of a column as text; a missing value is empty: (n,) -> n texts."""
    return [_text(value) for value in np.asarray(column).tolist()]


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return str(int(value) if isinstance(value, bool) else value)


def chosen(path: Path, which: str | None, there: Sequence[str], noun: str) -> str:
    """Return the named vectors, or the first ones of a file.

    Raises:
        HyenaDNAError: the file has no such vectors, or none.
    """
    if not there:
        raise HyenaDNAError(f"{path} has no vectors: expected {noun}.")
    if which is not None and which not in there:
        raise HyenaDNAError(f"{path} has no vectors {which!r}: choose one of {first_names(there)}.")
    return there[0] if which is None else which


def names_column(path: Path, there: Iterable[str]) -> str:
    """Return the column that names the rows.

    Raises:
        HyenaDNAError: there is none.
    """
    there = list(there)
    folded = {name.casefold(): name for name in reversed(there)}
    name = next((folded[usual] for usual in NAMES if usual in folded), None)
    if name is None:
        raise HyenaDNAError(f"{path} has no names of its rows: add {', '.join(NAMES[:4])} to {first_names(there)}.")
    return name
