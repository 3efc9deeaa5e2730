import json
import math

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.targets import Target, read_targets


def column(*texts):
    return [(text,) for text in texts]


def test_classes_are_numbered_in_the_order_of_their_texts():
    target, classes = read_targets(column("no", "yes", "Maybe", "no"), "classes")
    assert target == Target("classes", ("Maybe", "no", "yes"))
    np.testing.assert_array_equal(classes, [1, 2, 0, 1])
    assert classes.dtype == np.int32


def test_whole_numbers_are_in_the_order_of_their_values():
    target, classes = read_targets(column("10", "9", "-1"), "classes")
    assert target.names == ("-1", "9", "10")
    np.testing.assert_array_equal(classes, [2, 1, 0])


def test_other_splits_have_the_classes_of_training():
    target = Target("classes", ("a", "b", "c"))
    same, classes = read_targets(column("c", "a"), "classes", target=target)
    assert same is target
    np.testing.assert_array_equal(classes, [2, 0])


def test_a_class_that_training_lacks_is_named_with_its_count():
    target = Target("classes", ("a", "b"))
    message = r"Not among the classes of the training split, a, b: 'x' \(2 times, first in row s2\), 'y' \(1 times"
    with pytest.raises(HyenaDNAError, match=message):
        read_targets(column("a", "x", "y", "x"), "classes", target=target, names=["s1", "s2", "s3", "s4"])


def test_labels_of_one_column_are_divided_by_semicolons():
    target, values = read_targets(column("b;a", "-", " c ; b;", "", "a"), "labels")
    assert target == Target("labels", ("a", "b", "c"))
    np.testing.assert_array_equal(values, [[1, 1, 0], [0, 0, 0], [0, 1, 1], [0, 0, 0], [1, 0, 0]])
    assert values.dtype == np.float32


def test_labels_of_several_columns_are_there_or_not():
    columns = ("dnase", "ctcf")
    target, values = read_targets([("1", "0"), ("0", "True"), ("0.0", "1.0")], "labels", columns)
    assert target == Target("labels", columns)
    np.testing.assert_array_equal(values, [[1, 0], [0, 1], [0, 1]])
    with pytest.raises(HyenaDNAError, match="row 1, column ctcf: '2' is not 0 or 1"):
        read_targets([("1", "2")], "labels", columns)
    with pytest.raises(HyenaDNAError, match="The label columns are ctcf, dnase; the model was trained on dnase, ctcf"):
        read_targets([("1", "0")], "labels", columns[::-1], target)


def test_a_label_that_training_lacks_is_named():
    with pytest.raises(HyenaDNAError, match=r"Not among the labels of the training split, a, b: 'c' \(1 times"):
        read_targets(column("a;c"), "labels", target=Target("labels", ("a", "b")))


def test_values_stay_as_they_are_and_training_keeps_their_mean_and_deviation():
    target, values = read_targets([("1", "5"), ("3", "5e0")], "regression", ("expression", "length"))
    assert target == Target("regression", ("expression", "length"), (2.0, 5.0), (1.0, 1.0))
    np.testing.assert_array_equal(values, [[1, 5], [3, 5]])
    assert values.dtype == np.float32
    same, values = read_targets([("10", "6")], "regression", ("expression", "length"), target)
    assert same is target
    np.testing.assert_array_equal(values, [[10, 6]])
    target, _ = read_targets(column("0", "10"), "regression")
    assert target == Target("regression", ("value",), (5.0,), (5.0,))


@pytest.mark.parametrize("text", ["high", "nan", "inf", "1e39", "1,5"])
def test_what_is_no_number_is_named(text):
    with pytest.raises(HyenaDNAError, match=f"row 2, expression: '{text}' is not a number"):
        read_targets(column("1", text), "regression", ("expression",))


def test_bases_have_a_class_each_or_none():
    target, classes = read_targets(column("ii.E", "E"), "bases", lengths=np.array([4, 1]))
    assert target == Target("bases", ("E", "i"))
    np.testing.assert_array_equal(classes, [1, 1, -1, 0, 0])
    assert classes.dtype == np.int32
    _, classes = read_targets(column("..", "i"), "bases", target=target, lengths=[2, 1])
    np.testing.assert_array_equal(classes, [-1, -1, 1])


def test_bases_must_be_as_many_as_labels():
    with pytest.raises(HyenaDNAError, match="row b: the label has 3 characters for 4 bases"):
        read_targets(column("EiE", "iii"), "bases", names=["a", "b"], lengths=[3, 4])
    with pytest.raises(ValueError, match="needs the lengths"):
        read_targets(column("EiE"), "bases")


def test_a_class_of_bases_that_training_lacks_is_named():
    message = r"Not among the classes of the training split, E, i: 'x' \(2 times, first in row 2\)"
    with pytest.raises(HyenaDNAError, match=message):
        read_targets(column("i", "xEx"), "bases", target=Target("bases", ("E", "i")), lengths=[1, 3])


@pytest.mark.parametrize(
    ("labels", "kind", "columns", "message"),
    [
        (column("a", "a"), "classes", (), "The training split has one class, a: it needs at least two"),
        (column("EE."), "bases", (), "The training split has one class of bases, E"),
        (column("..."), "bases", (), "The training split has one class of bases, none"),
        (column("-", ""), "labels", (), "No row of the training split has a label"),
        ([("1", "2")], "classes", ("a", "b"), "classes have one label column, not 2: a, b"),
        (column("a"), "groups", (), "The kind of target is 'groups': choose one of classes, labels, regression, bases"),
    ],
)
def test_what_cannot_be_learned_gets_one_line(labels, kind, columns, message):
    with pytest.raises(HyenaDNAError, match=message):
        read_targets(labels, kind, columns, lengths=[3])


def test_a_long_list_of_names_is_cut():
    target = Target("classes", tuple(map(str, range(30))))
    with pytest.raises(HyenaDNAError, match="0, 1, 2, 3, 4, 5, 6, 7 and 22 more: 'x'"):
        read_targets(column("x"), "classes", target=target)


def test_a_target_comes_back_from_json():
    target = Target("regression", ("a", "b"), (0.1, 2.0), (1.0, math.pi))
    assert Target.from_json(json.loads(json.dumps(target.to_json()))) == target
