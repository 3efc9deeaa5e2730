"""PyTorch's files (`weights.ckpt`, `.pt`, `.bin`), read without PyTorch and without running code.

Such a file is a zip: `data.pkl` describes the tensors, and `data/N` has their numbers.
"""

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.weights.torch_pickle import DTYPES, Call, Name, Storage, interpret, is_size
from hyenadna_plugins import reason_of

LARGEST_PICKLE = 1 << 26  # bytes; published checkpoints have less than a megabyte


@dataclass(eq=False)
class StoredTensor:
    """A tensor in a file: its shape, and `read()` for its numbers."""

    path: Path
    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def read(self) -> np.ndarray:
        """Read the numbers; bfloat16 becomes float32.

        Raises:
            HyenaDNAError: the file has fewer numbers than the tensor needs, or is damaged.
        """
        itemsize = np.dtype(self.storage.dtype).itemsize
        count = math.prod(self.shape)
        last = self.offset + sum((n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True))
        if count > self.storage.numel or (count and last >= self.storage.numel):
            raise HyenaDNAError(
                f"{self.path}: a tensor of shape {self.shape} does not fit its stored numbers: the file is damaged."
            )
        with _opened(self.path) as archive:
            entry = _entry(archive, self.path, f"data/{self.storage.key}")
            if entry.file_size != self.storage.numel * itemsize:
                raise HyenaDNAError(
                    f"{self.path}: {entry.filename} has {entry.file_size:,} bytes instead of the "
                    f"{self.storage.numel * itemsize:,} in its pickle: the file is damaged, fetch or copy it again."
                )
            numbers = np.frombuffer(_read(archive, self.path, entry), self.storage.dtype)
        strides = tuple(stride * itemsize for stride in self.strides)
        tensor = np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, strides).copy()
        if self.storage.dtype == "<u2":
            return (tensor.astype("<u4") << 16).view("<f4")
        return tensor


def read_torch_file(path: Path) -> dict[str, StoredTensor]:
    """List the tensors of a `state_dict`, or of a plain dict, by name, without their numbers.

    Raises:
        HyenaDNAError: the file has another format or is damaged, or its pickle names something that
            no checkpoint needs.
    """
    with _opened(path) as archive:
        if (order := _entry(archive, path, "byteorder", optional=True)) and _read(archive, path, order) != b"little":
            raise HyenaDNAError(f"{path}: its numbers are not little-endian: save it on a little-endian machine.")
        entry = _entry(archive, path, "data.pkl")
        if entry.file_size > LARGEST_PICKLE:
            raise HyenaDNAError(f"{path}: its pickle of {entry.file_size:,} bytes is too large for a checkpoint.")
        pickled = _read(archive, path, entry)
    try:
        root = interpret(pickled)
        content = root.get("state_dict", root) if isinstance(root, dict) else None
        items = content.items() if isinstance(content, dict) else None
        tensors = None if items is None else {name: _tensor(path, value) for name, value in items}
    except HyenaDNAError as error:
        raise HyenaDNAError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise HyenaDNAError(
            f"{path}: its pickle is damaged ({reason_of(error)}): fetch or copy the file again."
        ) from None
    if tensors is None:
        raise HyenaDNAError(f"{path}: it has no state_dict: save the state_dict of the model.")
    return {name: tensor for name, tensor in tensors.items() if isinstance(name, str) and tensor is not None}


def _tensor(path: Path, value: Any) -> StoredTensor | None:
    """Return the tensor that a call describes, or None for another call or an unknown dtype."""
    if not isinstance(value, Call) or value.name != Name("torch._utils._rebuild_tensor_v2"):
        return None
    storage, offset, shape, strides, *_ = value.arguments
    described = isinstance(storage, Storage) and isinstance(shape, tuple) and isinstance(strides, tuple)
    if not described or len(shape) != len(strides) or not all(map(is_size, (offset, *shape, *strides))):
        raise HyenaDNAError(f"{path}: a tensor is not described as in PyTorch: the file is damaged.")
    return StoredTensor(path, storage, offset, shape, strides) if storage.dtype in DTYPES.values() else None


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError):
        raise HyenaDNAError(
            f"{path}: neither a .safetensors file nor a complete PyTorch file (a zip): fetch or copy it again."
        ) from None


def _entry(archive: zipfile.ZipFile, path: Path, name: str, optional: bool = False) -> Any:
    """Return the file of this name in the folder of the zip.

    PyTorch does not compress, so no file in the zip can be larger than the zip.
    """
    entries = [entry for entry in archive.infolist() if entry.filename.partition("/")[2] == name]
    if not entries and optional:
        return None
    if len(entries) != 1:
        raise HyenaDNAError(f"{path}: the zip has {len(entries)} files {name!r}, but a PyTorch file has one.")
    if entries[0].compress_type != zipfile.ZIP_STORED or entries[0].file_size > path.stat().st_size:
        raise HyenaDNAError(
            f"{path}: {entries[0].filename} is compressed, which PyTorch does not do; it is not unpacked."
        )
    return entries[0]


def _read(archive: zipfile.ZipFile, path: Path, entry: Any) -> bytes:
    try:
        return archive.read(entry)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise HyenaDNAError(f"{path}: {entry.filename} is damaged ({error}).") from None
