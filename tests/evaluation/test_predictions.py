import csv
import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hyenadna_core import Target
from hyenadna_core.evaluation.metrics import confusion
from hyenadna_core.evaluation.predictions import prediction_rows, table, target_texts, write_table
from hyenadna_core.terminal import tab_separated

CLASSES = Target("classes", ("a", "b", "c"))


def test_a_row_has_the_likeliest_class_and_all_probabilities():
    columns, rows = prediction_rows(CLASSES, [("one", np.array([0.2, 0.7, 0.1]))])
    assert columns == ["name", "predicted", "p_a", "p_b", "p_c"]
    assert rows == [["one", "b", 0.2, 0.7, 0.1]]
    assert table(columns, rows) == "name\tpredicted\tp_a\tp_b\tp_c\none\tb\t0.2\t0.7\t0.1\n"


def test_labels_are_those_that_are_likelier_than_not():
    target = Target("labels", ("a", "b", "c"))
    (row,) = prediction_rows(target, [("one", np.array([0.9, 0.2, 0.5]))])[1]
    assert row[:2] == ["one", "a;c"]
    assert target_texts(target, np.array([0.0, 1.0, 0.0])) == ["b"]


def test_bases_are_a_text_as_long_as_the_sequence():
    target = Target("bases", ("x", "y"))
    (row,) = prediction_rows(target, [("one", np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]))])[1]
    assert row == ["one", "xyx"]
    assert target_texts(target, np.array([-1, 1, 0])) == [".yx"]


def test_quantities_are_numbers(tmp_path):
    target = Target("regression", ("u", "v"))
    columns, rows = prediction_rows(target, [("one", np.array([1.5, -2.0]))])
    write_table(tmp_path / "out.tsv", columns, rows)
    assert (tmp_path / "out.tsv").read_text() == "name\tu\tv\none\t1.5\t-2\n"
    assert target_texts(target, np.array([1.5, -2.0])) == ["1.5", "-2"]


def test_who_was_taken_for_whom():
    predicted = np.eye(3)[[0, 1, 1, 2, 0]]
    np.testing.assert_array_equal(confusion(3, predicted, np.array([0, 1, 2, 2, 1])), [[1, 0, 0], [1, 1, 0], [0, 1, 1]])


ODD = ["a\tb", 'say "so"', '"', "two\nlines", "cr\rhere", "\u2028", "\xa0", " blank ", "\x1b[31m", "", "#"]


def read_back(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file, dialect="excel-tab"))


def test_csv_reads_back_the_names_and_classes_that_were_written(tmp_path):
    target = Target("classes", tuple(ODD))
    probabilities = np.eye(len(ODD)).round(1)
    columns, rows = prediction_rows(target, zip(ODD, probabilities, strict=True))
    write_table(tmp_path / "predictions.tsv", columns, rows)
    header, *cells = read_back(tmp_path / "predictions.tsv")
    assert header == ["name", "predicted", *(f"p_{name}" for name in ODD)]
    assert [row[:2] for row in cells] == [[name, name] for name in ODD]


@settings(max_examples=60, database=None, deadline=None)
@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), min_size=1, max_size=4)))
def test_csv_reads_back_any_cells(rows):
    text = tab_separated(rows) + "\n" * bool(rows)
    assert list(csv.reader(io.StringIO(text, newline=""), dialect="excel-tab")) == rows
