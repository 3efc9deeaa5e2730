"""Where decoded genomes and the like are kept between runs, and how files come to be there whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder(*parts: str) -> Path:
    """A folder in HYENADNA_CACHE, or in the user's cache where that is unset; made if need be."""
    base = Path(os.environ.get("HYENADNA_CACHE") or Path.home() / ".cache" / "hyenadna")
    folder = base.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """A folder to write in, renamed to `target` when the block ends well and removed when it does not.

    Where `target` was made by another process in the meantime, that one stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield folder
        folder.chmod(0o755)  # mkdtemp keeps others out
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def file_written_aside(target: Path) -> Iterator[Path]:
    """A file to write, renamed to `target` when the block ends well and removed when it does not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield folder / target.name
        (folder / target.name).replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a small file aside and rename it into place."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
