"""Rows of results as files: tab-separated tables and tables in Markdown."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from hyenadna_core import file_written_aside

Row = Mapping[str, Any]  # text, numbers and None by the names of columns
DIGITS = 4  # of a share or a score in Markdown


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows with the same keys as a tab-separated table; None is an empty cell."""
    with file_written_aside(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), dialect="excel-tab", lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _exact(value) for name, value in row.items()} for row in rows)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines of text; each gets its end."""
    with file_written_aside(path) as aside:
        aside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def markdown(rows: Sequence[Row]) -> list[str]:
    """Return the lines of a table in Markdown, with numbers on the right."""
    names = list(rows[0])
    numeric = [all(isinstance(row[name], int | float | None) for row in rows) for name in names]
    lines = [names, ["---:" if right else "---" for right in numeric]]
    lines += [[_short(row[name]) for name in names] for row in rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def _exact(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


def _short(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{DIGITS}f}"
    return f"{value:,}" if type(value) is int else in_cell(str(value))


def in_cell(text: str) -> str:
    """Return text that stays in a cell of Markdown and is no HTML."""
    return " ".join(escape(text, quote=False).replace("|", "\\|").split())
