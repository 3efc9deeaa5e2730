"""Lines of the report: precision and recall of each species, and the figures of the paper."""

import csv
from collections.abc import Iterable
from pathlib import Path

from hyenadna_core import tab_separated
from hyenadna_species.published import VALID, published_row

SHOWN = ("precision", "recall", "f1")


def lines_of_classes(folder: Path) -> list[str]:
    """Return the figures of each species, from labels.tsv in the folder of a run.

    Of two species there is no such table: the figures and the confusion matrix have everything.
    """
    path = folder / "labels.tsv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, dialect="excel-tab"))
    table: list[tuple[str, ...]] = [("species", "windows", *SHOWN)]
    table += [(row["name"], row["positives"], *(f"{float(row[name]):.4f}" for name in SHOWN)) for row in rows]
    return ["", *tab_separated(table).splitlines()]


def lines_of_paper(species: Iterable[str], length: int) -> list[str]:
    """Return the figures of the paper for these species at this length, if it has any.

    The paper measured on the chromosomes that are for validation in the published split.
    """
    row = published_row(species, length)
    if row is None:
        return []
    figures = {"Transformer": row.transformer, "HyenaDNA": row.pretrained, "HyenaDNA from random weights": row.random}
    named = ", ".join(f"{name} {value:.1f} %" for name, value in figures.items() if value is not None)
    *others, last = VALID
    return [
        "",
        f"The paper at {row.length:,} bases, accuracy on chromosomes {', '.join(others)} and {last}, which are for "
        f"validation in the published split: {named}. To compare a run of this split with the paper, use hyenadna "
        "evaluate RUN --split valid. It is a little too high, because the best weights were chosen on it. Genomes and "
        "windows may differ.",
    ]
