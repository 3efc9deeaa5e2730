"""Opening .mat files: v7.3 by h5py, which reads parts; v5 by SciPy, which reads arrays whole."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hyenadna_chromatin.arrays import AT_ONCE, BASES, CHANNELS, LARGEST, Arrays
from hyenadna_core import HyenaDNAError, notice
from hyenadna_core.errors import first_names, shown

OF_BASES, OF_LABELS = "xdata", "data"  # ends of names: trainxdata, traindata
LARGE = 1e8  # bytes in memory that the user should know of
BYTES = {"double": 8, "sparse": 8, "int64": 8, "uint64": 8}  # of a number by its kind, else 1
BYTES |= {"single": 4, "int32": 4, "uint32": 4, "int16": 2, "uint16": 2}
HEADER = 128  # bytes of MATLAB v5; the last four are its version and the order of bytes
ORDERS: Mapping[bytes, Literal["little", "big"]] = {b"\x00\x01IM": "little", b"\x01\x00MI": "big"}
ROW = BASES * CHANNELS  # bytes of the one-hot bases of a row


@contextmanager
def open_arrays(path: Path, labels: int) -> Iterator[Arrays]:
    """Open the arrays of a .mat file, and check their shapes.

    Raises:
        HyenaDNAError: the file is no .mat file, or cut or damaged, or lacks an array, or an array
            has another shape or no numbers.
    """
    import h5py

    if h5py.is_hdf5(path):
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            raise HyenaDNAError(f"{path} cannot be read as MATLAB v7.3: {error}.") from None
        with file:
            names = _names({name: thing for name, thing in file.items() if isinstance(thing, h5py.Dataset)}, path)
            bases, of_rows = (file[name] for name in names)
            _check_shapes(path, names, labels, *((array.shape or ())[::-1] for array in (bases, of_rows)))
            _check_numbers(path, names, (bases, of_rows))
            yield Arrays(bases, of_rows, True, _rows_at_once(path, bases), path)
        return
    bases, of_rows = _read_v5(path, labels)
    yield Arrays(bases, of_rows, False, AT_ONCE, path)


def _read_v5(path: Path, labels: int) -> list[np.ndarray]:
    """Read the arrays of a file of MATLAB v5, and check them."""
    from scipy.io import loadmat, whosmat
    from scipy.io.matlab import MatReadError

    try:
        _check_whole(path)
        found = whosmat(str(path))
        shapes, kinds = {name: shape for name, shape, _ in found}, {name: kind for name, _, kind in found}
        names = _names(shapes, path)
        _check_shapes(path, names, labels, *(shapes[name] for name in names))
        size = sum(int(np.prod(shapes[name])) * BYTES.get(kinds[name], 1) for name in names)
        if size > LARGE:
            notice(f"{path} is MATLAB v5, which is read whole, once: at most {size / 1e9:.1f} GB of memory.")
        arrays = [_dense(loadmat(str(path), variable_names=[name])[name]) for name in names]
        _check_numbers(path, names, arrays)
    except HyenaDNAError:
        raise
    except zlib.error as error:
        raise HyenaDNAError(f"{path} is damaged: {error}: copy or download it again.") from None
    except (OSError, ValueError, NotImplementedError, TypeError, IndexError, MatReadError) as error:
        reason = shown(error) or type(error).__name__
        raise HyenaDNAError(f"{path} cannot be read as a .mat file: {reason}.") from None
    return arrays


def _check_whole(path: Path) -> None:
    """Check that a file of MATLAB v5 ends where its last array ends.

    After a header of 128 bytes, each array is its kind, its number of bytes (4 bytes each), and
    these bytes.
    """
    size, end = path.stat().st_size, HEADER
    with path.open("rb") as file:
        order = ORDERS.get(file.read(HEADER)[-4:])
        while order and end < size:
            file.seek(end)
            head = file.read(8)
            end += 8 + (int.from_bytes(head[4:], order) if len(head) == 8 else 0)
    if order and end > size:
        raise HyenaDNAError(
            f"{path} is truncated: it has {size:,} bytes of at least {end:,}: copy or download it again."
        )


def _dense(array: Any) -> np.ndarray:
    from scipy.sparse import issparse

    dense: np.ndarray = array.toarray() if issparse(array) else array
    return dense


def _check_numbers(path: Path, names: tuple[str, str], arrays: Iterable[Any]) -> None:
    for name, array in zip(names, arrays, strict=True):
        if array.dtype.kind not in "buif":
            raise HyenaDNAError(f"{path}: {name} has text, cells or complex numbers: each value must be 0 or 1.")


def _names(things: Mapping[str, Any], path: Path) -> tuple[str, str]:
    """Return the names of the arrays with bases and with labels."""
    bases = [name for name in things if name.endswith(OF_BASES)]
    if len(bases) != 1 or (labels := bases[0].removesuffix(OF_BASES) + OF_LABELS) not in things:
        raise HyenaDNAError(
            f"{path} has the arrays {first_names(things)}, and needs one pair such as trainxdata (bases) and traindata "
            "(labels): give a file of DeepSEA."
        )
    return bases[0], labels


def _check_shapes(
    path: Path, names: tuple[str, str], labels: int, bases: tuple[int, ...], of_rows: tuple[int, ...]
) -> None:
    """Check shapes as MATLAB has them."""
    if len(bases) != 3 or bases[1:] != (CHANNELS, BASES) or not bases[0]:
        raise HyenaDNAError(
            f"{path}: {names[0]} is {_text(bases)} as MATLAB shows it, {_text(bases[::-1])} as h5py does: it must be "
            "(rows, 4, 1000) for MATLAB, (1000, 4, rows) for h5py: transpose it."
        )
    if of_rows != (bases[0], labels):
        raise HyenaDNAError(
            f"{path}: {names[1]} is {_text(of_rows)}, and must be {_text((bases[0], labels))}, a column for each "
            "label: other labels have their own --labels FILE."
        )


def _text(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"


def _rows_at_once(path: Path, bases: Any) -> int:
    """Return how many rows to read at once: whole chunks of the file, about 16 MB."""
    of_chunk = bases.chunks[-1] if bases.chunks else 1
    if of_chunk * ROW * bases.dtype.itemsize > LARGEST and bases.shape[-1] * ROW > LARGEST:
        raise HyenaDNAError(
            f"{path} has chunks of {of_chunk:,} rows, which would take {of_chunk * ROW / 1e9:.1f} GB of memory: run "
            f"h5repack -l {bases.name.strip('/')}:CHUNK={BASES}x{CHANNELS}x256 on it first."
        )
    return int(of_chunk * max(1, AT_ONCE // of_chunk))
