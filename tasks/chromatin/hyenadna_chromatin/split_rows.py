"""How many rows each split has, and what is wrong if one has none."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hyenadna_core import HyenaDNAError
from hyenadna_core.errors import first_names


def row_counts(counts: Mapping[str, int]) -> str:
    """Return a sentence with the number of rows of each split."""
    return f"Rows: {', '.join(f'{count:,} {split}' for split, count in counts.items())}."


def without_rows(
    counts: Mapping[str, int], asked: Mapping[str, Sequence[str]], on_contigs: Mapping[str, int], table: Path
) -> list[str]:
    """Return a sentence for each split of a table that has no rows.

    Args:
        counts: the rows of each split.
        asked: the chromosomes for validation and test.
        on_contigs: the rows of the table on each contig that has any.

    Raises:
        HyenaDNAError: no row is for training, or none is for validation and none for test.
    """
    places = {split: f"{', '.join(names)} ({split})" for split, names in asked.items()}
    there = first_names(f"{name} ({count:,} rows)" for name, count in on_contigs.items())
    files = "divide its rows into files, and give --train, --valid and --test."
    if not counts["train"]:
        raise HyenaDNAError(
            f"No row is for training: {table} has {there}, and these are for validation or test: "
            + ("name fewer with --valid-contig and --test-contig." if len(on_contigs) > 1 else files)
        )
    if not counts["valid"] and not counts["test"]:
        raise HyenaDNAError(
            f"No row is on {' or on '.join(places.values())}; {table} has {there}: "
            + ("give --valid-contig and --test-contig." if len(on_contigs) > 1 else files)
        )
    return [
        f"No row is on {place}; {table} has {there}: --{split}-contig names others."
        for split, place in places.items()
        if not counts[split]
    ]
