"""Copies and near duplicates between splits, and what is said of them."""

import json

import numpy as np
import pytest
from hyenadna_benchmarks.audit import Audit, audit_splits

from hyenadna_core import HyenaDNAError

ONE = b"ACGTTGCATTACGGATCCAATG"
NEAR = ONE + b"G"  # 15 of 16 8-mers
OTHER = b"TTTTGGGGCCCCAAAATAGACA"


def reverse_complement(sequence):
    return sequence.translate(bytes.maketrans(b"ACGT", b"TGCA"))[::-1]


def small_audit():
    splits = {
        "train": [ONE, reverse_complement(ONE), OTHER, ONE, OTHER],
        "dev": [b"GATTACAGATTACAGG", reverse_complement(OTHER).lower()],
        "test": [reverse_complement(ONE), NEAR, b"GATTACAGATTACAGG", b"ACGT"],
    }
    labels = {"train": np.array([0, 0, 1, 1, 1]), "dev": np.array([0, 0]), "test": np.array([0, 1, 1, 0])}
    return audit_splits(splits, labels, linter=False)


def test_the_counts():
    rows = {(row["split"], row["compared with"]): row for row in small_audit().counts()}
    assert {pair: tuple(row.values())[2:] for pair, row in rows.items()} == {
        ("train", "train"): (5, 3, 2, 3, None, None, None),
        ("dev", "dev"): (2, 0, 0, 0, None, None, None),
        ("test", "test"): (4, 0, 0, 0, None, None, None),
        ("dev", "train"): (2, 1, 0, 1, 0, 0, 1),
        ("test", "train"): (4, 1, 1, 1, 1, 1, 2),
        ("test", "dev"): (4, 1, 1, 1, 0, 0, 1),
    }


def test_the_rows_that_leak():
    audit = small_audit()
    assert audit.leaked().tolist() == [True, True, True, False]
    assert audit.leaked("dev").tolist() == [False, True]
    assert audit.leaked("train").tolist() == [False] * 5
    with pytest.raises(HyenaDNAError, match="no split 'valid': choose one of train, dev, test"):
        audit.leaked("valid")


def test_an_audit_in_json_is_the_same():
    audit = small_audit()
    again = Audit.from_json(json.loads(audit.to_text()))
    assert (again.rows, again.repeats, again.least, again.linter) == (
        audit.rows,
        audit.repeats,
        audit.least,
        audit.linter,
    )
    assert again.matches.keys() == audit.matches.keys()
    for pair, matches in audit.matches.items():
        for name, column in vars(matches).items():
            np.testing.assert_array_equal(getattr(again.matches[pair], name), column, strict=True)
    assert again.to_json() == audit.to_json()


@pytest.mark.parametrize("fault", [{"version": 9}, {"rows": {}}, {"pairs": [{}]}, {"repeats": 3}, {"linter": None}])
def test_other_json_is_refused(fault):
    with pytest.raises(HyenaDNAError, match="make it again"):
        Audit.from_json(small_audit().to_json() | fault)


@pytest.mark.parametrize(
    ("train", "strand"), [([reverse_complement(NEAR), NEAR], -1), ([NEAR, reverse_complement(NEAR)], 1)]
)
def test_of_equally_similar_rows_the_first_is_the_match(train, strand):
    labels = {"train": np.zeros(2), "test": np.zeros(1)}
    matches = audit_splits({"train": train, "test": [ONE]}, labels, linter=False).matches["test", "train"]
    assert (matches.row.tolist(), matches.strand.tolist(), matches.similarity.tolist()) == ([0], [strand], [0.9375])


def test_the_sentences():
    sentences = small_audit().sentences()
    assert sentences[0] == (
        "3 of 5 rows of train repeat an earlier row (2 on the same strand); 3 rows have a copy with another label."
    )
    assert sentences[4] == (
        "1 of 4 rows of test repeat a row of train (1 on the same strand), 1 with another label; "
        "1 more are near duplicates of one, 1 with another label."
    )
    assert sentences[-2:] == ["3 of 4 rows of test leak.", "seqleak: not asked."]


def test_labels_of_several_columns():
    splits = {"train": [ONE, ONE], "test": [ONE, ONE]}
    labels = {"train": np.array([[0.0, 1.0], [0.0, 1.0]]), "test": np.array([[0.0, 1.0], [1.0, 1.0]])}
    matches = audit_splits(splits, labels, linter=False).matches["test", "train"]
    assert (matches.same_label.tolist(), matches.other_label.tolist()) == ([True, False], [False, True])


@pytest.mark.parametrize(
    ("splits", "labels", "message"),
    [
        ({"test": [ONE]}, {"test": [0]}, "there is no train"),
        ({"train": [ONE]}, {"train": [0]}, "there is no test"),
        ({"train": [ONE], "valid": [ONE], "test": [ONE]}, {}, "no split 'valid': name them train, dev, test"),
        ({"train": [], "test": [ONE]}, {"train": [], "test": [0]}, "train has no rows"),
        ({"train": [ONE], "test": [ONE]}, {"train": [0], "test": [0, 1]}, "test has 1 rows and 2 labels"),
        ({"train": [ONE], "test": [ONE]}, {"train": [[0, 1]], "test": [0]}, "one shape"),
    ],
)
def test_a_fault_is_one_line(splits, labels, message):
    with pytest.raises(HyenaDNAError, match=message):
        audit_splits(splits, {name: np.array(each) for name, each in labels.items()})


def test_the_least_similarity_is_at_most_that_of_a_near_duplicate():
    for least in (0, 0.71, float("nan")):
        with pytest.raises(HyenaDNAError, match=r"above 0 and at most 0\.7"):
            audit_splits({"train": [ONE], "test": [ONE]}, {"train": np.zeros(1), "test": np.zeros(1)}, least)


@pytest.mark.parametrize(
    ("name", "repeats", "other_label"),
    [("prom_prom_core_all", 43, 6), ("prom_prom_core_notata", 30, 6), ("prom_prom_core_tata", 16, 1)],
)
def test_the_published_repeats_of_gue(published_gue, name, repeats, other_label):
    matches = audit_splits(*published_gue(name), linter=False).matches["test", "train"]
    assert (matches.copied.sum(), (matches.copied & matches.other_label).sum()) == (repeats, other_label)
