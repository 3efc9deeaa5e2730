"""Rows at a terminal, in a pipe and as JSON."""

import json
import os
import pty
import re
import subprocess
import sys

import pytest

from hyenadna_core.terminal import Column, print_rows, rows_of
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
    assert lines[0].split()[1:] == ["layers", "width", "max", "bases", "parameters", "licence"]
    assert lines[7].split() == ["hyenadna-large-1m", "8", "256", "1,000,002", "6,550,528", "BSD-3-Clause"]
    assert [line.index("BSD-3-Clause") for line in lines[1:]] == [lines[0].index("licence")] * 7


def test_a_narrow_terminal_shows_every_column():
    lines = at_a_terminal("presets", COLUMNS="40", NO_COLOR="1")
    headings = ["name", "layers", "width", "max bases", "parameters", "licence"]
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
