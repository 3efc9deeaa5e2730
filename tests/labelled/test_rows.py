import numpy as np
import pytest

from hyenadna_core import HyenaDNAError, LabelledSequences, RowsSubset, Target
from hyenadna_core.labelled.rows import all_targets, in_memory, read_many, take_rows

SEQUENCES = ["ACGT", "GG", "TTacg", "CA"]
CLASSES = np.array([0, 1, 0, 1], np.int32)
CLASSES_TARGET = Target("classes", ("no", "yes"))


class Streamed:
    """The rows of arrays, read one at a time."""

    def __init__(self, held):
        self.held, self.checksum, self.lengths = held, "streamed", held.lengths

    def __len__(self):
        return len(self.held)

    def row(self, index):
        return self.held.row(index)

    def name(self, index):
        return f"row {index}"


class Drawn(Streamed):
    """Rows with windows for training that begin at the step."""

    def window(self, draw, index):
        bases, target = self.row(index)
        return bases[int(draw) :], target

    def many(self, indices):
        return [self.row(index) for index in indices]


@pytest.fixture
def held():
    return LabelledSequences.of(SEQUENCES, CLASSES, ["a", "b", "c", "d"])


def texts(rows):
    return [bytes(rows.row(index)[0]).decode() for index in range(len(rows))]


def test_sequences_in_memory_are_a_source(held):
    bases, target = held.row(2)
    assert (bytes(bases), int(target), held.name(2)) == (b"TTacg", 0, "c")
    assert held.checksum != LabelledSequences.of(SEQUENCES, 1 - CLASSES).checksum
    assert held.checksum == LabelledSequences.of(SEQUENCES, CLASSES).checksum


@pytest.mark.parametrize("source", [Streamed, Drawn])
def test_a_subset_has_the_rows_of_its_source_in_the_given_order(held, source):
    rows = source(held)
    part = take_rows(rows, [3, 0, 3])
    assert isinstance(part, RowsSubset)
    assert texts(part) == ["CA", "ACGT", "CA"]
    assert [part.name(place) for place in range(3)] == ["row 3", "row 0", "row 3"]
    np.testing.assert_array_equal(part.lengths, [2, 4, 2])
    assert part.checksum not in (rows.checksum, take_rows(rows, [3, 0]).checksum)
    assert hasattr(part, "window") == hasattr(rows, "window")
    assert texts(take_rows(part, [1])) == ["ACGT"]
    assert [bytes(bases) for bases, _ in read_many(part, [2, 1])] == [b"CA", b"ACGT"]
    assert isinstance(take_rows(held, [1]), LabelledSequences)


def test_a_subset_of_rows_that_are_not_there_is_refused(held):
    with pytest.raises(HyenaDNAError, match="A subset has rows 0 to 4 of 4 rows"):
        RowsSubset(Streamed(held), [0, 4])


def test_equal_lengths_of_a_subset_take_no_memory(held):
    rows = Streamed(held)
    rows.lengths = np.broadcast_to(2, 4)
    assert RowsSubset(rows, [1, 3, 1]).lengths.strides == (0,)
    np.testing.assert_array_equal(RowsSubset(rows, [1, 3, 1]).lengths, [2, 2, 2])


def test_windows_are_those_of_the_draw_and_only_with_a_draw(held):
    rows = RowsSubset(Drawn(held), [2, 0])
    assert [bytes(bases) for bases, _ in read_many(rows, [0, 1], draw=1)] == [b"Tacg", b"CGT"]
    assert [bytes(bases) for bases, _ in read_many(rows, [0, 1])] == [b"TTacg", b"ACGT"]
    assert [bytes(bases) for bases, _ in read_many(Streamed(held), [0], draw=1)] == [b"ACGT"]


def test_rows_that_are_read_into_memory_are_those_of_the_source(held):
    read = in_memory(Streamed(held), np.array([2, 0]), CLASSES_TARGET)
    assert texts(read) == ["TTacg", "ACGT"]
    assert (read.targets.tolist(), read.names) == ([0, 0], ("row 2", "row 0"))
    assert read.bases.dtype == np.uint8
    bases = LabelledSequences.of(SEQUENCES, np.arange(13, dtype=np.int32))
    np.testing.assert_array_equal(
        in_memory(Streamed(bases), [1, 3], Target("bases", tuple("abcdefghijklm"))).targets, [4, 5, 11, 12]
    )


def test_all_targets_come_in_order_whatever_is_read_at_once(held, monkeypatch):
    monkeypatch.setattr("hyenadna_core.labelled.rows.AT_ONCE", 10)  # two of the longest rows
    parts = list(all_targets(Streamed(held), CLASSES_TARGET))
    assert [part.tolist() for part in parts] == [[0, 1], [0, 1]]
    assert next(all_targets(held, CLASSES_TARGET)) is held.targets
