"""Checksums of files. They identify the inputs of a run and detect damaged downloads."""

import hashlib
from pathlib import Path

from hyenadna_core.terminal import progress

BLOCK = 1 << 22  # bytes


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file, progress(f"Checksum of {path.name}", path.stat().st_size) as advance:
        while block := file.read(BLOCK):
            digest.update(block)
            advance(len(block))
    return digest.hexdigest()
