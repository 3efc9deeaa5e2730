"""Vectors in AnnData's .h5ad: X has the first kind of vectors and obsm the others.

obs has the names and the columns. They are written row by row (format 0.1.0 of anndata).
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.vectors.blocks import CATEGORY, NUMBER, Block, Layout, counted
from hyenadna_core.vectors.columns import Vectors, chosen, texts
from hyenadna_core.vectors.hdf5_file import HDF5File
from hyenadna_plugins import reason_of

MATRIX = "X"
CHUNK = 1 << 18  # bytes of an array that are read at once
INDEX = "name"
EMPTY = ("layers", "obsp", "varm", "varp")


def write_h5ad(path: Path, layout: Layout, blocks: Iterable[Block]) -> None:
    """Write vectors, some rows at a time. The same blocks give the same bytes.

    Raises:
        HyenaDNAError: h5py is not installed, or the rows are not those of the layout.
        OSError: the file cannot be written.
    """
    h5py = import_h5py(path)
    with file_written_aside(path) as aside, aside.open("w+b", buffering=0) as raw:
        disk = HDF5File(raw)
        with h5py.File(disk, "w") as file:
            _write(file, layout, _while_good(disk, blocks))
        disk.check()


def _while_good(disk: HDF5File, blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks; raise the first error of the disk."""
    for block in blocks:
        yield block
        disk.check()


def _write(file: Any, layout: Layout, blocks: Iterable[Block]) -> None:
    _mark(file, "anndata", "0.1.0")
    for name in (*EMPTY, "obsm", "uns"):
        _mark(file.create_group(name), "dict", "0.1.0")
    places = [MATRIX, *(f"obsm/{kind}" for kind in layout.kinds[1:])]
    arrays = {kind: _array(file, place, layout) for kind, place in zip(layout.kinds, places, strict=True)}
    obs = _dataframe(file, "obs", [*layout.columns])
    names = _texts(obs, INDEX, layout.rows)
    columns = {name: _Column(obs, name, kind, layout.rows) for name, kind in layout.columns.items()}
    for first, block in counted(layout, blocks):
        rows = slice(first, first + len(block.names))
        names[rows] = np.array(block.names, object)
        for name, column in columns.items():
            column.write(rows, block.columns[name])
        for kind, array in arrays.items():
            array[rows] = block.vectors[kind]
    for column in columns.values():
        column.finish()
    var = _dataframe(file, "var", [])
    channels = [f"channel_{number}" for number in range(layout.channels)]
    _texts(var, INDEX, layout.channels)[:] = np.array(channels, object)
    _settings(file["uns"], layout)


def import_h5py(path: Path) -> Any:
    """Import h5py; if it is missing, raise a HyenaDNAError that names the extra."""
    try:
        import h5py
    except ImportError:
        raise HyenaDNAError(f"{path} is HDF5, which needs h5py: run pip install 'hyenadna[h5ad]'.") from None
    return h5py


def read_h5ad(path: Path, which: str | None) -> Vectors:
    """Read one matrix and the obs table of an .h5ad; the other matrices stay on the disk.

    Args:
        which: X, or a name in obsm, with or without X_ before it; by default X, or the first of
            obsm if there is no X.

    Raises:
        HyenaDNAError: the file is damaged, has no such matrix, or anndata is not installed.
    """
    try:
        import h5py
        from anndata.io import read_elem
    except ImportError:
        raise HyenaDNAError(f"{path} is .h5ad, which needs anndata: run pip install 'hyenadna[h5ad]'.") from None
    try:
        with h5py.File(path) as file:
            in_obsm = list(file["obsm"]) if "obsm" in file else []
            there = [MATRIX] * (MATRIX in file) + in_obsm
            if which is not None and which not in there and f"X_{which}" in in_obsm:
                which = f"X_{which}"
            if which is not None and which == _name_of_x(file):
                which = MATRIX
            name = chosen(path, which, there, "the matrix X, or one in obsm")
            obs = read_elem(file["obs"])
            values = _dense(read_elem(file[MATRIX] if name == MATRIX else file["obsm"][name]))
            columns = {str(column): _values_of(obs[column]) for column in obs.columns}
            names = texts(obs.index.to_numpy(object))
    except HyenaDNAError:
        raise
    except Exception as error:  # h5py and anndata raise many kinds for a damaged file
        fault = "is damaged, or was written by an anndata before 0.8"
        raise HyenaDNAError(f"{path} {fault}: {reason_of(error)}: write it anew.") from None
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise HyenaDNAError(f"{path}: {name} has the shape {values.shape}, type {values.dtype}: expected (rows, D).")
    return Vectors(path, name, names, values, columns, tuple(other for other in there if other != name))


def _name_of_x(file: Any) -> str | None:
    """Return the name that `hyenadna embed` gave to X, or None."""
    try:
        return str(json.loads(file["uns/hyenadna/vectors"].asstr()[()])[0])
    except (KeyError, ValueError, IndexError, AttributeError, TypeError):  # another program wrote it
        return None


def _dense(matrix: Any) -> np.ndarray:
    """Return an array, a sparse matrix or a data frame as a dense array."""
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)


def _values_of(series: Any) -> np.ndarray:
    """Return a column of obs as numbers, or as text: (n,)."""
    values = series.to_numpy()
    if values.dtype.kind in "fiu":
        return np.asarray(values)
    return np.array(texts(series.astype(object).where(series.notna(), None).to_numpy()), dtype=str)


class _Column:
    """A column of obs that is written some rows at a time."""

    def __init__(self, obs: Any, name: str, kind: str, rows: int) -> None:
        self._obs, self._name, self._kind = obs, name, kind
        self._categories: dict[str, int] = {}
        if kind == NUMBER:
            self._values = obs.create_dataset(name, (rows,), "<i8")
            _mark(self._values, "array", "0.2.0")
        elif kind == CATEGORY:
            group = obs.create_group(name)
            _mark(group, "categorical", "0.2.0")
            group.attrs["ordered"] = False
            self._values = group.create_dataset("codes", (rows,), "<i4")
            _mark(self._values, "array", "0.2.0")
        else:
            self._values = _texts(obs, name, rows)

    def write(self, rows: slice, values: Any) -> None:
        if self._kind == CATEGORY:
            values = [self._categories.setdefault(value, len(self._categories)) for value in values]
        self._values[rows] = np.array(values, object if self._kind not in (NUMBER, CATEGORY) else None)

    def finish(self) -> None:
        if self._kind == CATEGORY:
            names = np.array([*self._categories], object)
            _texts(self._obs[self._name], "categories", len(names))[:] = names


def _array(file: Any, place: str, layout: Layout) -> Any:
    rows = max(1, min(layout.rows, CHUNK // (4 * layout.channels)))
    array = file.create_dataset(place, (layout.rows, layout.channels), "<f4", chunks=(rows, layout.channels))
    _mark(array, "array", "0.2.0")
    return array


def _dataframe(file: Any, name: str, columns: list[str]) -> Any:
    group = file.create_group(name)
    _mark(group, "dataframe", "0.2.0")
    group.attrs["_index"] = INDEX
    group.attrs.create("column-order", np.array(columns, object), dtype=_text_type())
    return group


def _texts(group: Any, name: str, count: int) -> Any:
    texts = group.create_dataset(name, (count,), _text_type())
    _mark(texts, "string-array", "0.2.0")
    return texts


def _settings(uns: Any, layout: Layout) -> None:
    group = uns.create_group("hyenadna")
    _mark(group, "dict", "0.1.0")
    for name, value in layout.settings.items():
        text = group.create_dataset(name, data=value if isinstance(value, str) else json.dumps(value))
        _mark(text, "string", "0.2.0")


def _text_type() -> Any:
    import h5py

    return h5py.string_dtype()


def _mark(thing: Any, encoding: str, version: str) -> None:
    thing.attrs["encoding-type"], thing.attrs["encoding-version"] = encoding, version
