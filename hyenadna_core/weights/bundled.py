"""Weights in the package: `bundled://name` (hyenadna_core/data/README.md)."""

from importlib.resources import files
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError

SCHEME = "bundled://"


def fetch(uri: str) -> Path:
    """Return the file of weights in the package.

    Raises:
        HyenaDNAError: the package has no weights of this name.
    """
    name = uri.removeprefix(SCHEME)
    path = Path(str(files("hyenadna_core") / "data" / f"{name}.safetensors"))
    if path.name != f"{name}.safetensors" or not path.is_file():
        raise HyenaDNAError(f"The package has no weights {uri!r}: `hyenadna presets` lists all.")
    return path
