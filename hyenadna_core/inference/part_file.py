"""The result of a part as a file: arrays in the format safetensors, with a checksum among them."""

import hashlib
import re
from collections.abc import Mapping

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

Arrays = Mapping[str, np.ndarray]

NAME = re.compile(r"(part|state)-[0-9]{6,9}\.safetensors")
SHA256 = "sha256"  # the tensor with the checksum


class Damaged(Exception):
    """A part that is truncated, has a changed byte, or is of another job."""


def name_of(part: int) -> str:
    """Return the name of the file of a part."""
    return f"part-{part:06}.safetensors"


def state_name_of(part: int) -> str:
    """Return the name of the file with the state of an unfinished part."""
    return f"state-{part:06}.safetensors"


def to_bytes(arrays: Arrays, part: int, job: str) -> bytes:
    """Return the content of the file of a part.

    Args:
        job: the SHA-256 of the job.
    """
    arrays = {name: np.ascontiguousarray(each, each.dtype.newbyteorder("<")) for name, each in arrays.items()}
    return bytes(save({**arrays, SHA256: _checksum(arrays, part, job)}))


def from_bytes(content: bytes, part: int, job: str) -> dict[str, np.ndarray]:
    """Return the arrays of a part; they are read-only.

    Raises:
        Damaged: the content is not that of this part of this job.
    """
    try:
        arrays: dict[str, np.ndarray] = load(content)
        checksum = arrays.pop(SHA256)
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError):
        raise Damaged from None
    if not np.array_equal(checksum, _checksum(arrays, part, job)):
        raise Damaged
    return arrays


def _checksum(arrays: Arrays, part: int, job: str) -> np.ndarray:
    """Return the SHA-256 of the job, the number, and names, types, shapes and numbers: (32,)."""
    digest = hashlib.sha256(f"{job} {part}".encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"\n{name!r} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data if array.size else b"")
    return np.frombuffer(digest.digest(), np.uint8)
