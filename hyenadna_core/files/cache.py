"""The cache folder, and safe writing: a file or folder appears complete or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder(*parts: str) -> Path:
    """Return a folder of the cache, and make it if it is missing.

    The cache is HYENADNA_CACHE if that is set, else ~/.cache/hyenadna.
    """
    base = Path(os.environ.get("HYENADNA_CACHE") or Path.home() / ".cache" / "hyenadna")
    folder = base.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """Write a folder under a temporary name; rename it to `target` if the block succeeds.

    If the block fails, the temporary folder is removed. If another process has made `target` in the
    meantime, that folder stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield folder
        folder.chmod(0o755)  # mkdtemp lets only its owner read it
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def file_written_aside(target: Path) -> Iterator[Path]:
    """Write a file under a temporary name; rename it to `target` if the block succeeds.

    If the block fails, the temporary file is removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield folder / target.name
        (folder / target.name).replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a small file under a temporary name, then rename it to `path`."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
