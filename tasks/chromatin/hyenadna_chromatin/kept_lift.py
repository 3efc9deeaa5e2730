"""Moved windows in the cache: a chain file moves the windows of a table once."""

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import file_digest, sha256
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from hyenadna_chromatin.kept_rows import KeptRows
from hyenadna_chromatin.lift import Lifted, lifted
from hyenadna_core import HyenaDNAError, file_written_aside

VERSION = 1  # of the rules of `lifted`; what other rules moved is moved anew


def lifted_once(chain: Path, kept: KeptRows, fasta: Iterable[str]) -> Lifted:
    """Move the windows of a table, or read from its folder in the cache where they went.

    Args:
        fasta: the names of the contigs of the FASTA.

    Raises:
        HyenaDNAError: the library liftover is missing, or the chain file cannot be read.
    """
    known = dict.fromkeys(fasta)
    path = kept.folder / f"lift-{_key(chain, kept, list(known))}.npz"
    moved = _read(path)
    if moved is None:
        moved = lifted(chain, kept.facts["contigs"], kept.codes, kept.starts, known)
        facts = np.array(json.dumps([moved.names, moved.lost]))
        with file_written_aside(path) as aside, aside.open("wb") as file:
            np.savez(file, rows=moved.rows, codes=moved.codes, starts=moved.starts, facts=facts)
    return moved


def _key(chain: Path, kept: KeptRows, fasta: list[str]) -> str:
    try:
        with chain.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise HyenaDNAError(f"Cannot read {chain}: {error.strerror}.") from None
    return sha256(json.dumps([VERSION, digest, kept.checksum, fasta]).encode()).hexdigest()[:32]


def _read(path: Path) -> Lifted | None:
    """Read moved windows, or return None if there are none, or the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names, lost = json.loads(str(arrays["facts"]))
            return Lifted(arrays["rows"], names, arrays["codes"], arrays["starts"], Counter(lost))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
