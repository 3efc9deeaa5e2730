import numpy as np

from hyenadna_core import Target
from hyenadna_core.evaluation.metrics import confusion
from hyenadna_core.evaluation.predictions import prediction_rows, table, target_texts, write_table

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
