"""PyTorch's files (`weights.ckpt`, `.pt`, `.bin`), read without PyTorch and without running code.

Such a file is a zip: `data.pkl` describes the tensors, and `data/N` has their numbers.
"""

import math
import struct
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.weights.dtypes import ITEMSIZE, numpy_dtype
from hyenadna_core.weights.torch_pickle import MOST_AXES, Call, Name, Storage, interpret, is_size
from hyenadna_plugins import reason_of

LARGEST_PICKLE = 1 << 24  # bytes; published checkpoints have less than a megabyte
DAMAGED_ZIP = (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error, EOFError)
DAMAGED_PICKLE = (
    *(ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, AssertionError, RecursionError),
    struct.error,
)


class TorchZip:
    """An open PyTorch file. Each of its entries is found by name, and each storage is read once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.archive = zipfile.ZipFile(path)
        except DAMAGED_ZIP:
            raise HyenaDNAError(
                f"{path}: neither a .safetensors file nor a complete PyTorch file (a zip): fetch or copy it again."
            ) from None
        self.entries: dict[str, list[zipfile.ZipInfo]] = {}
        self.storages: dict[str, np.ndarray] = {}
        entries = self.archive.infolist()
        for entry in entries:
            self.entries.setdefault(entry.filename.partition("/")[2], []).append(entry)
            if entry.compress_type != zipfile.ZIP_STORED:
                raise HyenaDNAError(
                    f"{path}: {entry.filename!r} is compressed, which PyTorch does not do; it is not unpacked."
                )
        if sum(entry.file_size for entry in entries) > path.stat().st_size:
            raise HyenaDNAError(f"{path}: the files in the zip are larger than the zip: it is damaged, and not read.")

    def read(self, name: str, largest: int) -> bytes:
        """Read the file of this name in the folder of the zip.

        Raises:
            HyenaDNAError: there are none or several, or it is damaged or too large.
        """
        entries = self.entries.get(name, [])
        if len(entries) != 1:
            raise HyenaDNAError(f"{self.path}: the zip has {len(entries)} files {name!r}, but a PyTorch file has one.")
        if entries[0].file_size > largest:
            raise HyenaDNAError(
                f"{self.path}: {name!r} of {entries[0].file_size:,} bytes is too large for a checkpoint, which has at "
                f"most {largest:,}."
            )
        try:
            return self.archive.read(entries[0])
        except (*DAMAGED_ZIP, RuntimeError, OSError) as error:
            raise HyenaDNAError(
                f"{self.path}: {entries[0].filename!r} is damaged ({reason_of(error)}): fetch or copy the file again."
            ) from None

    def storage(self, storage: Storage) -> np.ndarray:
        """Return the numbers of a storage, in one row.

        Raises:
            HyenaDNAError: the file has another number of bytes for them.
        """
        if storage.key not in self.storages:
            name, size = f"data/{storage.key}", storage.numel * ITEMSIZE[storage.dtype]
            for entry in self.entries.get(name, []):
                if entry.file_size != size:
                    raise HyenaDNAError(
                        f"{self.path}: {entry.filename!r} has {entry.file_size:,} bytes instead of the {size:,} in its "
                        "pickle: the file is damaged, fetch or copy it again."
                    )
            self.storages[storage.key] = np.frombuffer(self.read(name, size), np.uint8)
        return self.storages[storage.key].view(numpy_dtype(storage.dtype))


@dataclass(eq=False, slots=True)
class TorchTensor:
    """A tensor in a PyTorch file: its shape, and `read()` for its numbers."""

    file: TorchZip
    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def dtype(self) -> str:
        """The name of the type of its numbers."""
        return self.storage.dtype

    @property
    def nbytes(self) -> int:
        """The bytes of its numbers in memory."""
        return math.prod(self.shape) * ITEMSIZE[self.dtype]

    @property
    def place(self) -> tuple[Any, ...]:
        """What two tensors have in common if they are the same numbers in the file."""
        return self.storage.key, self.storage.dtype, self.offset, self.shape, self.strides

    def read(self) -> np.ndarray:
        """Return the numbers; tensors with the same storage share memory.

        Raises:
            HyenaDNAError: the file has fewer numbers than the tensor needs, or is damaged.
        """
        count = math.prod(self.shape)
        strides = [stride if count and n > 1 else 0 for n, stride in zip(self.shape, self.strides, strict=True)]
        last = self.offset + sum((n - 1) * stride for n, stride in zip(self.shape, strides, strict=True))
        if count > self.storage.numel or (count and last >= self.storage.numel):
            raise HyenaDNAError(
                f"{self.file.path}: a tensor of shape {self.shape} does not fit its stored numbers: the file is "
                "damaged, fetch or copy it again."
            )
        numbers = self.file.storage(self.storage)
        in_bytes = [stride * numbers.itemsize for stride in strides]
        return np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, in_bytes, writeable=False)


def read_torch_file(path: Path) -> dict[str, TorchTensor]:
    """List the tensors of a `state_dict`, or of a plain dict, by name, without their numbers.

    Raises:
        HyenaDNAError: the file has another format or is damaged, or its pickle names something that
            no checkpoint needs.
    """
    file = TorchZip(path)
    if "byteorder" in file.entries and file.read("byteorder", 100) != b"little":
        raise HyenaDNAError(f"{path}: its numbers are not little-endian: save it on a little-endian machine.")
    pickled = file.read("data.pkl", LARGEST_PICKLE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of odd escapes in a damaged name
            root = interpret(pickled)
        content = root.get("state_dict", root) if isinstance(root, dict) else None
        if not isinstance(content, dict):
            raise HyenaDNAError("it has no state_dict: save the state_dict of the model.")
        tensors = {name: _tensor(file, value) for name, value in content.items() if isinstance(name, str)}
    except HyenaDNAError as error:
        raise HyenaDNAError(f"{path}: {error}") from None
    except DAMAGED_PICKLE as error:
        raise HyenaDNAError(
            f"{path}: its pickle is damaged ({reason_of(error)}): fetch or copy the file again."
        ) from None
    listed = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    if not listed:
        keys = first_names(repr(key) for key in content)
        raise HyenaDNAError(f"{path}: it has no tensors, and its keys are {keys}: save the state_dict of the model.")
    return listed


def _tensor(file: TorchZip, value: Any) -> TorchTensor | None:
    """Return the tensor that a call describes, or None for another call or an unknown dtype."""
    if not isinstance(value, Call) or value.name != Name("torch._utils._rebuild_tensor_v2"):
        return None
    storage, offset, shape, strides, *_ = value.arguments
    described = isinstance(storage, Storage) and isinstance(shape, tuple) and isinstance(strides, tuple)
    if not described or len(shape) != len(strides) or len(shape) > MOST_AXES:
        raise HyenaDNAError("a tensor is not described as in PyTorch: the file is damaged.")
    if not all(map(is_size, (offset, *shape, *strides))):
        raise HyenaDNAError("a tensor is not described as in PyTorch: the file is damaged.")
    return TorchTensor(file, storage, offset, shape, strides) if storage.dtype in ITEMSIZE else None
