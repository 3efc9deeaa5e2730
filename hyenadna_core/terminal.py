"""Text for a person: notices and progress bars on stderr, tables of rows on stdout."""

import functools
import json
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from hyenadna_core.errors import MESSAGE, HyenaDNAError, shown
from hyenadna_plugins import BUILTIN, PluginWarning, Registered, reason_of

Advance = Callable[[int], None]
Row = Mapping[str, Any]  # text, numbers, lists and None by the names of columns
json_option: Callable[..., Any] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
GAP = 2  # spaces between columns
LABEL = 40  # characters of the label of a progress bar
BAR, PERCENT = 24, "{task.percentage:3.0f} %"  # the width of a bar, and the text after it
KEYS = 4  # characters that a terminal writes for two Ctrl-C
LAYOUT = "\n\t"  # control characters that may reach a terminal


@dataclass(frozen=True)
class Column:
    """One column of the table at a terminal: a heading, and the key or function of its cells."""

    heading: str
    cell: str | Callable[[Row], Any] = ""

    def of(self, row: Row) -> Any:
        """Return the value of this column in a row; without `cell`, the heading is the key."""
        return self.cell(row) if callable(self.cell) else row[self.cell or self.heading]


PLUGIN_COLUMNS = (
    Column("plug-in", lambda row: None if row["plugin"] == BUILTIN else row["plugin"]),
    Column("clashes with", "clashes_with"),
)


def notice(text: object) -> None:
    """Tell the person at the terminal something that is not a result; a bar stays below it."""
    line = shown(text, MESSAGE, keep=LAYOUT)
    if _bars_shown:
        _bars_shown[-1].console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)
    else:
        click.echo(line, err=True)


def notice_written(paths: Iterable[Path]) -> None:
    """Tell the person which files a command has written."""
    notice(f"Written: {', '.join(map(str, paths))}")


def print_result(text: str, end: str = "\n") -> None:
    """Print a result on stdout: exact in a pipe, with control characters escaped at a terminal."""
    if not sys.stdout:
        raise HyenaDNAError("stdout is closed: send the output to a file.")
    at_terminal = sys.stdout.isatty()
    if at_terminal:
        text = shown(text, sys.maxsize, keep=LAYOUT)
    hidden = _bars_shown[-1:] if at_terminal else []  # they would be in the middle of the text
    for display in hidden:
        display.stop()
    click.echo(text + end, nl=False, color=True)  # without color, click removes the escapes of names in a pipe
    for display in hidden:
        display.start()


@contextmanager
def progress(description: str, total: int) -> Iterator[Advance]:
    """Show a progress bar at a terminal; yield a function that adds to the work done.

    Without a terminal the function does nothing. Within another bar, the bar is a line below it.
    """
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    with bars() as display:
        for outer in display.task_ids:
            display.update(outer, has_inner=True)
        task = display.add_task(shown(description, LABEL), total=total, left=None, has_inner=False)
        try:
            yield lambda done: display.advance(task, done)
        finally:
            if len(display.task_ids) > 1:
                display.remove_task(task)


@contextmanager
def bars(stay: bool = False) -> Iterator[Any]:
    """Show bars on stderr until the block ends; with `stay`, their last state remains.

    There is one such display at a time: within its block, `bars` gives it again. Its tasks have the
    field `left`, the text of the time left, or None to estimate it. The text `figures` is shown
    below the bars.
    """
    if _bars_shown:
        yield _bars_shown[-1]
        return
    with _bar_class()(stay) as display:
        _bars_shown.append(display)
        try:
            yield display
        finally:
            _bars_shown.pop()


_bars_shown: list[Any] = []


def clock_text(seconds: float | None) -> str:
    """Return hours, minutes and seconds as 1:02:03."""
    if seconds is None:
        return "-:--:--"
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"


@functools.cache
def _bar_class() -> Any:
    """Return the class of the display, which needs rich."""
    from rich.console import Console, ConsoleDimensions
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Stderr(Console):
        """A terminal where a line has room for ^C, which the terminal itself writes at its end.

        Without the room, ^C begins a new line, and the next drawing leaves the old one there. The
        cursor stays visible, because a second Ctrl-C ends the process at once.
        """

        @property  # type: ignore[misc]  # nobody sets it
        def size(self) -> ConsoleDimensions:
            width, height = super().size
            return ConsoleDimensions(max(1, width - KEYS), height)

        def show_cursor(self, show: bool = True) -> bool:
            return False

    class TimeLeft(TimeRemainingColumn):
        def render(self, task: Any) -> Text:
            if task.fields["left"] is not None:
                return Text(task.fields["left"], style="progress.remaining")
            if task.fields["has_inner"] and task.completed:  # rich would count only the time between two inner bars
                seconds = task.elapsed * (task.total - task.completed) / task.completed
                return Text(clock_text(seconds), style="progress.remaining")
            return super().render(task)

    class Bars(Progress):
        figures = ""

        def __init__(self, stay: bool) -> None:
            columns = (TextColumn("{task.description}", markup=False), BarColumn(BAR), TextColumn(PERCENT), TimeLeft())
            super().__init__(*columns, console=Stderr(stderr=True), transient=not stay, redirect_stdout=False)

        def get_renderables(self) -> Iterator[Any]:
            yield self.make_tasks_table(self.tasks)
            if self.figures:
                yield Text(self.figures)

    return Bars


def print_rows(rows: Sequence[Row], as_json: bool, columns: Sequence[Column] = ()) -> None:
    """Print rows as JSON, as a table at a terminal, or as tab-separated lines in a pipe.

    The table has only `columns`, if they are given. JSON and the lines have every key of the rows.
    """
    if as_json:
        print_result(json.dumps(rows, indent=2))
    elif sys.stdout.isatty():
        print_table(rows, columns)
    else:
        table = [list(row) for row in rows[:1]] + [list(row.values()) for row in rows]
        if table:
            print_result(tab_separated(map(_text, cells) for cells in table))


def tab_separated(rows: Iterable[Iterable[str]]) -> str:
    """Join cells by tabs and rows by line ends; the last line has no end.

    Cells with tabs, line ends or quotes are put in quotes, so that `csv` reads them back exactly
    (dialect excel-tab).
    """
    return "\n".join("\t".join(map(_quoted, cells)) or '""' for cells in map(list, rows))


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(each in cell for each in '\t\r\n"') else cell


def print_table(rows: Sequence[Row], columns: Sequence[Column] = ()) -> None:
    """Print an aligned table that fits the width of the terminal; long cells take more lines.

    A column without any value is left out. If a row has no room for the longest word of each
    column, the values are printed one below the other, so that no address is cut in two.
    """
    columns = columns or [Column(key) for key in (rows[0] if rows else ())]
    columns = [column for column in columns if any(column.of(row) not in (None, "", [], {}) for row in rows)]
    if not columns:
        return
    cells = [[shown(_text(column.of(row), thousands=True), MESSAGE) for column in columns] for row in rows]
    headings = [shown(column.heading) for column in columns]
    numeric = [all(isinstance(column.of(row), int | float | None) for row in rows) for column in columns]
    narrowest = []
    for heading, is_numeric, *texts in zip(headings, numeric, *cells, strict=True):
        word = max(map(len, heading.split()))
        longest = max(len(part) for text in texts for part in ([text] if is_numeric else text.split() or [""]))
        narrowest.append(max(word, longest))
    if sum(narrowest) + GAP * (len(columns) - 1) <= shutil.get_terminal_size().columns:
        _print_grid(list(zip(headings, numeric, narrowest, strict=True)), cells)
        return
    for position, texts in enumerate(cells):
        if position:
            print_result("")
        fields = [[heading, text] for heading, text in zip(headings, texts, strict=True) if text]
        _print_grid([("", False, max(map(len, headings))), ("", False, 1)], fields, show_header=False)


def rows_of(registered: Registered, describe: Callable[[Any], Row]) -> list[dict[str, Any]]:
    """Return a row for each registered thing: name, the keys of `describe`, plug-in, clashes.

    A thing that cannot be described has no row; a PluginWarning names it.
    """
    rows = []
    for name, (thing, plugin) in registered.offers:
        try:
            described = describe(thing)
            json.dumps(described)
        except Exception as error:  # whatever a plug-in may have registered
            reason = f"Plug-in {plugin!r}: {name!r} is left out: {reason_of(error)}."
            warnings.warn(reason, PluginWarning, stacklevel=2)
            continue
        clashes = [other for other in registered.taken.get(name, ()) if other != plugin]
        rows.append({"name": name, **described, "plugin": plugin, "clashes_with": clashes})
    return rows


def _print_grid(columns: Sequence[tuple[str, bool, int]], cells: Sequence[Sequence[str]], **options: Any) -> None:
    """Print cells below columns of (heading, whether it is numeric, its smallest width)."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", **options)
    for heading, is_numeric, width in columns:
        table.add_column(Text(heading), justify="right" if is_numeric else "left", overflow="fold", min_width=width)
    for texts in cells:
        table.add_row(*map(Text, texts))
    colors: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    Console(width=shutil.get_terminal_size().columns, color_system=colors).print(table)


def _text(value: Any, thousands: bool = False) -> str:
    """Return a cell as text without tabs and line ends; numbers with commas if `thousands`."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_text(each, thousands)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(_text(each, thousands) for each in value)
    if thousands and type(value) is int:
        return f"{value:,}"
    return " ".join(str(value).split())
