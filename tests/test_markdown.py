import pytest

from hyenadna_core.markdown import markdown_table


def test_the_first_row_is_the_head():
    table = markdown_table([("model", "bits"), ("a", "1.9"), ("b", "")], right=[1])
    assert table == "| model | bits |\n| --- | ---: |\n| a | 1.9 |\n| b |  |"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a|b", "a\\|b"),
        ("a\\|b", "a\\\\\\|b"),
        ("a\nb\r\nc\vd\u2028e", "a b c d e"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ('"x"', '"x"'),
    ],
)
def test_a_cell_stays_in_its_place_in_head_and_body(text, cell):
    assert markdown_table([[text], [text]]) == f"| {cell} |\n| --- |\n| {cell} |"


def test_without_rows_there_is_no_table():
    assert markdown_table([]) == ""
    assert markdown_table(iter([["a"]])) == "| a |\n| --- |"
