"""Rows at a terminal, in a pipe and as JSON."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hyenadna_core
from hyenadna_core.errors import MESSAGE
from hyenadna_core.terminal import Column, notice, print_result, print_rows, progress, rows_of
from hyenadna_plugins import Offer, Registered

ROWS = [{"name": "a", "of": ["x", "y"], "by": {"k": ["l", "m"], "n": []}}, {"name": "b\tc\n", "of": [], "by": None}]


def test_rows_are_a_table_with_a_line_for_each(capsys):
    print_rows(ROWS, as_json=False)
    assert capsys.readouterr().out == "name\tof\tby\na\tx, y\tk: l, m; n: \nb c\t\t\n"


def test_rows_are_json(capsys):
    print_rows(ROWS, as_json=True)
    assert json.loads(capsys.readouterr().out) == ROWS


@pytest.mark.parametrize(("as_json", "printed"), [(False, ""), (True, "[]\n")])
def test_no_rows_are_no_error(capsys, as_json, printed):
    print_rows([], as_json)
    assert capsys.readouterr().out == printed


def test_rows_of_names_that_are_taken_say_by_whom():
    offers = [("a", Offer(1, "one")), ("b", Offer(2, "one")), ("a", Offer(3, "two"))]
    assert rows_of(Registered(offers), lambda thing: {"thing": thing}) == [
        {"name": "a", "thing": 1, "plugin": "one", "clashes_with": ["two"]},
        {"name": "b", "thing": 2, "plugin": "one", "clashes_with": []},
        {"name": "a", "thing": 3, "plugin": "two", "clashes_with": ["one"]},
    ]


LISTS = (["presets"], ["tasks"], ["datasets"], ["plugins"], ["doctor"], ["doctor", "--preset", "tiny-1k"])


def at_a_terminal(*arguments, **environment):
    """Run the command with stdout on a pseudo-terminal; return its lines."""
    reader, writer = pty.openpty()
    names = os.environ | {"TERM": "xterm", "HYENADNA_PLUGINS": "", "NO_COLOR": ""} | environment
    process = subprocess.Popen([sys.executable, "-m", "hyenadna_core", *arguments], stdout=writer, env=names)
    os.close(writer)
    text = b""
    try:
        while part := os.read(reader, 65536):
            text += part
    except OSError:  # Linux reports the end of a pseudo-terminal as an error
        pass
    os.close(reader)
    assert process.wait() == 0
    return text.decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("arguments", LISTS, ids=" ".join)
def test_a_list_at_a_terminal_fits_its_width(arguments, width):
    lines = at_a_terminal(*arguments, COLUMNS=str(width), NO_COLOR="1")
    assert max(map(len, lines)) <= width
    assert not any("\t" in line or "\x1b" in line for line in lines)


def test_presets_at_a_terminal_are_an_aligned_table():
    lines = at_a_terminal("presets", COLUMNS="80", NO_COLOR="1")
    assert lines[0].split("  ")[0] == "name"
    assert lines[0].split()[1:] == ["layers", "width", "positions", "parameters", "licence"]
    assert lines[7].split() == ["hyenadna-large-1m", "8", "256", "1,000,002", "6,550,528", "BSD-3-Clause"]
    assert lines[8].split() == ["human-chr20-1k", "2", "128", "1,026", "436,096", "Apache-2.0"]
    licences = ["BSD-3-Clause"] * 7 + ["Apache-2.0"]
    assert [line.index(text) for line, text in zip(lines[1:], licences, strict=True)] == [lines[0].index("licence")] * 8


def test_a_narrow_terminal_shows_every_column():
    lines = at_a_terminal("presets", COLUMNS="40", NO_COLOR="1")
    headings = ["name", "layers", "width", "positions", "parameters", "licence"]
    assert [line[:10].strip() for line in lines[:6]] == headings


@pytest.mark.parametrize("width", [60, 80, 120])
def test_an_address_is_never_cut_in_two(width):
    text = "\n".join(at_a_terminal("datasets", COLUMNS=str(width), NO_COLOR="1"))
    assert "doi.org/10.1126/science.277.5331.1453" in text


def test_headings_are_bold_unless_no_color_is_set():
    assert re.search("\x1b\\[1m", at_a_terminal("tasks")[0])


def test_a_table_has_the_given_columns_and_none_that_is_empty(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    rows = [
        {"name": "a", "bases": 12345, "sha256": "x", "clash": []},
        {"name": "[b]", "bases": 1, "sha256": "y", "clash": []},
    ]
    print_rows(rows, False, (Column("name"), Column("length", "bases"), Column("clash")))
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "name  length",
        "a     12,345",
        "[b]        1",
    ]


HOSTILE = "\x1b]0;title\x07\x1b[31mchr1"
ESCAPED = r"\x1b]0;title\x07\x1b[31mchr1"


def test_a_notice_has_no_control_characters_and_an_end(capsys):
    notice(f"two lines\n\t{HOSTILE}")
    assert capsys.readouterr().err == f"two lines\n\t{ESCAPED}\n"
    notice("x" * 10**7)
    assert len(capsys.readouterr().err) <= MESSAGE + 1


def test_a_result_is_exact_in_a_pipe_and_escaped_at_a_terminal(capsys, monkeypatch):
    print_result(HOSTILE)
    assert capsys.readouterr().out == HOSTILE + "\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_result(f"a\t{HOSTILE}", end="")
    assert capsys.readouterr().out == f"a\t{ESCAPED}"


def test_cells_and_headings_of_a_table_are_escaped_at_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    print_rows([{HOSTILE: HOSTILE}], as_json=False)
    assert capsys.readouterr().out == f"{HOSTILE}\n{HOSTILE}\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_rows([{HOSTILE: HOSTILE, "[red]name[/red]": "[red]value[/red]"}], as_json=False)
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        [ESCAPED, "[red]name[/red]"],
        [ESCAPED, "[red]value[/red]"],
    ]


def test_the_label_of_a_progress_bar_is_not_interpreted(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress(f"[red]{HOSTILE}[/red]", 1) as advance:
        advance(1)
    assert f"[red]{ESCAPED}[/red]" in terminal.getvalue()
    assert "\x1b]0" not in terminal.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [[HOSTILE], ["doctor", "--preset", HOSTILE], ["new-task", "a", HOSTILE], ["train", "--task", HOSTILE]],
)
def test_arguments_are_escaped_in_errors(cli, arguments, one_line):
    status, _, stderr = cli(*arguments)
    assert status in (1, 2)
    assert ESCAPED in one_line(stderr)
    assert "\x1b" not in stderr


def test_an_error_of_the_file_system_is_escaped(cli, one_line, monkeypatch):
    import hyenadna_core.tasks.template as template

    def fail(*_):
        raise OSError(28, "No space left on device", HOSTILE)

    monkeypatch.setattr(template, "write_task", fail)
    status, _, stderr = cli("new-task", "mine")
    assert (status, one_line(stderr)) == (1, f"Error: {ESCAPED}: No space left on device.")


def test_a_warning_is_escaped():
    code = f"""
import warnings
from hyenadna_core.cli import plugin_warnings_as_lines
from hyenadna_plugins import PluginWarning
with plugin_warnings_as_lines():
    for kind in (UserWarning, PluginWarning): warnings.warn({HOSTILE!r}, kind)
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stderr.count(ESCAPED) == 2
    assert "\x1b" not in answer.stderr


def test_only_this_file_prints():
    folder = Path(hyenadna_core.__file__).parent
    sources = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.py")}
    assert [name for name, source in sources.items() if "click.echo" in source] == ["terminal.py"]
