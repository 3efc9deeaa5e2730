"""Files of sequences with labels, as users have them: CSV, TSV, Parquet, FASTA, BED; gzip too."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.text import size_of, suffix_of
from hyenadna_core.labelled.fasta import FASTA, fasta_records
from hyenadna_core.labelled.records import Record, Records, gather
from hyenadna_core.labelled.regions import region_records
from hyenadna_core.labelled.tables import TABLES, table_records
from hyenadna_core.terminal import Advance, progress

BED = (".bed",)


def read_labelled(
    path: str | Path,
    *,
    sequence_column: str | None = None,
    label_columns: Sequence[str] = (),
    labels: str | Path | None = None,
    fasta: str | Path | None = None,
    needs_labels: bool = True,
    empty_labels: bool = False,
) -> Records:
    """The sequences of a file and their labels, as texts.

    Args:
        sequence_column: of a table; else the first there is of sequence, seq, dna.
        label_columns: of a table; else the first there is of label, labels, target, class, y.
        labels: a table with the columns name and label, for a FASTA whose headers have none.
        fasta: the genome that a BED is of.
        needs_labels: without it, a file needs none and the records have empty tuples.
        empty_labels: whether an empty label is one, and not one that is missing.

    Raises:
        HyenaDNAError: in one line, what cannot be read in which file and row, and the way out.
    """
    path = Path(path)
    suffix = suffix_of(path)
    if suffix in (*FASTA, *BED) and (sequence_column or len(label_columns) > 0):
        raise HyenaDNAError(f"{path} has no columns to choose: leave out --sequence-column and --label-column.")

    def records(advance: Advance) -> Iterator[Record]:
        if suffix in TABLES:
            return table_records(path, advance, sequence_column, label_columns, needs_labels)
        if suffix in FASTA:
            return fasta_records(path, advance, None if labels is None else Path(labels), label_columns, needs_labels)
        if suffix in BED:
            return region_records(path, advance, None if fasta is None else Path(fasta), needs_labels)
        known = ", ".join((*TABLES, *FASTA, *BED))
        raise HyenaDNAError(f"{path} ends in {suffix or 'nothing'}: name it by what it is, {known}, or .gz of one.")

    with progress(f"Reading {path.name}", size_of(path)) as advance:
        return gather(path, records(advance), empty_labels)
