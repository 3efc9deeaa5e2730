"""The text of a summary: aligned, tab-separated or Markdown tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, fields
from typing import Any

from hyenadna_core.errors import MESSAGE, shown
from hyenadna_core.markdown import markdown_table
from hyenadna_core.terminal import tab_separated

Cells = Sequence[Sequence[str]]
HEADINGS = {"low": "95 % from", "high": "to", "se": "standard error"}
GAP = "  "


def as_text(tables: Iterable[Sequence[Any]], form: str) -> str:
    """Return tables as text, each a sequence of instances of one dataclass: a row for each.

    `form` is "table", which is aligned, or "tsv" or "markdown", which are for programs.
    """
    write, digits = FORMATS[form], 6 if form == "tsv" else 4
    return "\n\n".join(write(_cells(rows, digits)) for rows in tables if rows)


def _cells(rows: Sequence[Any], digits: int) -> Cells:
    """Return a heading for each field, and the values of each row as text."""
    headings = [HEADINGS.get(field.name, field.name) for field in fields(rows[0])]
    return [headings, *([_text(value, digits) for value in astuple(row)] for row in rows)]


def _text(value: object, digits: int) -> str:
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def _aligned(table: Cells) -> str:
    """Return columns of equal width: texts on the left, numbers on the right."""
    table = [[shown(cell, MESSAGE) for cell in row] for row in table]
    lines = []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    texts = [not _is_number(table[-1][place]) for place in range(len(widths))]
    for row in table:
        cells = [
            cell.ljust(width) if text else cell.rjust(width)
            for cell, width, text in zip(row, widths, texts, strict=True)
        ]
        lines.append(GAP.join(cells).rstrip())
    return "\n".join(lines)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


FORMATS: Mapping[str, Callable[[Cells], str]] = {"table": _aligned, "tsv": tab_separated, "markdown": markdown_table}
