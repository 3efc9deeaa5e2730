import numpy as np
import pytest

from hyenadna_core import HyenaDNAError, LabelledPairs, LabelledSequences, RowsSubset, Target, read_labelled
from hyenadna_core.labelled.pairs import sides_of
from hyenadna_core.labelled.rows import all_targets, in_memory, take_rows

FIRST, SECOND = ["ACGT", "GG", "TTacg"], ["ACT", "GGGA", "TTacc"]
CLASSES = np.array([0, 1, 0], np.int32)
CLASSES_TARGET = Target("classes", ("no", "yes"))


class Streamed:
    """The pairs of arrays, read one at a time; windows for training begin at the draw."""

    checksum = "streamed"

    def __init__(self, held):
        self.held, self.lengths = held, held.lengths

    def __len__(self):
        return len(self.held)

    def row(self, index):
        return self.held.row(index)

    def window(self, draw, index):
        (a, b), target = self.row(index)
        return (a[draw:], b[draw:]), target

    def name(self, index):
        return self.held.name(index)


@pytest.fixture
def held():
    return LabelledPairs.of(FIRST, SECOND, CLASSES, ["a", "b", "c"])


def texts(rows):
    return [tuple(bytes(side).decode() for side in rows.row(index)[0]) for index in range(len(rows))]


def test_pairs_in_memory_are_a_source(held):
    assert texts(held) == list(zip(FIRST, SECOND, strict=True))
    assert [int(held.row(row)[1]) for row in range(3)] == CLASSES.tolist()
    assert (len(held), held.name(1), held.names) == (3, "b", ("a", "b", "c"))
    np.testing.assert_array_equal(held.lengths, [4, 4, 5])
    assert LabelledPairs.of(FIRST, SECOND, CLASSES).names == ("1", "2", "3")
    assert [type(side) for side in sides_of(held)] == [LabelledSequences] * 2
    assert sides_of(held.first) == (held.first,)


def test_the_checksum_is_that_of_both_sequences_and_the_targets(held):
    others = [(SECOND, FIRST, CLASSES), (FIRST, [*SECOND[:2], "TTacg"], CLASSES), (FIRST, SECOND, 1 - CLASSES)]
    assert held.checksum == LabelledPairs.of(FIRST, SECOND, CLASSES).checksum
    assert len({held.checksum, *(LabelledPairs.of(*other).checksum for other in others)}) == 4


def test_a_part_has_the_pairs_in_the_given_order(held):
    expected = [(FIRST[row], SECOND[row]) for row in (2, 0)]
    part = held.take([2, 0])
    assert (texts(part), part.names, part.targets.tolist()) == (expected, ("c", "a"), [0, 0])
    subset = take_rows(Streamed(held), [2, 0])
    assert isinstance(subset, RowsSubset)
    assert (texts(subset), subset.lengths.tolist()) == (expected, [5, 4])


def test_pairs_that_are_read_are_those_of_the_source(held, monkeypatch):
    read = in_memory(Streamed(held), np.array([1, 2]), CLASSES_TARGET)
    assert isinstance(read, LabelledPairs)
    assert (texts(read), read.names, read.targets.tolist()) == (texts(held)[1:], ("b", "c"), [1, 0])
    assert texts(in_memory(Streamed(held), [0, 2], CLASSES_TARGET, draw=1)) == [("CGT", "CT"), ("Tacg", "Tacc")]
    monkeypatch.setattr("hyenadna_core.labelled.rows.AT_ONCE", 10)  # two of the longest rows
    assert [part.tolist() for part in all_targets(Streamed(held), CLASSES_TARGET)] == [[0, 1], [0]]
    assert next(all_targets(held, CLASSES_TARGET)) is held.targets


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((FIRST, SECOND[:2], CLASSES), "There are 3 first and 2 second sequences with 3 targets: give one of each"),
        ((FIRST, SECOND, CLASSES[:2]), "There are 2 targets for 3 sequences of 11 bases"),
        ((FIRST, SECOND, np.zeros(11, np.int32)), "3 first and 3 second sequences with 11 targets: give one of each"),
        ((FIRST, ["A", "", "C"], CLASSES), "The second sequence of the pair 2 is empty: add bases around"),
        ((["A", "C", ""], SECOND, CLASSES), "The first sequence of the pair 3 is empty: add bases around"),
    ],
)
def test_pairs_that_are_incomplete_are_one_line(arguments, message):
    with pytest.raises(HyenaDNAError, match=message):
        LabelledPairs.of(*arguments)


TABLE = "id,ref,alt,label\na,AC gt,acg,1\nb,,A,0\nc,A,,0\nd,A,NA,0\ne,G,T,0\n"


def test_a_table_with_two_sequence_columns_has_pairs(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text(TABLE)
    records = read_labelled(path, sequence_column=("alt", "ref"))
    assert records.sequences == [(b"acg", b"ACgt"), (b"T", b"G")]
    assert (records.names, records.labels) == (["a", "e"], [("1",), ("0",)])
    assert records.left_out == {
        "the sequence is empty": 2,
        "the sequence is NA, which stands for a missing value": 1,
    }
    assert read_labelled(path, sequence_column="ref").sequences == [b"ACgt", b"A", b"A", b"G"]
    assert read_labelled(path, sequence_column=["ref"]).names == ["a", "c", "d", "e"]
    with pytest.raises(HyenaDNAError, match="There are 3 sequence columns: choose one, or two for pairs"):
        read_labelled(path, sequence_column=("ref", "alt", "ref"))
    with pytest.raises(HyenaDNAError, match="has no column 'new'; its first line names id, ref, alt, label"):
        read_labelled(path, sequence_column=("ref", "new"))


def test_the_text_of_pairs_is_short():
    pairs = LabelledPairs.of(["ACG", "AC"], ["A", "ACGTA"], np.zeros(2, np.int32))
    assert repr(pairs) == "LabelledPairs(2 pairs of 3 to 5 bases)"
