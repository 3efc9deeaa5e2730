"""Vectors in AnnData's .h5ad: the matrix X, or one of obsm."""

from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.vectors.columns import Vectors, chosen, texts
from hyenadna_plugins import reason_of

MATRIX = "X"


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
            name = chosen(path, which, there, "the matrix X, or one in obsm")
            obs = read_elem(file["obs"])
            values = _dense(read_elem(file[MATRIX] if name == MATRIX else file["obsm"][name]))
            columns = {str(column): _column(obs[column]) for column in obs.columns}
            names = texts(obs.index.to_numpy(object))
    except HyenaDNAError:
        raise
    except Exception as error:  # h5py and anndata raise many kinds for a damaged file
        fault = "is damaged, or was written by an anndata before 0.8"
        raise HyenaDNAError(f"{path} {fault}: {reason_of(error)}: write it anew.") from None
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise HyenaDNAError(f"{path}: {name} has the shape {values.shape}, type {values.dtype}: expected (rows, D).")
    return Vectors(path, name, names, values, columns, tuple(other for other in there if other != name))


def _dense(matrix: Any) -> np.ndarray:
    """Return an array, a sparse matrix or a data frame as a dense array."""
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)


def _column(series: Any) -> np.ndarray:
    """Return a column of obs as numbers, or as text: (n,)."""
    values = series.to_numpy()
    if values.dtype.kind in "fiu":
        return np.asarray(values)
    return np.array(texts(series.astype(object).where(series.notna(), None).to_numpy()), dtype=str)
