"""A table that is written in parts: what was written before a stop is kept and continued."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from hyenadna_core import HyenaDNAError, file_written_aside, locked


class PartTable:
    """An open table of which `done` rows are there already."""

    def __init__(self, file: IO[bytes], done: int) -> None:
        self._file, self.done = file, done

    def add(self, lines: Iterable[str]) -> None:
        """Write rows, each with its line end, so that a stop does not lose them."""
        self._file.write("".join(lines).encode())
        self._file.flush()


@contextmanager
def part_table(out: Path, settings: Sequence[Any], columns: Sequence[str]) -> Iterator[PartTable]:
    """Write a table into OUT.part; rename it to OUT if the block succeeds.

    The rows of an earlier block with the same settings and columns are kept. OUT.part.json has
    both.

    Raises:
        HyenaDNAError: OUT is there; OUT.part has rows of other settings; another process writes
            this table; or OUT.part or OUT.part.json is a folder.
    """
    part, kept = (out.with_name(f"{out.name}.{suffix}") for suffix in ("part", "part.json"))
    content = json.dumps([settings, columns]).encode()
    check_not_there(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    if folder := next((path for path in (part, kept) if path.is_dir()), None):
        raise HyenaDNAError(
            f"{folder} is a folder, and a file of this name is written: remove it, or name another file."
        )
    with part.open("ab+") as file:
        if not locked(file, out.parent):
            raise HyenaDNAError(f"Another process writes {out}: wait for it, or name another file.")
        if not kept.exists() or kept.read_bytes() != content:
            if (rows := whole_lines(file)) > 1:
                raise HyenaDNAError(
                    f"{part} has {rows - 1:,} rows of other settings or another VCF: remove it, or name another file."
                )
            file.truncate(0)
            with file_written_aside(kept) as aside:
                aside.write_bytes(content)
        rows = whole_lines(file)
        if not rows:
            file.write(("\t".join(columns) + "\n").encode())
        yield PartTable(file, max(0, rows - 1))
        file.flush()
        part.replace(out)
    kept.unlink()


def check_not_there(out: Path) -> None:
    """Check that no earlier run has finished a table.

    Raises:
        HyenaDNAError: one has.
    """
    if out.exists():
        raise HyenaDNAError(f"{out} is there already: remove it to compute it again, or name another file.")


def whole_lines(file: IO[bytes]) -> int:
    """Cut a file behind its last whole line, and count its lines."""
    file.seek(0)
    count, end = 0, 0
    for line in file:
        if not line.endswith(b"\n"):
            break
        count, end = count + 1, end + len(line)
    file.truncate(end)
    file.seek(0, 2)
    return count
