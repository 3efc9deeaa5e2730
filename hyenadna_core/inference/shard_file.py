"""The file of a shard: a zip, not compressed, of job.json and the files of its parts."""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.files.input import regular_file
from hyenadna_core.inference.job import JOB, LARGEST, Job
from hyenadna_core.inference.part_file import Arrays, Damaged, from_bytes, name_of

SUFFIX = ".shard"
UNREADABLE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError)  # of zipfile


@dataclass(frozen=True)
class ShardFile:
    """The file of a shard, with its job."""

    path: Path
    job: Job

    def arrays(self) -> Iterator[Arrays]:
        """Read the arrays of its parts in their order.

        Raises:
            HyenaDNAError: a part is missing or damaged.
        """
        sha256 = self.job.sha256
        with zipfile.ZipFile(self.path) as archive:
            for part in self.job.own_parts:
                try:
                    yield from_bytes(_read(archive, name_of(part)), part, sha256)
                except (Damaged, KeyError, *UNREADABLE):
                    raise _damaged(self.path, f"part {part}", self.job) from None


def write_shard(out: Path, job: Job, parts: Iterable[Path]) -> None:
    """Write the file of a shard under a temporary name, then rename it to `out`."""
    with file_written_aside(out) as aside, zipfile.ZipFile(aside, "w") as archive:
        archive.writestr(zipfile.ZipInfo(JOB), job.to_text())  # ZipInfo: dated 1980, so that bytes are equal
        archive.comment = _checksum(job.to_text().encode())
        for path in parts:
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes())


def open_shard(path: Path) -> ShardFile:
    """Open the file of a shard; its parts are read later.

    Raises:
        HyenaDNAError: the file cannot be read, is no shard, or is truncated.
    """
    regular_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            content, names = _read(archive, JOB, LARGEST), set(archive.namelist())
            comment = archive.comment
    except PermissionError as error:
        raise HyenaDNAError(f"Cannot read {path}: {error.strerror}.") from None
    except (KeyError, *UNREADABLE):
        raise HyenaDNAError(f"{path} is not a .shard file, or it is truncated: compute it again.") from None
    job = Job.from_bytes(content, f"{path}: {JOB}")
    if comment != _checksum(content):
        raise HyenaDNAError(f"{path} was edited or truncated: compute --shard {job.shard} again.")
    lost = next((part for part in job.own_parts if name_of(part) not in names), None)
    if lost is not None:
        raise _damaged(path, f"part {lost}", job)
    return ShardFile(path, job)


def _read(archive: zipfile.ZipFile, name: str, most: int = 1 << 62) -> bytes:
    """Return a file of a zip that is not compressed, so it is no larger than the zip."""
    entry = archive.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > most:
        raise zipfile.BadZipFile
    return archive.read(entry)


def _checksum(job: bytes) -> bytes:
    return hashlib.sha256(job).hexdigest().encode()


def _damaged(path: Path, what: str, job: Job) -> HyenaDNAError:
    return HyenaDNAError(f"{path}: {what} is missing or damaged: compute --shard {job.shard} again.")
