"""Vectors in every file format. A new format is added here: its suffix, and its reader."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.files.input import regular_file
from hyenadna_core.terminal import notice
from hyenadna_core.vectors.arrays import read_npy, read_npz
from hyenadna_core.vectors.columns import Vectors
from hyenadna_core.vectors.h5ad import read_h5ad
from hyenadna_core.vectors.parquet import read_parquet

SUFFIXES = (".h5ad", ".parquet", ".pq", ".npz", ".npy")


def read_vectors(path: str | Path, which: str | None = None, not_vectors: Collection[str] = ()) -> Vectors:
    """Read vectors, their names and the columns of their rows.

    .h5ad has X and obsm, .parquet columns of lists or of numbers, .npz arrays, and .npy one array
    with a .tsv beside it. If the file has several kinds of vectors, a line names the others.

    Args:
        which: the name of the vectors; by default X, or the first.
        not_vectors: names of columns of numbers that are no part of a vector.

    Raises:
        HyenaDNAError: the file cannot be read, there are no such vectors, a name comes twice, or
            a value is NaN or infinite.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise HyenaDNAError(f"{path} is no file of vectors: name it after its format, {', '.join(SUFFIXES)}.")
    regular_file(path)
    if suffix in (".parquet", ".pq"):
        vectors = read_parquet(path, which, not_vectors)
    else:
        vectors = {".h5ad": read_h5ad, ".npz": read_npz, ".npy": read_npy}[suffix](path, which)
    check_vectors(vectors)
    if vectors.others and which is None:
        notice(f"{path}: the vectors are {vectors.which}; --which takes {first_names(vectors.others)}.")
    return vectors


def check_vectors(vectors: Vectors) -> None:
    """Check that there are vectors, each with its own name, and that all values are finite.

    Raises:
        HyenaDNAError: one of these is not so.
    """
    path, names, values = vectors.path, vectors.names, vectors.values
    if not len(values):
        raise HyenaDNAError(f"{path} has 0 rows: write it anew.")
    if not values.shape[1]:
        raise HyenaDNAError(f"{path}: the vectors {vectors.which} have 0 numbers: choose others with --which.")
    if len(names) != len(values):
        raise HyenaDNAError(f"{path} has {len(names):,} names for {len(values):,} vectors: give each one name.")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise HyenaDNAError(f"{path} has names that come twice: {first_names(twice)}: rename or remove all but one.")
    if "" in names:
        raise HyenaDNAError(f"{path}, row {names.index('') + 1:,}: the name is empty: give it one.")
    not_finite = ~np.isfinite(values).all(axis=1)
    if not_finite.any():
        raise HyenaDNAError(
            f"{path}: the vectors {vectors.which} of {int(not_finite.sum()):,} of {len(values):,} rows have NaN or "
            f"infinite values, first in row {names[int(not_finite.argmax())]}: remove these rows, or compute them anew."
        )
