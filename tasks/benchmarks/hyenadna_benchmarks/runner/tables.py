"""The tables of this distribution: tab-separated files with a header."""

import csv
from importlib.resources import files


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a table by the names of its columns."""
    text = files("hyenadna_benchmarks").joinpath("tables", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))
