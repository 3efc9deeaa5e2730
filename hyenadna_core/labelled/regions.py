"""BED files with a label in column 4. The bases come from a genome."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError, shown
from hyenadna_core.genome.fasta import Genome, open_genome
from hyenadna_core.genome.intervals import bed_lines, interval_of
from hyenadna_core.labelled.records import Record
from hyenadna_core.terminal import Advance

STRANDS = ("+", "-", ".")
COMPLEMENT = bytes.maketrans(b"ACGTUacgtuRYKMBDHVrykmbdhv", b"TGCAAtgcaaYRMKVHDByrmkvhdb")  # W, S and N are their own


def region_records(path: Path, advance: Advance, fasta: Path | None, needs_labels: bool) -> Iterator[Record]:
    """Read the sequences of a BED file's intervals, named chrom:start-end.

    If column 6 is "-", the sequence is the reverse complement.

    Raises:
        HyenaDNAError: no genome is given, or a line is not an interval of this genome.
    """
    if fasta is None:
        raise HyenaDNAError(f"{path} has intervals but no bases: give its genome with --fasta.")
    genome = open_genome(fasta)
    for place, columns in bed_lines(path, advance):
        yield _record(columns, place, genome, needs_labels)


def _record(columns: Sequence[str], place: str, genome: Genome, needs_labels: bool) -> Record:
    if needs_labels and len(columns) < 4:
        raise HyenaDNAError(
            f"{place}: expected contig, start, end and label in columns 1 to 4, found '{shown(' '.join(columns))}'."
        )
    interval = interval_of(columns, "", place, genome)
    strand = columns[5].strip() if len(columns) > 5 else "."
    if strand not in STRANDS:
        raise HyenaDNAError(
            f"{place}: column 6 is '{shown(strand)}', expected the strand: one of {', '.join(STRANDS)}."
        )
    bases = genome.read(interval.chrom, interval.start, interval.end).tobytes()
    if strand == "-":
        bases = bases.translate(COMPLEMENT)[::-1]
    name = f"{interval.chrom}:{interval.start}-{interval.end}" + ("(-)" if strand == "-" else "")
    return Record(name, bases, (columns[3].strip(),) if needs_labels else ())
