"""A set of a benchmark suite: its name, classes, metric and origin. The table has all sets."""

import csv
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from hyenadna_core import HyenaDNAError

TABLE = Path(__file__).parent / "tables" / "sets.tsv"
PUBLISHED = ("train", "dev", "test")
SUITES = ("genomic-benchmarks", "nt-original", "nt-revised", "gue")
WITH_DEV = ("gue",)  # suites with a published dev split
SHOWN = 3  # names like the one that is unknown


@dataclass(frozen=True)
class BenchmarkSet:
    """A published set of labelled sequences.

    Args:
        suite: "genomic-benchmarks", "nt-original", "nt-revised" or "gue".
        name: the name of the set in its suite, such as "human_nontata_promoters".
        folder: its folder in the published layout of the suite, such as "tf/0".
        classes: the names of the classes; a class id is a place in this order, in every split.
        metric: the metric of the published figures, by its name in the core: "accuracy", "mcc" or
            "f1", which is the mean over classes.
        rows: the number of sequences by published split: "train", "dev", "test"; some may be
            unknown.
        median_length: in bases; None if it is unknown.
        licence, source: of the data.
        sha256: of files whose content is known, by their path in the folder. It is that of the
            uncompressed file.
        description: what is told apart, for a list.
        total: the number of sequences over all splits; None if it is unknown.
        aliases: other names of the folder, in copies of the suite.
        hub: the files on the Hugging Face hub, as REPOSITORY:FILE; {split} stands for the split,
            and * for any characters.
    """

    suite: str
    name: str
    folder: str
    classes: tuple[str, ...]
    metric: str
    rows: Mapping[str, int]
    median_length: int | None
    licence: str
    source: str
    sha256: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    total: int | None = None
    aliases: tuple[str, ...] = ()
    hub: str = ""

    @property
    def full_name(self) -> str:
        """Return the name among all datasets, such as gue/tf_0."""
        return f"{self.suite}/{self.name}"

    @property
    def splits(self) -> tuple[str, ...]:
        """Return the published splits."""
        return PUBLISHED if self.suite in WITH_DEV else ("train", "test")

    @property
    def folders(self) -> tuple[str, ...]:
        """Return the folders that may have the files: the published one first."""
        return tuple(dict.fromkeys((self.folder, self.name, *self.aliases)))

    @property
    def has_names(self) -> bool:
        """Return whether the classes have names, not numbers."""
        return not all(name.isdecimal() for name in self.classes)

    def class_id(self, label: str) -> int | None:
        """Return the class of a label: the name of a class, or its place; None for another text.

        pandas writes the place 1 as 1.0 if another label of its table was missing.
        """
        if label in self.classes:
            return self.classes.index(label)
        place = label.removesuffix(".0")
        return int(place) if place.isdecimal() and int(place) < len(self.classes) else None


def sets_of(suite: str) -> dict[str, BenchmarkSet]:
    """Return the sets of a suite by name, in the order of their table."""
    return {each.name: each for each in all_sets() if each.suite == suite}


def find_set(suite: str, name: str) -> BenchmarkSet:
    """Return a set by its name, with or without the suite before it, or by another name of it.

    Raises:
        HyenaDNAError: the suite has no such set; the message has the names that are most like it.
    """
    sets = sets_of(suite)
    short = name.removeprefix(f"{suite}/")
    named = sets.get(short) or next((each for each in sets.values() if short in each.folders), None)
    if named is not None:
        return named
    if not sets:
        raise HyenaDNAError(f"Unknown suite {suite!r}: choose one of {', '.join(SUITES)}.")
    names = {each.casefold(): each for each in sets}
    like = difflib.get_close_matches(short.casefold(), names, SHOWN, cutoff=0.5)
    near = " or ".join(names[each] for each in like)
    raise HyenaDNAError(
        f"{suite} has no set {name!r}: "
        + (f"do you mean {near}? " if near else "")
        + f"`hyenadna datasets {suite}` lists its {len(sets)} sets."
    )


@cache
def all_sets() -> tuple[BenchmarkSet, ...]:
    """Return the sets of all suites, in the order of their table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(map(_of_row, csv.DictReader(file, dialect="excel-tab")))


def _of_row(row: Mapping[str, str]) -> BenchmarkSet:
    """Return the set of a line of the table; an empty field is unknown."""
    return BenchmarkSet(
        suite=row["suite"],
        name=row["name"],
        folder=row["folder"],
        classes=tuple(row["classes"].split(";")),
        metric=row["metric"],
        rows={split: int(row[split]) for split in PUBLISHED if row[split]},
        median_length=int(row["median_length"]) if row["median_length"] else None,
        licence=row["licence"],
        source=row["source"].replace(" ", ", "),
        sha256={
            f"{row['folder']}/{split}.csv": row[f"sha256_{split}"] for split in PUBLISHED if row[f"sha256_{split}"]
        },
        description=row["description"],
        total=int(row["total"]) if row["total"] else None,
        aliases=tuple(filter(None, row["aliases"].split(";"))),
        hub=row["hub"],
    )
