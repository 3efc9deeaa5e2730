"""The files of the table: table.tsv, table.md, and table.html, which needs no network."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from hyenadna_benchmarks.report.picture import picture
from hyenadna_benchmarks.report.published import Published, of_set
from hyenadna_benchmarks.report.rows import interval, number, range_of, table_rows
from hyenadna_benchmarks.runner import recipes
from hyenadna_benchmarks.runner.plan import Plan
from hyenadna_benchmarks.runner.protocols import PROTOCOLS
from hyenadna_benchmarks.runner.suites import SUITES
from hyenadna_core import file_written_aside

Row = Mapping[str, Any]
NOTES = (
    "Figures are of the whole test split. Several seeds or folds: their mean, with the smallest and the largest.",
    "A difference is that of the means, with a 95 % interval by the paired bootstrap over test rows (1,000 rounds): it "
    "does not contain the spread over seeds.",
    "Without leaks: the figure without test rows that repeat, or nearly repeat, a row of train or dev, either strand.",
    "Published figures were measured on other splits, by other protocols and sometimes with other metrics, which stand "
    "beside them. The protocol of the paper selects on test.",
)
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 78rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top; }
th { border-bottom: 2px solid #888; } td.number { text-align: right; } tr.first td { border-top: 2px solid #888; }
.error, .caution { color: #a4262c; } .small { color: #555; font-size: 13px; } div.wide { overflow-x: auto; }
"""


def write_report(plan: Plan, out: Path) -> list[dict[str, Any]]:
    """Write the three files from what is in the folder, and return the rows of the table."""
    rows = table_rows(plan, out)
    for name, text in (
        ("table.tsv", tsv(rows)),
        ("table.md", markdown(plan, rows)),
        ("table.html", html(plan, rows)),
    ):
        with file_written_aside(out / name) as aside:
            aside.write_text(text, encoding="utf-8")
    return rows


def tsv(rows: Sequence[Row]) -> str:
    """Return all columns as tab-separated lines."""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), dialect="excel-tab", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def columns(row: Row) -> dict[str, str]:
    """Return the columns of the table for people."""
    return {
        "set": row["set"],
        "model": row["contender"],
        "metric": row["metric"],
        "mean": number(row["mean"]),
        "seeds or folds": range_of(row),
        "minus k-mers": interval(row, "kmers"),
        "minus scratch": interval(row, "scratch"),
        "without leaks": number(row["mean_without_leaked"]),
        "rows": "" if row["rows"] is None else f"{row['rows']:,}",
        "leaked": "" if row["leaked"] is None else f"{row['leaked']:,}",
        "paper": row["paper"],
        "stricter rerun": row["stricter"],
        "seconds": "" if row["seconds"] is None else f"{row['seconds']:,.0f}",
        "settings": row["settings"],
        "caution": row["caution"],
        "error": row["error"],
    }


def for_people(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return the rows of the table for people, without columns that are empty in all rows."""
    all_columns = [columns(row) for row in rows]
    used = [name for name in all_columns[0] if any(row[name] for row in all_columns)]
    return [{name: row[name] for name in used} for row in all_columns]


def about(plan: Plan) -> list[str]:
    """Return sentences on how the table was made."""
    protocol = PROTOCOLS[plan.protocol]
    given = f"; {recipes.text_of(plan.options)}" if plan.options else ""
    sweep = f" Options were chosen from {plan.trials} trials, on validation alone." if plan.trials else ""
    audit = "" if plan.audit else " The splits were not audited."
    return [
        f"Protocol {plan.protocol}: {protocol.sentence}.",
        f"Recipe {plan.recipe}{given}.{sweep}{audit} {plan.backend}, {plan.threads} thread(s) a process.",
    ]


def markdown(plan: Plan, rows: Sequence[Row]) -> str:
    """Return the table and the published figures as Markdown."""
    title = SUITES[plan.suite].title
    parts = [f"# {title}", *about(plan), _pipes(for_people(rows)), *(f"- {note}" for note in NOTES)]
    if other := published_rows(plan):
        parts += ["## Published figures", _pipes(other)]
    return "\n\n".join(parts) + "\n"


def published_rows(plan: Plan) -> list[dict[str, str]]:
    """Return all published figures of the sets of a plan."""

    def row(each: Published) -> dict[str, str]:
        spread = "" if each.spread is None else f"{each.spread:.3f}"
        figure = f"{each.value:.3f}"
        return {
            "set": each.set,
            "model": each.model,
            "metric": each.metric,
            "value": figure,
            "largest minus smallest": spread,
            "protocol": "paper, selects on test" if each.protocol == "paper" else each.protocol,
            "source": each.source,
        }

    return [row(each) for name in plan.sets for each in of_set(plan.suite, name)]


def _pipes(rows: Sequence[Mapping[str, str]]) -> str:
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def _cell(text: str) -> str:
    """Return text that stays in a cell of Markdown."""
    return " ".join(escape(text, quote=False).replace("|", "\\|").split())


def html(plan: Plan, rows: Sequence[Row]) -> str:
    """Return a page with the picture and all tables; it loads nothing."""
    title = escape(SUITES[plan.suite].title)
    parts = [
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>',
        f"<h1>{title}</h1>",
        *(f"<p>{escape(sentence)}</p>" for sentence in about(plan)),
        picture(plan, rows),
        _html_table(for_people(rows)),
        *(f'<p class="small">{escape(note)}</p>' for note in NOTES),
    ]
    if other := published_rows(plan):
        parts += ["<h2>Published figures</h2>", _html_table(other)]
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _html_table(rows: Sequence[Mapping[str, str]]) -> str:
    lines, last = ["".join(f"<th>{escape(name)}</th>" for name in rows[0])], None
    body = []
    for row in rows:
        first = ' class="first"' if row["set"] != last else ""
        last = row["set"]
        cells = "".join(f"<td{_class(name, text)}>{escape(text)}</td>" for name, text in row.items())
        body.append(f"<tr{first}>{cells}</tr>")
    return f'<div class="wide"><table><tr>{lines[0]}</tr>\n' + "\n".join(body) + "</table></div>"


def _class(name: str, text: str) -> str:
    kind = name if name in ("error", "caution") else "number" if re.match(r"[+-]?[0-9]", text) else ""
    return f' class="{kind}"' if kind else ""
