"""The rows of a coordinate table: windows of a genome, read when they are needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_chromatin.contigs import names_in_fasta
from hyenadna_chromatin.coordinates import WIDTH
from hyenadna_chromatin.kept_lift import lifted_once
from hyenadna_chromatin.kept_rows import KeptRows
from hyenadna_chromatin.lift import Lifted
from hyenadna_core import HyenaDNAError

N = ord("N")
FOLD_BASES = 10_000_000  # of a group of windows that stay together in folds


class Windows:
    """Windows of a genome with their labels; a window is widened symmetrically to `window` bases.

    Args:
        genome: of `open_genome`.
        kept: the rows of the table.
        window: bases of a row. Bases before the start or after the end of a contig are N.
        table: the path of the table, for messages.
        chain: a chain file, if the genome is another assembly than that of the table.

    Raises:
        HyenaDNAError: a contig is not in the genome, or a window is not on its contig.
    """

    def __init__(self, genome: Any, kept: KeptRows, window: int, table: Path, chain: Path | None = None) -> None:
        self.genome, self.kept, self.window_bases, self.table, self.chain = genome, kept, window, table, chain
        contigs: Sequence[str] = kept.facts["contigs"]
        self.lifted: Lifted | None = None
        if chain:
            self.lifted = lifted_once(chain, kept, genome.contigs)
            names, codes, self.starts, self.records = (
                self.lifted.names,
                self.lifted.codes,
                self.lifted.starts,
                self.lifted.rows,
            )
            if not len(self.records):
                raise HyenaDNAError(f"{table}: {self.lifted.sentence[:-1]}: is {chain} the chain file of this table?")
        else:
            names, codes, self.starts = names_in_fasta(genome, contigs, table), kept.codes, kept.starts
            self.records = np.arange(len(kept), dtype=np.uint32)
        self.contigs = list(genome.contigs)
        numbers = {name: number for number, name in enumerate(self.contigs)}
        self.of_contigs = np.array([numbers[name] for name in names], np.int32)[codes]
        self._check_places()
        self.lengths = np.broadcast_to(window, len(self.starts))
        moved = "" if self.lifted is None else f" {self.starts.sum()} {self.records.sum()}"
        self.checksum = f"{genome.sha256} {kept.checksum} {window}{moved}"

    def _check_places(self) -> None:
        ends = np.array(list(self.genome.contigs.values()))[self.of_contigs]
        outside = np.flatnonzero((self.starts < 0) | (self.starts + WIDTH > ends))
        if len(outside):
            first = int(outside[0])
            way_out = (
                "give the genome of the table, or --chain FILE; a number in Chr_No counts from 0, so 0 is chr1."
                if self.chain is None
                else f"the FASTA is not the assembly to which {self.chain} leads: give that one."
            )
            raise HyenaDNAError(
                f"{self.table}, row {int(self.records[first]) + 1}: {self.name(first)} is not on the contig, which has "
                f"{ends[first]:,} bases in {self.genome.path} ({len(outside):,} such rows): {way_out}"
            )

    def __len__(self) -> int:
        return len(self.starts)

    def name(self, index: int) -> str:
        """Return the place of the labelled 1,000 bases."""
        start = int(self.starts[index])
        return f"{self.contigs[self.of_contigs[index]]}:{start}-{start + WIDTH}"

    def row(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the bases, (window,), and the labels, (K,), of a row."""
        first = int(self.starts[index]) - (self.window_bases - WIDTH) // 2
        bases = bases_between(self.genome, self.contigs[self.of_contigs[index]], first, first + self.window_bases)
        return bases, self.kept.labels_of(int(self.records[index]))

    def on(self, names: Sequence[str]) -> np.ndarray:
        """Return the numbers of the rows on some contigs of the genome."""
        wanted = np.isin(self.contigs, names)
        return np.flatnonzero(wanted[self.of_contigs])

    def groups(self, indices: np.ndarray) -> np.ndarray:
        """Return the group of each row, (m,), for folds: ten million bases of a contig."""
        groups: np.ndarray = self.of_contigs[indices] * (1 << 16) + self.starts[indices] // FOLD_BASES
        return groups


def bases_between(genome: Any, contig: str, first: int, last: int) -> np.ndarray:
    """Read bases first to last of a contig, which may lie outside of it; there they are N: (n,)."""
    start, end = max(0, first), min(genome.contigs[contig], last)
    if (start, end) == (first, last):
        bases: np.ndarray = genome.read(contig, first, last)
        return bases
    padded = np.full(last - first, N, np.uint8)
    if start < end:
        padded[start - first : end - first] = genome.read(contig, start, end)
    return padded


def overlapping(ours: Windows, own: np.ndarray, others: Windows, theirs: np.ndarray) -> int:
    """Count the rows of `ours` whose window shares bases with a window of `others`.

    Args:
        own, theirs: the numbers of the rows.
    """
    window = ours.window_bases
    keys = np.sort(_keys(others, theirs))
    at = _keys(ours, own)
    right = np.searchsorted(keys, at)
    before, after = keys[np.maximum(right - 1, 0)], keys[np.minimum(right, len(keys) - 1)]
    return int(((np.abs(at - before) < window) | (np.abs(after - at) < window)).sum())


def _keys(windows: Windows, rows: np.ndarray) -> np.ndarray:
    keys: np.ndarray = windows.of_contigs[rows].astype(np.int64) * (1 << 40) + windows.starts[rows]
    return keys
