"""The columns of the table for people: the numbers of a row as text."""

from collections.abc import Mapping, Sequence
from typing import Any

from hyenadna_benchmarks.runner.protocols import PROTOCOLS

Row = Mapping[str, Any]
DIGITS = 3  # of a figure


def printed(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return all columns for people of the rows of the table."""
    return [
        {
            "set": row["set"],
            "model": row["contender"],
            "metric": row["metric"],
            "mean": number(row["mean"]),
            "seeds or folds": range_of(row),
            "minus k-mers": interval(row, "kmers"),
            "minus scratch": interval(row, "scratch"),
            "without leaks": number(row["mean_without_leaked"]),
            "rows": count(row["rows"]),
            "leaked": count(row["leaked"]),
            "repeats, with another label": ", ".join(
                count(row[name]) for name in ("repeats", "repeats_other_label") if row[name] is not None
            ),
            "seqleak": row["seqleak"],
            "paper": row["paper"],
            "stricter rerun": row["stricter"],
            "seconds": "" if row["seconds"] is None else f"{row['seconds']:,.0f}",
            "settings": row["settings"],
            "caution": row["caution"],
            "error": row["error"],
        }
        for row in rows
    ]


def without_empty(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return rows without the columns that are empty in all of them."""
    used = [name for name in rows[0] if any(row[name] for row in rows)]
    return [{name: row[name] for name in used} for row in rows]


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as 1 set or 2 sets."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def count(value: int | None) -> str:
    """Return a whole number as text; None is empty."""
    return "" if value is None else f"{value:,}"


def number(value: float | None) -> str:
    """Return a figure as text; None is empty."""
    return "" if value is None else f"{value:.{DIGITS}f}"


def range_of(row: Row) -> str:
    """Return the smallest and the largest of several figures; of folds, the difference of both."""
    if row["n"] < 2:
        return ""
    if PROTOCOLS[row["protocol"]].folds:
        return f"± {number(row['spread'])} (n={row['n']})"
    return f"{number(row['least'])} to {number(row['most'])} (n={row['n']})"


def interval(row: Row, key: str) -> str:
    """Return a difference with its interval, such as +0.021 [0.004, 0.038]."""
    if row[f"minus_{key}"] is None:
        return ""
    low, high = number(row[f"minus_{key}_low"]), number(row[f"minus_{key}_high"])
    return f"{row[f'minus_{key}']:+.{DIGITS}f} [{low}, {high}]"
