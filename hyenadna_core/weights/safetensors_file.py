"""Files in the format safetensors: the names and shapes of their tensors, and the numbers later."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.weights.dtypes import ITEMSIZE, numpy_dtype
from hyenadna_plugins import reason_of

# The names of dtypes in such a file; others keep their name.
DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
LARGEST_HEADER = 1 << 22  # bytes; the largest model has less than a megabyte
DTYPES |= {f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)} | {"U8": "uint8", "BOOL": "bool"}


@dataclass(eq=False, slots=True)
class SafeTensor:
    """A tensor in a file: its shape, and `read()` for its numbers."""

    path: Path
    file: Any  # safetensors.safe_open
    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """The bytes of its numbers in memory."""
        return math.prod(self.shape) * ITEMSIZE[self.dtype]

    @property
    def place(self) -> tuple[Any, ...]:
        """What two tensors have in common if they are the same numbers in the file."""
        return self.path, self.name

    def read(self) -> np.ndarray:
        """Return the numbers.

        Raises:
            HyenaDNAError: they are of a type that NumPy lacks.
        """
        if self.dtype in DTYPES.values():
            numpy_dtype(self.dtype)
        try:
            tensor: np.ndarray = self.file.get_tensor(self.name)
        except (AttributeError, TypeError, ValueError) as error:
            raise HyenaDNAError(f"{self.path}: {self.name!r} cannot be read ({reason_of(error)}).") from None
        return tensor


def open_safetensors(path: Path) -> tuple[dict[str, SafeTensor], dict[str, str]]:
    """List the tensors of a file by name, without their numbers, and return its metadata.

    Raises:
        HyenaDNAError: the file is damaged or has another format.
    """
    from safetensors import SafetensorError, safe_open

    with path.open("rb") as start:
        header = int.from_bytes(start.read(8), "little")
    if LARGEST_HEADER < header < path.stat().st_size:
        raise HyenaDNAError(f"{path}: its header has {header:,} bytes, more than that of any model: it is not read.")
    try:
        file: Any = safe_open(path, framework="np")
        tensors = {}
        for name in file.keys():  # noqa: SIM118 (it is no dict)
            described = file.get_slice(name)
            dtype = described.get_dtype()
            tensors[name] = SafeTensor(path, file, name, DTYPES.get(dtype, dtype), tuple(described.get_shape()))
        return tensors, file.metadata() or {}
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise HyenaDNAError(
            f"{path}: not a complete .safetensors file ({reason_of(error)}): fetch or copy it again."
        ) from None
