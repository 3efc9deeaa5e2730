"""The files of the table: table.tsv, table.md, and table.html, which needs no network."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from hyenadna_benchmarks import row_files
from hyenadna_benchmarks.report import PERCENT, ROUNDS
from hyenadna_benchmarks.report.columns import printed, without_empty
from hyenadna_benchmarks.report.picture import picture
from hyenadna_benchmarks.report.published import Published, of_set
from hyenadna_benchmarks.report.rows import table_rows
from hyenadna_benchmarks.row_files import write_lines, write_rows
from hyenadna_benchmarks.runner import recipes
from hyenadna_benchmarks.runner.plan import Plan
from hyenadna_benchmarks.runner.protocols import PROTOCOLS
from hyenadna_benchmarks.suites import SUITES

Row = Mapping[str, Any]
NOTES = (
    "Figures are of the whole test split. Several seeds or folds: their mean, with the smallest and the largest.",
    f"A difference is that of the means, with a {PERCENT} % interval by the paired bootstrap over test rows "
    f"({ROUNDS:,} rounds): it does not contain the spread over seeds.",
    "Without leaks: the figure without test rows that repeat, or nearly repeat, a row of train or dev, either strand. "
    "Repeats are the exact ones; the second number counts those with a copy that has another label.",
    "Seconds: training with its validations for networks; fitting, with the predictions of the test rows, for simple "
    "models; fitting for frozen models. They are the mean over seeds or folds.",
    "Published figures were measured on other splits, by other protocols and sometimes with other metrics, which stand "
    "next to them. The protocol of the paper selects on test.",
)
OF_FOLDS = "± is the largest minus the smallest figure of the folds, as in the published tables."
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
    write_rows(out / "table.tsv", rows)
    write_lines(out / "table.md", markdown(plan, rows))
    write_lines(out / "table.html", html(plan, rows))
    return rows


def about(plan: Plan) -> list[str]:
    """Return sentences on how the table was made."""
    protocol = PROTOCOLS[plan.protocol]
    given = f"; {recipes.text_of(plan.options)}" if plan.options else ""
    sweep = f" Options were chosen from {plan.trials} trials, only on validation." if plan.trials else ""
    audit = "" if plan.audit else " The splits were not audited."
    return [
        f"Protocol {plan.protocol}: {protocol.sentence}.",
        f"Recipe {plan.recipe}{given}.{sweep}{audit} {plan.backend}, {plan.threads_text} a process.",
    ]


def notes(plan: Plan) -> list[str]:
    """Return the sentences below the table."""
    return [*NOTES, *[OF_FOLDS] * bool(PROTOCOLS[plan.protocol].folds)]


def markdown(plan: Plan, rows: Sequence[Row]) -> list[str]:
    """Return the lines of the table and of the published figures as Markdown."""
    paragraphs = [f"# {SUITES[plan.suite].title}", *about(plan)]
    lines = [line for paragraph in paragraphs for line in (paragraph, "")]
    lines += [row_files.markdown(without_empty(printed(rows))), "", *(f"- {note}" for note in notes(plan))]
    if other := published_rows(plan):
        lines += ["", "## Published figures", "", row_files.markdown(other)]
    return lines


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


def html(plan: Plan, rows: Sequence[Row]) -> list[str]:
    """Return the lines of a page with the picture and all tables; it loads nothing."""
    title = escape(SUITES[plan.suite].title)
    parts = [
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>',
        f"<h1>{title}</h1>",
        *(f"<p>{escape(sentence)}</p>" for sentence in about(plan)),
        picture(plan, rows),
        _html_table(without_empty(printed(rows))),
        *(f'<p class="small">{escape(note)}</p>' for note in notes(plan)),
    ]
    if other := published_rows(plan):
        parts += ["<h2>Published figures</h2>", _html_table(other)]
    return [*parts, "</body></html>"]


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
