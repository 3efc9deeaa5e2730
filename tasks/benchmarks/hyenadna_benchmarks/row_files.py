"""Rows of results as files: tab-separated tables and tables in Markdown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hyenadna_core import file_written_aside, markdown_table, tab_separated

Row = Mapping[str, Any]  # text, numbers and None by the names of columns
DIGITS = 4  # of a share or a score in Markdown


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows with the same keys as a tab-separated table; None is an empty cell.

    Without rows the file is empty.
    """
    write_lines(path, [tab_separated(_cells(rows, _exact))] if rows else [])


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines of text; each gets its end."""
    with file_written_aside(path) as aside:
        aside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")


def markdown(rows: Sequence[Row]) -> str:
    """Return a table in Markdown, with numbers on the right; without rows it is empty."""
    names = enumerate(rows[0] if rows else ())
    right = [column for column, name in names if all(isinstance(row[name], int | float | None) for row in rows)]
    return markdown_table(_cells(rows, _short), right)


def _cells(rows: Sequence[Row], as_text: Callable[[Any], str]) -> list[list[str]]:
    """Return the names of columns, and the cells of each row as text."""
    if not rows:
        return []
    names = list(rows[0])
    return [names, *([as_text(row[name]) for name in names] for row in rows)]


def _exact(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.{DIGITS}f}"
    return f"{value:,}" if type(value) is int else _exact(value)
