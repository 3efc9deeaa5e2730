import csv

from hyenadna_benchmarks.row_files import markdown, write_rows

ROWS = [
    {"a|b": "x\ny", "n": 1234, "share": 0.123456789, "none": None},
    {"a|b": 'a "b"\t\rc\\', "n": 2, "share": None, "none": None},
]


def test_a_table_is_read_back_exactly(tmp_path):
    write_rows(tmp_path / "t.tsv", ROWS)
    with (tmp_path / "t.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, dialect="excel-tab"))
    assert rows == [
        {"a|b": "x\ny", "n": "1234", "share": "0.123457", "none": ""},
        {"a|b": 'a "b"\t\rc\\', "n": "2", "share": "", "none": ""},
    ]


def test_each_row_is_a_line_of_markdown():
    assert markdown(ROWS).split("\n") == [
        "| a\\|b | n | share | none |",
        "| --- | ---: | ---: | ---: |",
        "| x y | 1,234 | 0.1235 |  |",
        '| a "b" c\\\\ | 2 |  |  |',
    ]


def test_no_rows_are_an_empty_table(tmp_path):
    write_rows(tmp_path / "t.tsv", [])
    assert (tmp_path / "t.tsv").read_bytes() == b""
    assert markdown([]) == ""
