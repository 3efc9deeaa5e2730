import json

import pytest

from hyenadna_core.terminal import print_rows, rows_of
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
