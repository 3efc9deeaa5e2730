import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.class_names import check_are_classes, spellings


@pytest.mark.parametrize(
    "labels",
    [
        ["0", "1"] * 3,
        ["1", "2", "3"],
        ["0", "1.0", "2"],
        ["-1", "1"],
        ["3", "7", "40"],
        [str(number % 30) for number in range(100)],
        [f"c{number % 24}" for number in range(48)],
        [f"c{number}" for number in range(10)],
        ["0.5", "1.5", "high"],
        ["nan", "inf", "1"],
    ],
)
def test_names_and_numbers_of_classes_are_classes(labels):
    check_are_classes(labels)


@pytest.mark.parametrize(
    "labels",
    [
        [f"{number / 48:.3f}" for number in range(48)],
        ["0", "0.5", "1"] * 10,
        ["1e-3", "2e-3", "0"],
        [str(number) for number in range(48)],
        [str(number % 12 * 100) for number in range(100)],
    ],
)
def test_numbers_that_are_quantities_name_both_ways_out(labels):
    with pytest.raises(HyenaDNAError, match=r"numbers, .*: give --target regression .* or --target classes if"):
        check_are_classes(labels)


def test_labels_that_name_rows_are_refused():
    labels = [f"chr2L:{number}" for number in range(48)]
    with pytest.raises(HyenaDNAError, match=r"of 48 rows are 48 different names, chr2L:0, .*: check the column of lab"):
        check_are_classes(labels)
    with pytest.raises(HyenaDNAError, match=r"of 60 rows are 48 different names"):
        check_are_classes(labels + labels[:12])


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("False", "True", "true"), "The labels 'True', 'true' are different classes: write them alike if they mean"),
        (("0", "1", "1.0"), "The labels '1', '1.0' are different classes"),
        (("a b", "a  b", "c"), "The labels 'a  b', 'a b' are different classes"),
        (("0", "1.0"), "Whole numbers are written in two ways, as in '0' and '1.0': write all alike"),
        (("-1", "+2", "3.00"), "Whole numbers are written in two ways, as in '+2' and '3.00'"),
    ],
)
def test_names_that_look_alike_are_said(names, sentence):
    (said,) = spellings(names)
    assert said.startswith(sentence)


def test_names_that_differ_are_not_said():
    assert spellings(("0", "1", "2", "a", "b")) == []
    assert spellings(("0.0", "1.0", "0.5")) == []
