"""Vectors in NumPy's files: .npz, or .npy with a table of the same name beside it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.tables import open_table
from hyenadna_core.vectors.columns import NAMES, Vectors, chosen, names_column, texts
from hyenadna_plugins import reason_of

TABLE = ".tsv"  # with the names and columns of an .npy


def read_npz(path: Path, which: str | None) -> Vectors:
    """Read vectors of an .npz: names, (n, D) arrays of numbers, and (n,) arrays as columns.

    Raises:
        HyenaDNAError: the file is damaged or holds Python objects, or there are no such vectors.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays: Mapping[str, np.ndarray] = {name: file[name] for name in file.files}
    except Exception as error:  # zipfile, zlib and NumPy raise many kinds for a damaged file
        raise _damaged(path, error) from None
    name = names_column(path, [each for each, array in arrays.items() if array.ndim == 1])
    names = texts(arrays[name])
    matrices = [each for each, array in arrays.items() if array.ndim == 2 and array.dtype.kind in "fiu"]
    which = chosen(path, which, matrices, "an array (rows, D) of numbers")
    columns = {each: array for each, array in arrays.items() if array.shape == (len(names),) and each not in NAMES}
    others = tuple(each for each in matrices if each != which)
    return Vectors(path, which, names, arrays[which], columns, others)


def read_npy(path: Path, which: str | None) -> Vectors:
    """Read vectors of an .npy, whose names and columns are in the .tsv of the same name.

    Raises:
        HyenaDNAError: a file is missing or damaged, or `which` is given.
    """
    if which is not None:
        raise HyenaDNAError(f"{path} has one kind of vectors: leave out --which {which}.")
    beside = path.with_suffix(TABLE)
    if not beside.is_file() and "." in path.stem:  # v.tsv is of v.mean.npy and v.max.npy
        beside = path.with_suffix("").with_suffix(TABLE)
    if not beside.is_file():
        beside = path.with_suffix(TABLE)
        raise HyenaDNAError(f"{path} has no names: write {beside.name} beside it, with a column name.")
    try:
        with path.open("rb") as opened:
            values = np.load(opened, allow_pickle=False)
    except Exception as error:  # NumPy raises many kinds for a damaged file
        raise _damaged(path, error) from None
    if not isinstance(values, np.ndarray) or values.ndim != 2 or values.dtype.kind not in "fiu":
        shape = getattr(values, "shape", None)
        raise HyenaDNAError(f"{path} has the shape {shape}: expected one array (rows, D) of numbers.")
    table = open_table(beside, lambda done: None)
    name = table.columns.index(names_column(beside, table.columns))
    rows = list(table.rows(list(range(len(table.columns)))))
    columns = {
        column: np.array([row[number] for row in rows], dtype=str)
        for number, column in enumerate(table.columns)
        if number != name
    }
    return Vectors(path, path.stem, [row[name] for row in rows], values, columns)


def _damaged(path: Path, error: Exception) -> HyenaDNAError:
    if "allow_pickle" in str(error) or "pickled" in str(error):
        return HyenaDNAError(f"{path} holds Python objects, which may run code: save text as np.asarray(names, str).")
    return HyenaDNAError(f"{path} is truncated or damaged: {reason_of(error)}: write it anew.")
