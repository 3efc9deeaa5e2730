"""Write bedGraph files, plain or gzip: one line for each base with a value."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from gzip import GzipFile
from pathlib import Path
from typing import IO

import numpy as np

from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.genome.blocks import Block, checked


def write_bedgraphs(paths: Sequence[Path], contigs: Mapping[str, int], blocks: Iterable[Block]) -> None:
    """Write a bedGraph for each track of the blocks: contig, start, end, value; gzip by suffix.

    Numbers have as many digits as a float32 needs. Equal neighbours are not joined, so the bytes
    do not depend on how the values are cut into blocks.

    Raises:
        HyenaDNAError: a block is wrong (`checked`).
        OSError: a file cannot be written.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(_opened(path)) for path in paths]
        for chrom, start, values in checked(paths[0], contigs, blocks, len(paths)):
            for file, track in zip(files, values.T, strict=True):
                file.write(_lines(chrom, start, track).encode())


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that is written aside. A compressed one holds neither its name nor the time."""
    with file_written_aside(path) as aside, aside.open("wb") as file:
        if path.suffix.lower() == ".gz":
            with GzipFile("", "wb", 6, file, mtime=0) as compressed:
                yield compressed  # type: ignore[misc]
        else:
            yield file


def _lines(chrom: str, start: int, values: np.ndarray) -> str:
    there = np.flatnonzero(~np.isnan(values))
    pairs = zip((there + start).tolist(), values[there], strict=True)
    return "".join(f"{chrom}\t{base}\t{base + 1}\t{value!s}\n" for base, value in pairs)
