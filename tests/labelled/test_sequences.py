import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.sequences import LabelledSequences

SEQUENCES = ["ACGT", b"GG", "TTacg"]
CLASSES = np.array([0, 1, 0], np.int32)


def texts(sequences):
    return [bytes(row).decode() for row in sequences]


def test_each_row_gives_its_bases_and_its_target():
    rows = LabelledSequences.of(SEQUENCES, CLASSES, names=["a", "b", "c"])
    assert len(rows) == 3
    assert texts(rows) == ["ACGT", "GG", "TTacg"]
    assert [int(rows.target(row)) for row in range(3)] == [0, 1, 0]
    assert rows.names == ("a", "b", "c")
    np.testing.assert_array_equal(rows.lengths, [4, 2, 5])


def test_all_is_held_in_arrays_of_the_documented_types():
    rows = LabelledSequences.of(SEQUENCES, CLASSES)
    assert (rows.bases.dtype, rows.ends.dtype, rows.targets.dtype) == (np.uint8, np.int64, np.int32)
    np.testing.assert_array_equal(rows.ends, [4, 6, 11])
    assert rows.bases.tobytes() == b"ACGTGGTTacg"
    assert rows.names == ("1", "2", "3")


def test_rows_are_taken_in_the_order_asked_for_and_more_than_once():
    taken = LabelledSequences.of(SEQUENCES, CLASSES).take([2, 1, 2])
    assert texts(taken) == ["TTacg", "GG", "TTacg"]
    np.testing.assert_array_equal(taken.targets, [0, 1, 0])
    assert taken.names == ("3", "2", "3")


def test_labels_and_quantities_have_a_row_each():
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    rows = LabelledSequences.of(SEQUENCES, values)
    np.testing.assert_array_equal(rows.target(1), [2, 3])
    np.testing.assert_array_equal(rows.take([2, 0]).targets, [[4, 5], [0, 1]])


def test_a_target_for_each_base_goes_with_its_base():
    rows = LabelledSequences.of(SEQUENCES, np.arange(11, dtype=np.int32))
    np.testing.assert_array_equal(rows.target(1), [4, 5])
    taken = rows.take([2, 0])
    np.testing.assert_array_equal(taken.targets, [6, 7, 8, 9, 10, 0, 1, 2, 3])
    np.testing.assert_array_equal(taken.target(1), [0, 1, 2, 3])
    assert taken.targets.dtype == np.int32


def test_no_rows_are_possible():
    taken = LabelledSequences.of(SEQUENCES, CLASSES).take([])
    assert (len(taken), len(taken.bases), len(taken.targets), taken.names) == (0, 0, 0, ())
    assert len(LabelledSequences.of([], CLASSES[:0])) == 0


@pytest.mark.parametrize("row", [-1, 3])
def test_a_row_that_is_not_there_is_refused(row):
    with pytest.raises(IndexError, match=f"row {row} of 3"):
        LabelledSequences.of(SEQUENCES, CLASSES)[row]


def test_targets_and_names_must_be_as_many_as_rows():
    with pytest.raises(HyenaDNAError, match="2 targets for 3 sequences of 11 bases"):
        LabelledSequences.of(SEQUENCES, CLASSES[:2])
    with pytest.raises(HyenaDNAError, match="1 names for 3 sequences"):
        LabelledSequences.of(SEQUENCES, CLASSES, ["a"])


@pytest.mark.parametrize(
    ("lengths", "text"),
    [
        ([4] * 1200, "LabelledSequences(1,200 sequences of 4 bases)"),
        ([2, 1000, 7], "LabelledSequences(3 sequences of 2 to 1,000 bases)"),
        ([], "LabelledSequences(0 sequences)"),
    ],
)
def test_the_text_of_rows_is_short(lengths, text):
    rows = LabelledSequences.of(["A" * length for length in lengths], np.zeros(len(lengths), np.int32))
    assert repr(rows) == text
