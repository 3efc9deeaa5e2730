"""The labels of a profile: their names in order, and the group of each."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hyenadna_core import HyenaDNAError, open_table
from hyenadna_core.errors import first_names, shown

TABLES = Path(__file__).parent / "tables"
DEEPSEA = TABLES / "deepsea_919_labels.tsv"
PREFIX = "y_"  # of the columns with labels in a coordinate table


class LabelSet(NamedTuple):
    """The names of K labels, all different, and the group of each, or no groups."""

    names: tuple[str, ...]
    groups: tuple[str, ...]

    def order_of(self, columns: list[str], path: Path) -> list[int]:
        """Return the place among `columns` of each label: (K,).

        Columns that have the names of all labels, with `y_` before each, are found by name. If none
        has the name of a label, they are taken in their order.

        Raises:
            HyenaDNAError: there are fewer or more columns than labels, two columns have one name,
                or only some have the name of a label.
        """
        if len(columns) != len(self.names):
            raise HyenaDNAError(
                f"{path} has {len(columns):,} columns {PREFIX}..., and there are {len(self.names):,} labels: give the "
                "table of these labels, or name its own with --labels FILE."
            )
        if repeated := [column for column, count in Counter(columns).items() if count > 1]:
            raise HyenaDNAError(f"{path} has several columns of one name: {first_names(repeated)}: name each once.")
        places = {column.removeprefix(PREFIX): place for place, column in enumerate(columns)}
        missing = [name for name in self.names if name not in places]
        if not missing:
            return [places[name] for name in self.names]
        if len(missing) < len(self.names):
            names = set(self.names)
            unknown = next(name for name in places if name not in names)
            raise HyenaDNAError(
                f"{path} has the column {shown(PREFIX + unknown)}, which is no label, and lacks "
                f"{shown(PREFIX + missing[0])}: name all columns after the labels, or none."
            )
        return list(range(len(columns)))

    def pairing(self, columns: list[str]) -> str:
        """Return a sentence that says how `order_of` finds the labels among these columns."""
        if PREFIX + self.names[0] in columns:
            return f"the columns {PREFIX}... are found by the names of the labels."
        pairs = first_names(f"{column} = {name}" for column, name in zip(columns, self.names, strict=True))
        return f"no column {PREFIX}... has the name of a label: they are taken in the order of the labels: {pairs}."


@cache
def deepsea_labels() -> LabelSet:
    """Return the 919 labels of DeepSEA in their published order, named cell|assay|treatment.

    If several experiments have one name, the later ones have their number behind it.
    """
    rows = [line.split("\t") for line in DEEPSEA.read_text(encoding="utf-8").splitlines()[1:]]
    return LabelSet(numbered("|".join(row[1:4]) for row in rows), tuple(row[4] for row in rows))


def numbered(names: Iterable[str]) -> tuple[str, ...]:
    """Make names different: the second `K562|CTCF|None` is `K562|CTCF|None #2`."""
    counts: Counter[str] = Counter()
    different = []
    for name in names:
        counts[name] += 1
        different.append(name if counts[name] == 1 else f"{name} #{counts[name]}")
    return tuple(different)


def read_label_set(path: Path) -> LabelSet:
    """Read the names of labels from a table with the column name, and maybe a column group.

    Raises:
        HyenaDNAError: the table has no names, or a label has no name, or two have one.
    """
    table = open_table(path, lambda done: None)
    wanted = [table.find(None, ("name", "label"))]
    group = table.find_usual(("group",))
    rows = list(table.rows(wanted if group is None else [*wanted, group]))
    names = tuple(row[0] for row in rows)
    if not names or not all(names):
        raise HyenaDNAError(f"{path}: row {names.index('') + 1 if names else 1} has no name: name each label.")
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise HyenaDNAError(f"{path} has labels of one name: {first_names(repeated)}: name each once.")
    groups = () if group is None else tuple(row[1] for row in rows)
    if not all(groups):
        raise HyenaDNAError(f"{path}: row {groups.index('') + 1} has no group: name one for each label, or for none.")
    return LabelSet(names, groups)
