"""Moving windows to another assembly of the genome, through a chain file that the user names."""

from array import array
from collections import Counter
from collections.abc import Container, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hyenadna_chromatin.contigs import name_in
from hyenadna_chromatin.coordinates import WIDTH
from hyenadna_core import HyenaDNAError, progress

AT_ONCE = 1 << 12  # windows between two advances of the progress bar


class Lifted(NamedTuple):
    """The windows that are in the other assembly.

    Attributes:
        rows: their numbers among all windows, (m,).
        names: of the contigs in the FASTA.
        codes, starts: the number of the contig and the first base of each, (m,).
        lost: the number of other windows, by reason.
    """

    rows: np.ndarray
    names: list[str]
    codes: np.ndarray
    starts: np.ndarray
    lost: Counter[str]

    @property
    def sentence(self) -> str:
        """How many windows are lost, and why."""
        total = len(self.rows) + self.lost.total()
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.lost.most_common())
        return f"{self.lost.total():,} of {total:,} windows are not in the other assembly" + (
            f": {reasons}." if reasons else "."
        )


def lifted(chain: Path, contigs: Sequence[str], codes: np.ndarray, starts: np.ndarray, fasta: Container[str]) -> Lifted:
    """Move windows of 1,000 bases; both ends must be on one contig and strand, 1,000 bases apart.

    Args:
        contigs: names by code.
        fasta: the names of the contigs of the FASTA.

    Raises:
        HyenaDNAError: the library liftover is missing, or the chain file cannot be read.
    """
    chains = open_chains(chain)
    lost: Counter[str] = Counter()
    resolved: dict[str, str | None] = {}  # the name in the FASTA, by that in the chain
    names: dict[str, int] = {}
    rows, of_contigs, firsts = array("q"), array("i"), array("q")
    with progress(f"Lifting with {chain.name}", len(starts)) as advance:
        for done in range(0, len(starts), AT_ONCE):
            part = slice(done, done + AT_ONCE)
            for row, code, start in zip(count(done), codes[part].tolist(), starts[part].tolist(), strict=False):
                ends = [chains.query(contigs[code], at) for at in (start, start + WIDTH - 1)]
                reason, name, first = _joined(*ends)
                if not reason and name not in resolved:
                    resolved[name] = name_in(fasta, name)
                own = resolved.get(name)
                if reason or own is None:
                    lost[reason or "on contigs that the FASTA lacks"] += 1
                    continue
                rows.append(row)
                of_contigs.append(names.setdefault(own, len(names)))
                firsts.append(first)
            advance(len(starts[part]))
    return Lifted(
        np.array(rows, np.int64), list(names), np.array(of_contigs, np.int32), np.array(firsts, np.int64), lost
    )


def _joined(first: list[Any], last: list[Any]) -> tuple[str, str, int]:
    """Return why two ends make no window, or "", and its contig and first base."""
    if not first or not last:
        return "with an end in no chain", "", 0
    if len(first) > 1 or len(last) > 1:
        return "with an end in several places", "", 0
    (contig, start, strand), (other_contig, end, other_strand) = first[0], last[0]
    if contig != other_contig:
        return "with ends on two contigs", "", 0
    if strand != other_strand:
        return "with ends on two strands", "", 0
    if abs(end - start) != WIDTH - 1:
        return "of another length", "", 0
    return "", contig, min(start, end)


def open_chains(path: Path) -> Any:
    """Open a chain file of UCSC, plain or compressed.

    Raises:
        HyenaDNAError: liftover is not installed, or the file is no chain file.
    """
    try:
        from liftover import ChainFile
    except ImportError:
        raise HyenaDNAError("--chain needs the library liftover: run pip install 'hyenadna-chromatin[lift]'.") from None
    try:
        chains = ChainFile(str(path))
    except Exception as error:  # of a compiled reader
        raise HyenaDNAError(f"{path} cannot be read as a chain file: {error}.") from None
    if not len(chains):
        raise HyenaDNAError(f"{path} has no chains: give a file such as hg19ToHg38.over.chain.gz.")
    return chains
