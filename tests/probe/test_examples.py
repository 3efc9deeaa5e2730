"""Vectors and labels matched by name; what is left out, and what cannot be matched."""

import datetime
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import csv, parquet

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.probe.examples import groups_of, labels_of_vectors, match, read_labels
from hyenadna_core.vectors.columns import Vectors

NAMES = ["a", "b", "c", "d"]


def vectors(names=NAMES, **columns):
    values = np.arange(2.0 * len(names)).reshape(-1, 2)
    return Vectors(Path("v.npz"), "mean", list(names), values, {key: np.array(each) for key, each in columns.items()})


@pytest.fixture
def labels(tmp_path):
    """Return a function that writes a table of labels and reads it."""

    def read(text, column=None):
        (tmp_path / "labels.csv").write_text(text)
        return read_labels(tmp_path / "labels.csv", column)

    return read


def test_rows_are_matched_by_name_in_the_order_of_the_vectors(labels):
    table = labels("id,biotype,family\nd,x,1\nc,y,1\nb,x,2\na,y,2\n", "biotype")
    examples = match(vectors(), table)
    assert examples.target.names == ("x", "y")
    np.testing.assert_array_equal(examples.targets, [1, 0, 1, 0])
    np.testing.assert_array_equal(examples.values, vectors().values)
    np.testing.assert_array_equal(groups_of(examples, "Family"), ["2", "2", "1", "1"])


def test_names_that_do_not_match_are_counted_on_both_sides_and_may_be_left_out(labels, capsys):
    table = labels("name,label\na,x\nb,y\nz,x\nw,x\n")
    with pytest.raises(
        HyenaDNAError, match=r"2 vectors without a label \(c, d\) and 2 labels without a vector \(z, w\)"
    ):
        match(vectors(), table)
    examples = match(vectors(), table, allow_missing=True)
    assert examples.names == ["a", "b"]
    assert "Left out: 2 vectors without a label (c, d); 2 labels without" in capsys.readouterr().err


def test_if_no_name_matches_the_error_shows_both_sides(labels):
    with pytest.raises(HyenaDNAError, match=r"both in v.npz \(a, b, c, \.\.\.\) and in .* \(chr1:1, chr1:2\)"):
        match(vectors(), labels("name,label\nchr1:1,x\nchr1:2,y\n"), allow_missing=True)


def test_labels_may_be_a_column_of_the_vectors(capsys):
    own = vectors(label=["x", "y", "", "x"], start=[1, 2, 3, 4])
    examples = match(own, labels_of_vectors(own))
    assert examples.names == ["a", "b", "d"]
    assert examples.columns["start"] == ["1", "2", "4"]
    assert "1 rows whose label is empty or a missing value" in capsys.readouterr().err
    with pytest.raises(HyenaDNAError, match="has no column biotype; it has label, start"):
        labels_of_vectors(own, "biotype")
    with pytest.raises(HyenaDNAError, match="has no column label, labels, target, class or y; it has none"):
        labels_of_vectors(vectors())


def test_classes_can_be_chosen_and_rare_ones_left_out(labels, capsys):
    table = labels("name,label\na,x\nb,y\nc,z\nd,x\n")
    assert match(vectors(), table, classes=["x", "z"]).names == ["a", "c", "d"]
    assert "1 rows of other classes" in capsys.readouterr().err
    with pytest.raises(HyenaDNAError, match="has no class w; it has x, y, z"):
        match(vectors(), table, classes=["w"])
    with pytest.raises(HyenaDNAError, match="has one class in 2 rows, x: a probe needs at least two"):
        match(vectors(), table, min_count=2)
    assert "2 rows of classes with fewer than 2: y, z" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("texts", "kind", "expected"),
    [
        (["0", "1", "1", "0"], None, "classes"),
        (["0.5", "1", "1", "0"], None, "regression"),
        (["0", "1", "1", "0"], "regression", "regression"),
        (["0.5", "1.5", "0.5", "1.5"], "classes", "classes"),
        (["1", "one", "1", "2"], None, "classes"),
    ],
)
def test_text_and_few_integers_are_classes_and_fractions_are_regression(texts, kind, expected, labels):
    rows = "".join(f"{name},{text}\n" for name, text in zip(NAMES, texts, strict=True))
    examples = match(vectors(), labels("name,label\n" + rows), kind)
    assert examples.target.kind == expected
    assert examples.targets.shape == ((4,) if expected == "classes" else (4, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,label\n", "has 0 rows"),
        ("name,label\na,x\nb,y\na,y\n", "names that come twice: a: keep one row of each"),
        ("name,color\na,x\n", "has no column label, labels, target, class or y"),
        ("label\nx\n", "No name is both in .* \\(1\\)"),
        ("name,label\na,x\nb,x\nc,x\nd,x\n", "has one class in 4 rows"),
        ("name,label\na,0.5\nb,0.5\nc,0.5\nd,0.5\n", "has one value, 0.5, in all 4 rows"),
    ],
)
def test_a_fault_in_the_labels_is_one_line(text, message, labels):
    with pytest.raises(HyenaDNAError, match=message):
        match(vectors(), labels(text))


@pytest.mark.parametrize("name", ["labels.csv", "labels.parquet"])
def test_other_columns_that_cannot_be_read_do_not_matter(tmp_path, capsys, name):
    columns = {"id": NAMES, "Label": list("xyxy"), "seen": ["1"] * 4, "family": list("1122")}
    table = pyarrow.table(columns).append_column("seen", [["2"] * 4])
    if name == "labels.csv":
        csv.write_csv(table, tmp_path / name)
    else:
        table = table.append_column("scores", [[[1, 2]] * 4]).append_column("day", [[datetime.date(2026, 1, 1)] * 4])
        parquet.write_table(table, tmp_path / name)
    examples = match(vectors(), read_labels(tmp_path / name))
    np.testing.assert_array_equal(examples.targets, [0, 1, 0, 1])
    np.testing.assert_array_equal(groups_of(examples, "family"), ["1", "1", "2", "2"])
    assert ": seen" in capsys.readouterr().err
    with pytest.raises(HyenaDNAError, match="No file has a column seen; there are id, label, family"):
        groups_of(examples, "seen")


def test_labels_that_are_no_table_are_one_line(tmp_path):
    (tmp_path / "genes.bed").write_text("chr1\t0\t9\ta\n")
    with pytest.raises(HyenaDNAError, match=r"genes.bed is no table: name it after its format, .csv, .tsv"):
        read_labels(tmp_path / "genes.bed")


def test_quantities_have_no_classes_to_choose(labels):
    with pytest.raises(HyenaDNAError, match="leave out --classes and --min-count"):
        match(vectors(), labels("name,label\na,0.5\nb,1\nc,2\nd,3\n"), min_count=2)


def test_a_group_must_exist_for_each_row(labels):
    examples = match(vectors(family=["1", "1", "", "2"]), labels("name,label\na,x\nb,y\nc,z\nd,x\n"))
    with pytest.raises(HyenaDNAError, match="Row c has no family"):
        groups_of(examples, "family")
    with pytest.raises(HyenaDNAError, match="No file has a column clan; there are name, label, family"):
        groups_of(examples, "clan")
    assert groups_of(examples, None) is None
