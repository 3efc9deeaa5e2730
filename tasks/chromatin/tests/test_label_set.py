"""The labels: the published ones, and own ones from a table."""

import numpy as np
import pytest
from hyenadna_chromatin.label_set import deepsea_labels, numbered, read_label_set
from hyenadna_chromatin.loss import MOST, weights_of_labels
from hyenadna_chromatin.published import beside_published, counts, published_rows

from hyenadna_core import HyenaDNAError


def test_the_labels_of_deepsea_have_their_published_order_and_groups():
    labels = deepsea_labels()
    assert len(set(labels.names)) == 919
    assert counts() == {"TF": 690, "DHS": 125, "HM": 104}
    assert labels.groups == ("DHS",) * 125 + ("TF",) * 690 + ("HM",) * 104
    assert labels.names[0] == "8988T|DNase|None"
    assert labels.names[576] == "NA|NA|NA"
    assert labels.names[577] == "HepG2|TBP|None"


def test_repeated_names_are_numbered():
    assert numbered(["a", "b", "a", "a"]) == ("a", "b", "a #2", "a #3")


@pytest.mark.parametrize(
    ("text", "names", "groups"),
    [
        ("name\tgroup\nx\tTF\ny z\tHM\n", ("x", "y z"), ("TF", "HM")),
        ("label\nx\ny\n", ("x", "y"), ()),
    ],
)
def test_own_labels_are_read(tmp_path, text, names, groups):
    (tmp_path / "labels.tsv").write_text(text)
    assert read_label_set(tmp_path / "labels.tsv") == (names, groups)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\n", "row 1 has no name: name each label"),
        ("name\tgroup\nx\tTF\n\tTF\n", "row 2 has no name"),
        ("name\nx\ny\nx\n", "labels of one name: x: name each once"),
        ("name\tgroup\nx\tTF\ny\t\n", "row 2 has no group: name one for each label, or for none"),
        ("title\nx\n", "has no column name or label"),
    ],
)
def test_a_faulty_label_table_is_one_line(tmp_path, text, message):
    (tmp_path / "labels.tsv").write_text(text)
    with pytest.raises(HyenaDNAError, match=message):
        read_label_set(tmp_path / "labels.tsv")


def test_weights_are_negatives_over_positives_within_bounds():
    weights = weights_of_labels(np.array([0, 1, 25, 50, 100]), 100)
    np.testing.assert_allclose(weights, [MOST, MOST, 3, 1, 1])


def test_figures_stand_beside_published_ones():
    figures = {"mine": {f"auroc_median_{group}": 0.5 for group in ("TF", "DHS", "HM")}}
    text = beside_published(figures, 1000, "test")
    lines = [line.split() for line in text.splitlines()[2:]]
    assert lines[0] == ["model", "split", "bases", "TF", "(690)", "DHS", "(125)", "HM", "(104)"]
    assert lines[1] == ["mine", "test", "1000", "50.0", "50.0", "50.0"]
    assert lines[2] == ["DeepSEA", "published", "1000", "95.8", "92.3", "85.6"]
    assert len(lines) == 2 + len(published_rows())


def test_a_group_without_a_figure_has_a_dash():
    figures = {"mine": {"auroc_median_TF": None, "auroc_median_HM": 0.625}}
    lines = [line.split() for line in beside_published(figures, 1000, "test").splitlines()]
    assert lines[3] == ["mine", "test", "1000", "-", "-", "62.5"]
