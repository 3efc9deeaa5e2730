"""BED files with a label in column 4. The bases come from a genome."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.genome.fasta import Genome, open_genome
from hyenadna_core.genome.intervals import Interval, bed_lines, interval_of
from hyenadna_core.labelled.records import Record
from hyenadna_core.terminal import Advance

STRANDS = ("+", "-", ".")
COMPLEMENT = bytes.maketrans(b"ACGTUacgtuRYKMBDHVrykmbdhv", b"TGCAAtgcaaYRMKVHDByrmkvhdb")  # W, S and N are their own


class Region(NamedTuple):
    """A line of a BED file: its interval, its bases on its strand, and its columns."""

    interval: Interval
    strand: str
    bases: bytes
    columns: Sequence[str]

    @property
    def place(self) -> str:
        """The place as text: chrom:start-end, with (-) for the reverse strand."""
        where = f"{self.interval.chrom}:{self.interval.start}-{self.interval.end}"
        return where + ("(-)" if self.strand == "-" else "")


def region_records(path: Path, advance: Advance, fasta: Path | None, needs_labels: bool) -> Iterator[Record]:
    """Read the sequences of a BED file's intervals, named chrom:start-end.

    If column 6 is "-", the sequence is the reverse complement.

    Raises:
        HyenaDNAError: no genome is given, or a line is not an interval of this genome.
    """
    if fasta is None:
        raise HyenaDNAError(f"{path} has intervals but no bases: give its genome with --fasta.")
    for place, region in regions(path, advance, open_genome(fasta)):
        columns = region.columns
        if needs_labels and len(columns) < 4:
            raise HyenaDNAError(
                f"{place}: expected contig, start, end and label in columns 1 to 4, found '{shown(' '.join(columns))}'."
            )
        yield Record(region.place, region.bases, (columns[3].strip(),) if needs_labels else ())


def regions(path: Path, advance: Advance, genome: Genome) -> Iterator[tuple[str, Region]]:
    """Read the lines of a BED file with their bases: (place for messages, region).

    Raises:
        HyenaDNAError: a line is not an interval of this genome.
    """
    for place, columns in bed_lines(path, advance):
        interval = interval_of(columns, "", place, genome)
        strand = columns[5].strip() if len(columns) > 5 else "."
        if strand not in STRANDS:
            raise HyenaDNAError(
                f"{place}: column 6 is '{shown(strand)}', expected the strand: one of {', '.join(STRANDS)}."
            )
        bases = genome.read(interval.chrom, interval.start, interval.end).tobytes()
        if strand == "-":
            bases = bases.translate(COMPLEMENT)[::-1]
        yield place, Region(interval, strand, bases, columns)
