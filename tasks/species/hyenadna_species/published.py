"""What the paper of HyenaDNA published on species: its split by chromosome, and its figures.

The split is that of src/dataloaders/datasets/species_dataset.py of HazyResearch/hyena-dna. The
figures are those of table 4.5 of Nguyen et al. 2023, arXiv 2306.15794, in per cent of windows.
"""

from collections.abc import Iterable
from typing import NamedTuple


def numbers(text: str) -> tuple[str, ...]:
    """Return the names of chromosomes in a text such as "2 4 14-16 X": (2, 4, 14, 15, 16, X)."""
    names: list[str] = []
    for part in text.split():
        first, _, last = part.partition("-")
        names += map(str, range(int(first), int(last) + 1)) if last else [first]
    return tuple(names)


VALID = numbers("1 3 12 13")
TEST = numbers("5 7 9 10 11")
TRAIN = {
    "human": numbers("2 4 6 8 14-22 X Y"),
    "lemur": numbers("2 4 6 8 14-27 X Y"),
    "goat": numbers("2 4 6 8 14-29 X Y"),
    "sheep": numbers("2 4 6 8 14-26 X Y"),
    "pig": numbers("2 4 6 8 14-18 X Y"),
    "mouse": numbers("2 4 6 8 14-19 X"),
    "hippo": numbers("2 4 6 8 14-17 X"),
    "chimpanzee": numbers("2A 2B 4 6 8 14-22 X Y"),
    "gorilla": numbers("2A 2B 4 6 8 14-22 X Y"),
    "orangutan": numbers("2A 2B 4 6 8 14-22 X Y"),
}

SPECIES = frozenset({"human", "lemur", "mouse", "pig", "hippo"})  # of the table
NEAR = 0.1  # a length is that of a row if it differs by at most this share


class Published(NamedTuple):
    """A row of the table: accuracies in per cent; None where the paper has none."""

    length: int  # bases
    transformer: float | None
    pretrained: float
    random: float | None


TABLE = (
    Published(1_024, 55.4, 61.1, 53.9),
    Published(32_768, 88.9, 93.4, 70.7),
    Published(250_000, None, 97.9, 65.7),
    Published(450_000, None, 99.4, 71.4),
    Published(1_000_000, None, 99.5, None),
)


def published_row(species: Iterable[str], length: int) -> Published | None:
    """Return the row of the table for these species and windows of this length, or None."""
    if frozenset(species) != SPECIES:
        return None
    return next((row for row in TABLE if abs(row.length - length) <= NEAR * row.length), None)
