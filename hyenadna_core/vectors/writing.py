"""Files of vectors by suffix. Add a format to FORMATS."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.track_table import import_pyarrow
from hyenadna_core.vectors.arrays import TABLE
from hyenadna_core.vectors.blocks import Block, Layout
from hyenadna_core.vectors.h5ad import import_h5py, write_h5ad
from hyenadna_core.vectors.npz import write_npy, write_npz
from hyenadna_core.vectors.parquet import write_parquet

FORMATS: dict[str, Callable[[Path, Layout, Iterable[Block]], None]] = {
    ".h5ad": write_h5ad,
    ".parquet": write_parquet,
    ".npz": write_npz,
}
LIBRARIES: dict[str, Callable[[Path], Any]] = {".h5ad": import_h5py, ".parquet": import_pyarrow}
NPY = ".npy"  # an array for each kind, and a table for the names


def vector_paths(path: Path, kinds: Sequence[str]) -> list[Path]:
    """Return the files that `write_vectors` will write: call it before a long computation.

    Several kinds of vectors in .npy have a file each, v.mean.npy for the kind mean in v.npy.

    Raises:
        HyenaDNAError: the suffix is unknown, or needs a library that is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in (*FORMATS, NPY):
        raise HyenaDNAError(f"{path}: name a file of vectors after its format: {', '.join((*FORMATS, NPY))}.")
    if suffix in LIBRARIES:
        LIBRARIES[suffix](path)
    if suffix in FORMATS:
        return [path]
    arrays = [path] if len(kinds) == 1 else [path.with_name(f"{path.stem}.{kind}{path.suffix}") for kind in kinds]
    return [*arrays, path.with_suffix(TABLE)]


def write_vectors(path: Path, layout: Layout, blocks: Iterable[Block]) -> list[Path]:
    """Write vectors to a file whose format the suffix names; return the paths.

    Each file appears complete or not at all. The same blocks give the same bytes.

    Raises:
        HyenaDNAError: the suffix is unknown, a library is missing, or the rows are not those of the
            layout.
        OSError: a file cannot be written.
    """
    paths = vector_paths(path, layout.kinds)
    if path.suffix.lower() == NPY:
        write_npy(paths, layout, blocks)
    else:
        FORMATS[path.suffix.lower()](path, layout, blocks)
    return paths
