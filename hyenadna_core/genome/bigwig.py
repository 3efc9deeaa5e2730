"""Write BigWig files through pybigtools, and check each by reading it.

pybigtools 0.3.0 prints its errors but reports no failure, or ends abruptly. So values are checked
and kept on the disk first; then a file is written, read, and compared with them to the bit.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain, repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.files.cache import file_written_aside
from hyenadna_core.files.output import check_space
from hyenadna_core.genome.blocks import PIECE, Block, checked
from hyenadna_core.genome.contig_tree import write_contig_list
from hyenadna_plugins import reason_of

KEPT, WORKING = "values", "working.bw"  # beside a file that is being written
LONGEST = (1 << 32) - 1  # bases of a contig
FAULTS = ("PanicException", "BBIReadError", "Exception", "ValueError")  # what pybigtools and write_contig_list raise


class Run(NamedTuple):
    """Consecutive bases whose values are kept from `row` of a file on."""

    chrom: str
    start: int
    end: int
    row: int


def write_bigwig(path: str | Path, contigs: Mapping[str, int], blocks: Iterable[Block]) -> None:
    """Write the values of a genome, in its order, as a BigWig: see `write_bigwigs`."""
    write_bigwigs([Path(path)], contigs, blocks)


def write_bigwigs(paths: Sequence[Path], contigs: Mapping[str, int], blocks: Iterable[Block]) -> None:
    """Write a BigWig for each track of the blocks.

    NaN is not written. Contigs without values are listed too. The same values give the same bytes,
    however they are cut into blocks.
    Needs 4 bytes for each base and track on the disk of the first file until it ends.

    Raises:
        HyenaDNAError: pybigtools is not installed or fails, a contig is too long, a track has no
            value at all, or a block is wrong (`checked`).
        OSError: a file cannot be written.
    """
    pybigtools = import_pybigtools(paths[0])
    for chrom, length in contigs.items():
        if length > LONGEST:
            raise HyenaDNAError(
                f"{paths[0]}: '{shown(chrom)}' has {length:,} bases, but a BigWig holds {LONGEST:,}: write .parquet."
            )
    with ExitStack() as stack:
        asides = [stack.enter_context(file_written_aside(path)) for path in paths]
        kept = asides[0].with_name(KEPT)
        runs = _keep(kept, checked(paths[0], contigs, blocks, len(paths)))
        for track, (path, aside) in enumerate(zip(paths, asides, strict=True)):
            values = _Kept(kept, runs, len(paths), track)
            working = aside.with_name(WORKING)  # pybigtools refuses other suffixes, also .BIGWIG
            if fault := _write(pybigtools, path, working, contigs, values):
                check_space(working.parent)
                raise HyenaDNAError(
                    f"pybigtools could not write {path} ({fault}): check the free space of its folder and of "
                    f"{tempfile.gettempdir()}; nothing was written."
                )
            working.replace(aside)


def import_pybigtools(path: Path) -> Any:
    """Import pybigtools; if it is missing, raise a HyenaDNAError that names the extra."""
    try:
        import pybigtools
    except ImportError:
        raise HyenaDNAError(
            f"{path} is a BigWig, which needs pybigtools: run pip install 'hyenadna[bigwig]'."
        ) from None
    return pybigtools


def _keep(file: Path, blocks: Iterable[Block]) -> list[Run]:
    """Write the values of blocks to a file, and return where they are."""
    runs: list[Run] = []
    row = 0
    with file.open("wb") as kept:
        for chrom, start, values in blocks:
            kept.write(np.ascontiguousarray(values).data)
            end, before = start + len(values), runs[-1] if runs else None
            if before and (before.chrom, before.end) == (chrom, start):
                runs[-1] = before._replace(end=end)
            else:
                runs.append(Run(chrom, start, end, row))
            row += len(values)
    return runs


class _Kept:
    """One track of the kept values; each iteration reads it from the disk again."""

    def __init__(self, file: Path, runs: Sequence[Run], tracks: int, track: int) -> None:
        self.file, self.runs, self.tracks, self.track = file, runs, tracks, track

    def __iter__(self) -> Iterator[Block]:
        row_bytes = 4 * self.tracks
        for chrom, start, end, row in self.runs:
            for first in range(start, end, PIECE):
                rows = min(PIECE, end - first)
                offset = (row + first - start) * row_bytes
                values = np.fromfile(self.file, np.float32, rows * self.tracks, offset=offset)
                yield Block(chrom, first, values.reshape(rows, self.tracks)[:, self.track])


def _write(pybigtools: Any, path: Path, working: Path, contigs: Mapping[str, int], blocks: Iterable[Block]) -> str:
    """Write one BigWig and read it; return what is wrong with it, or "" if nothing is."""
    counts: dict[str, int] = {}
    stopped: list[BaseException] = []
    try:
        with _silent():
            intervals = chain.from_iterable(_intervals(blocks, counts, stopped))
            pybigtools.open(str(working), "w").write(dict(contigs), intervals)
            if counts and not stopped:
                write_contig_list(working, contigs, list(counts))
                return _difference(pybigtools, working, contigs, blocks, sum(counts.values()))
    except BaseException as error:  # a panic is no Exception
        if type(error).__name__ not in FAULTS:
            raise
        return reason_of(error)
    if stopped:
        raise stopped[0]
    raise HyenaDNAError(f"{path}: no base has a value, and a BigWig cannot be empty: choose other bases.")


def _intervals(
    blocks: Iterable[Block], counts: dict[str, int], stopped: list[BaseException]
) -> Iterator[Iterable[tuple[str, int, int, float]]]:
    """Yield (contig, start, end, value) of the bases of each block that have a value.

    Args:
        counts: gets the number of values of each contig that has some.
        stopped: gets the exception that ends the blocks, such as Ctrl-C: pybigtools would lose it.
    """
    try:
        for chrom, start, values in blocks:
            there = np.flatnonzero(~np.isnan(values))
            if len(there):
                counts[chrom] = counts.get(chrom, 0) + len(there)
                starts = there + start
                yield zip(repeat(chrom), starts.tolist(), (starts + 1).tolist(), values[there].tolist())
    except BaseException as error:
        stopped.append(error)


def _difference(pybigtools: Any, path: Path, contigs: Mapping[str, int], blocks: Iterable[Block], count: int) -> str:
    """Return how a BigWig differs from the values that it was made from, or ""."""
    with pybigtools.open(str(path)) as reader:
        if reader.chroms() != contigs:
            return "its list of contigs is not that of the genome"
        if (covered := reader.info()["summary"]["basesCovered"]) != count:
            return f"it has {covered:,} of {count:,} values"
        for chrom, start, values in blocks:
            end = start + len(values)
            read = reader.values(chrom, start, end, fillna=None).astype(np.float32)
            same = (read.view(np.int32) == values.view(np.int32)) | (np.isnan(read) & np.isnan(values))
            if not same.all():
                return f"{shown(chrom)}:{start + int(same.argmin()) + 1:,} has another value"
    return ""


@contextmanager
def _silent() -> Iterator[None]:
    """Drop what native code prints on stdout and stderr."""
    copies = {}
    with Path(os.devnull).open("wb") as nowhere:
        try:
            for descriptor in (1, 2):
                with suppress(OSError):  # it is closed
                    copies[descriptor] = os.dup(descriptor)
                    os.dup2(nowhere.fileno(), descriptor)
            yield
        finally:
            for descriptor, copy in copies.items():
                os.dup2(copy, descriptor)
                os.close(copy)
