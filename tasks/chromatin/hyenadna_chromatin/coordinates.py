"""Coordinate tables: Chr_No, Start and End of windows of 1,000 bases, and a column a label."""

import re
from array import array
from pathlib import Path

import numpy as np

from hyenadna_chromatin.keeper import Keeper
from hyenadna_chromatin.kept_rows import KeptRows, is_kept, kept_folder
from hyenadna_chromatin.label_set import PREFIX, LabelSet
from hyenadna_core import HyenaDNAError, open_table, progress, table_columns
from hyenadna_core.errors import shown

WIDTH = 1_000  # bases of a row of the table
AT_ONCE = 1 << 12  # rows
NUMBERED = (*(f"chr{number}" for number in range(1, 23)), "chrX", "chrY")  # by Chr_No, which counts from 0
WHOLE = re.compile(r"\s*-?[0-9]{1,12}\s*")  # what fits into the keys of `windows.overlapping`
FRACTION = re.compile(r"(?<=[0-9])\.0+$")  # of a whole number in a column of floats
DIGITS = frozenset("01")
VALUES = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}


def read_coordinates(path: Path, labels: LabelSet) -> KeptRows:
    """Read a coordinate table once, and keep its rows in the cache.

    The facts of the rows are `contigs`, the names by number. `codes` has the number of each row.

    Raises:
        HyenaDNAError: the table lacks a column, has other labels, both numbers and names of
            chromosomes, or a faulty row.
    """
    folder = kept_folder(path, "coordinates", labels.names)
    if not is_kept(folder):
        _keep(path, labels, folder)
    return KeptRows(folder)


def label_columns(path: Path) -> list[str]:
    """Return the names of the columns `y_...` of a table."""
    return [name for name in table_columns(path) if name.startswith(PREFIX)]


def _keep(path: Path, labels: LabelSet, folder: Path) -> None:
    contigs: dict[str, int] = {}
    codes, starts = array("i"), array("q")
    with (
        progress(f"Reading {path.name}", path.stat().st_size) as advance,
        Keeper(folder, len(labels.names)) as keeper,
    ):
        table = open_table(path, advance)
        places = [table.find(name, (name,)) for name in ("Chr_No", "Start", "End")]
        columns = [number for number, name in enumerate(table.columns) if name.startswith(PREFIX)]
        order = labels.order_of([table.columns[number] for number in columns], path)
        block = np.empty((AT_ONCE, len(order)), np.uint8)
        filled, numbered = 0, None
        for number, texts in enumerate(table.rows([*places, *(columns[place] for place in order)]), start=1):
            where = f"{path}, row {number}"
            fields = (*(FRACTION.sub("", text) for text in texts[:3]), *texts[3:])
            name, start = _window(fields, where)
            if numbered not in (None, fields[0].isdecimal()):
                raise HyenaDNAError(
                    f"{where}: Chr_No is {shown(fields[0])}, and the rows above have "
                    f"{'numbers' if numbered else 'names'}: numbers count from 0, so 22 is chrX: write numbers in all "
                    "rows, or names such as chr8 in all."
                )
            numbered = fields[0].isdecimal()
            codes.append(contigs.setdefault(name, len(contigs)))
            starts.append(start)
            block[filled] = _values(fields[3:], labels, where)
            filled += 1
            if filled == AT_ONCE:
                keeper.add(block)
                filled = 0
        if not codes:
            raise HyenaDNAError(f"{path} has no rows below its first line: give a table with windows.")
        keeper.add(block[:filled])
        keeper.close_with({"contigs": list(contigs)}, codes=np.array(codes, np.int32), starts=np.array(starts))


def _window(fields: tuple[str, ...], where: str) -> tuple[str, int]:
    """Return the contig and the first base of a row."""
    contig, *places = fields[:3]
    if not all(WHOLE.fullmatch(text) for text in places):
        raise HyenaDNAError(
            f"{where}: Start and End are {shown(' and '.join(places))}: they must be whole numbers of at most 12 "
            "digits."
        )
    start, end = map(int, places)
    if end - start != WIDTH:
        hint = ": if they count from 1, subtract 1 from Start" if end - start == WIDTH - 1 else ""
        raise HyenaDNAError(
            f"{where}: {start:,} to {end:,} are {end - start:,} bases, and each window has {WIDTH:,}, from 0 and "
            f"half-open{hint or ': make it so'}."
        )
    return contig_of(contig, where), start


def contig_of(text: str, where: str) -> str:
    """Return the name of a contig: a number counts from 0, so 7 is chr8; a name stays.

    Raises:
        HyenaDNAError: the number is not that of a human chromosome, or there is no name.
    """
    if text.isdecimal() and len(text) < 9 and int(text) < len(NUMBERED):
        return NUMBERED[int(text)]
    if not text or text.lstrip("+-").replace(".", "", 1).isdecimal():
        raise HyenaDNAError(
            f"{where}: Chr_No is {shown(text) or 'empty'}: it counts from 0, so 0 is chr1, 22 is chrX and 23 is chrY; "
            "or write a name, such as chr8."
        )
    return text


def _values(texts: tuple[str, ...], labels: LabelSet, where: str) -> np.ndarray:
    """Return the labels of a row: (K,) uint8."""
    if DIGITS.issuperset(texts):
        return np.frombuffer("".join(texts).encode(), np.uint8) - ord("0")
    values = [VALUES.get(text.casefold(), -1) for text in texts]
    if -1 in values:
        label = values.index(-1)
        raise HyenaDNAError(
            f"{where}: the label {labels.names[label]} is {shown(texts[label]) or 'empty'}: write 0 or 1."
        )
    return np.array(values, np.uint8)
