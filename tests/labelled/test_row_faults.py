"""Each fault of a source of rows is one line that names the row and the fault."""

import numpy as np
import pytest

from hyenadna_core import HyenaDNAError, RowsSubset, Target
from hyenadna_core.labelled.row_faults import check_source
from hyenadna_core.labelled.rows import all_targets, in_memory, read_many
from hyenadna_core.labelled.targets import check_names

BASES = np.frombuffer(b"ACGTAC", np.uint8)
GOOD = {"classes": 1, "labels": [0, 1], "regression": [0.5, -3], "bases": [0, 1, -1, 1]}
FAULTY = 2  # the row with the fault


class Rows:
    """A source of four rows of four bases; `faulty` is what it gives for one of them."""

    checksum, lengths = "four", np.full(4, 4, np.int32)

    def __init__(self, kind="classes", faulty=None):
        self.good = BASES[:4], GOOD[kind]
        self.faulty = self.good if faulty is None else faulty

    def __len__(self):
        return 4

    def row(self, index):
        row = self.faulty if index == FAULTY else self.good
        if isinstance(row, Exception):
            raise row
        return row

    def name(self, index):
        return f"chr1:{index}"


class Windows(Rows):
    """Rows with windows for training."""

    row = Rows.row

    def window(self, draw, index):
        return Rows.row(self, index)


class Many(Rows):
    """Rows that are read several at once."""

    def many(self, indices):
        return [self.row(index) for index in indices]


def target_of(kind):
    return Target(kind, ("a", "b"))


def with_(source=Rows, **attributes):
    return type("Rows", (source,), attributes)()


@pytest.mark.parametrize("source", [Rows, Windows, Many])
@pytest.mark.parametrize("kind", GOOD)
def test_good_rows_are_read_whatever_type_their_numbers_have(kind, source):
    read = in_memory(source(kind), [0, 3], target_of(kind), draw=1)
    np.testing.assert_array_equal(read.targets, GOOD[kind] * 2 if kind == "bases" else [GOOD[kind]] * 2)
    assert (read.names, read.bases.tobytes()) == (("chr1:0", "chr1:3"), b"ACGTACGT")
    typed = {"classes": np.int64(1), "labels": np.array([False, True]), "regression": np.array([0.5, -3], np.float32)}
    row = BASES[:4], typed.get(kind, np.array(GOOD[kind], np.int8))
    np.testing.assert_array_equal(in_memory(source(kind, row), [FAULTY], target_of(kind)).row(0)[1], GOOD[kind])


def test_yes_and_no_are_the_numbers_1_and_0():
    for kind, target, dtype in (("classes", np.True_, np.int32), ("labels", np.array([False, True]), np.float32)):
        read = in_memory(Rows(kind, (BASES[:4], target)), [FAULTY], target_of(kind)).targets
        np.testing.assert_array_equal(read, [np.asarray(target)])
        assert read.dtype == dtype


FORM = r"return an array \(L,\) of uint8"
PAIR = BASES[:3], BASES[:4]
FAULTS = [
    ("classes", None, r"is None \(NoneType\): return the bases and the target"),
    ("classes", (BASES[:4],), r"is \(array.*: return the bases and the target"),
    ("classes", (b"ACGT", 1), rf"has as bases b'ACGT' \(bytes\): {FORM}"),
    ("classes", ("ACGT", 1), rf"has as bases 'ACGT' \(str\): {FORM}"),
    ("classes", (BASES[:4].astype(np.int32), 1), rf"has as bases an array \(4,\) of int32: {FORM}"),
    ("classes", (BASES[:4].reshape(2, 2), 1), rf"has as bases an array \(2, 2\) of uint8: {FORM}"),
    ("classes", (BASES[:0], 1), "has a sequence without bases"),
    ("classes", (BASES[:3], 1), "has 3 bases, and lengths says 4: the two must agree"),
    ("classes", (BASES, 1), "has 6 bases, and lengths says 4: the two must agree"),
    ("classes", (PAIR, 1), "has two sequences in place of one"),
    ("classes", ((*PAIR, PAIR[0]), 1), "has two sequences in place of one"),
    ("classes", (BASES[:4], 2), "has the target 2: classes are whole numbers from 0 to 1"),
    ("classes", (BASES[:4], -1), "has the target -1: classes are whole numbers from 0 to 1"),
    ("classes", (BASES[:4], 1.0), "has the target 1.0: classes are whole numbers"),
    ("classes", (BASES[:4], "b"), "has the target b: classes are whole numbers"),
    ("classes", (BASES[:4], None), "has the target None: classes are whole numbers"),
    ("classes", (BASES[:4], [1]), r"has a target of the shape \(1,\): the kind classes has \(\) here"),
    ("labels", (BASES[:4], [0]), r"has a target of the shape \(1,\): the kind labels has \(2,\) here"),
    ("labels", (BASES[:4], [[0], [1, 0]]), r"has as target \[\[0\], \[1, 0\]\] \(list\): .* the shape \(2,\)"),
    ("labels", (BASES[:4], [0, 2]), "has the target 2 at 1: each label is 0 or 1"),
    ("labels", (BASES[:4], [0, np.nan]), "has the target nan at 1: each label is 0 or 1"),
    ("regression", (BASES[:4], 0.5), r"has a target of the shape \(\): the kind regression has \(2,\) here"),
    ("regression", (BASES[:4], [0.5, np.inf]), "has the target inf at 1: each quantity is a finite number"),
    ("regression", (BASES[:4], [np.nan, 1]), "has the target nan at 0: each quantity is a finite number"),
    (
        "regression",
        (BASES[:4], [1e39, 1]),
        r"has the target 1e.39 at 0: each quantity is a finite number that fits float32",
    ),
    ("bases", (BASES[:4], [0, 1, 1]), r"has a target of the shape \(3,\): the kind bases has \(4,\) here"),
    ("bases", (BASES[:4], 1), r"has a target of the shape \(\): the kind bases has \(4,\) here"),
    ("bases", (BASES[:4], [0, 1, 2, 0]), "has the target 2 at 2: bases are whole numbers from -1 to 1"),
    ("bases", (BASES[:4], [0, 1, -2, 0]), "has the target -2 at 2: bases are whole numbers from -1 to 1"),
    ("bases", (BASES[:4], [0.0, 1, 1, 0]), "has the target 0.0 at 0: bases are whole numbers from -1 to 1"),
]


@pytest.mark.parametrize("source", [Rows, Many])
@pytest.mark.parametrize(("kind", "faulty", "message"), FAULTS)
def test_a_faulty_row_is_one_line_with_its_place(kind, faulty, message, source):
    rows = source(kind)
    rows.faulty = faulty
    place = rf"^row\(2\) of {source.__name__} \(chr1:2\) "
    with pytest.raises(HyenaDNAError, match=place + message):
        in_memory(rows, [0, 1, FAULTY, 3], target_of(kind))
    with pytest.raises(HyenaDNAError, match=place):  # the row of the source
        in_memory(RowsSubset(rows, [1, FAULTY]), np.array([0, 1]), target_of(kind))
    with pytest.raises(HyenaDNAError, match=place):
        list(all_targets(rows, target_of(kind)))


def test_pairs_have_two_sequences_and_no_target_of_bases():
    rows = Rows("classes")
    rows.good = PAIR, 1
    for sides, message in (
        (PAIR[:1], "has 1 sequences: return two for a pair"),
        ((BASES[:2], BASES[:3]), "has 3 bases, and lengths says 4"),
        ((BASES[:4], BASES[:0]), "has a sequence without bases"),
        ((BASES[:4], "ACG"), "has as bases 'ACG'"),
        (BASES[:4], "has one sequence in place of two"),
    ):
        rows.faulty = sides, 1
        with pytest.raises(HyenaDNAError, match=rf"^row\(2\) of Rows \(chr1:2\) {message}"):
            in_memory(rows, [0, FAULTY], target_of("classes"))


def test_a_window_is_at_most_as_long_as_its_row():
    for bases, message in ((BASES, "6 bases, and lengths says at most 4"), (BASES[:0], "a sequence without bases")):
        with pytest.raises(HyenaDNAError, match=rf"^window\(draw, 2\) of Windows \(chr1:2\) has {message}"):
            in_memory(Windows("classes", (bases, 1)), [FAULTY], target_of("classes"), draw=1)
    assert len(in_memory(Windows("classes", (BASES[:2], 1)), [FAULTY], target_of("classes"), draw=1).bases) == 2
    with pytest.raises(HyenaDNAError, match=r"^row\(2\) of Windows .* has 2 bases, and lengths says 4"):
        in_memory(Windows("classes", (BASES[:2], 1)), [FAULTY], target_of("classes"))


@pytest.mark.parametrize("error", [StopIteration(), ValueError("no file\nmore"), KeyError("x"), AssertionError()])
def test_an_error_of_a_source_is_one_line_with_its_cause(error):
    first = "no file" if isinstance(error, ValueError) else ""
    raised = f"raised {type(error).__name__}: {first}"
    places = {r"row\(2\) of Rows": (Rows, None), r"window\(draw, 2\) of Windows": (Windows, 1)}
    for place, (source, draw) in (places | {r"many\(1, 2\) of Many": (Many, None)}).items():
        for rows, indices in ((source(faulty=error), [1, 2]), (RowsSubset(source(faulty=error), [0, 1, 2]), [1, 2])):
            with pytest.raises(HyenaDNAError, match=f"^{place} {raised}") as caught:
                read_many(rows, indices, draw)
            assert (caught.value.__cause__, "\n" in str(caught.value)) == (error, False)


@pytest.mark.parametrize("error", [HyenaDNAError("The genome has no chr9."), MemoryError(), KeyboardInterrupt()])
def test_other_errors_stay_what_they_are(error):
    rows = Rows()
    rows.row = lambda index: (_ for _ in ()).throw(error)
    with pytest.raises(type(error)) as caught:
        read_many(rows, [0])
    assert caught.value is error


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"name": lambda self, index: index}, r"name\(0\) of Rows is 0 \(int\): return text"),
        ({"name": lambda self, index: f"chr{index}\ud800"}, r"name\(0\) of Rows is 'chr0\\ud800' \(str\): return text"),
        ({"name": lambda self, index: [][index]}, r"name\(0\) of Rows raised IndexError: list index out of range"),
        ({"many": lambda self, indices: [self.row(0)]}, "many of Rows gave 1 rows for 4 indices"),
    ],
)
def test_names_and_rows_read_at_once_are_checked(attributes, message):
    with pytest.raises(HyenaDNAError, match=message):
        in_memory(with_(**attributes), range(4), target_of("classes"))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"__len__": lambda self: 0}, "are none: return None for a split without rows"),
        ({"__len__": None}, "have no method __len__: write it"),
        ({"name": "chr1"}, "have no method name: write it"),
        ({"lengths": [4] * 4}, r"have as lengths \[4, 4, 4, 4\] \(list\): give an array \(n,\) of int32 or int64"),
        ({"lengths": np.full(4, 4.0)}, r"have as lengths an array \(4,\) of float64"),
        ({"lengths": np.full(4, 4, np.uint16)}, r"have as lengths an array \(4,\) of uint16"),
        ({"lengths": np.full((4, 1), 4)}, r"have as lengths an array \(4, 1\) of int64"),
        ({"lengths": np.full(3, 4)}, "are 4, and there are 3 lengths: give one for each row"),
        ({"lengths": np.array([4, 4, 0, 4])}, "have the length 0 at row 2: leave out empty rows"),
        ({"lengths": np.broadcast_to(-1, 4)}, "have the length -1 at row 0: leave out empty rows"),
        ({"checksum": ""}, r"have as checksum '' \(str\): give a text"),
        ({"checksum": b"abc"}, r"have as checksum b'abc' \(bytes\): give a text"),
    ],
)
def test_a_faulty_source_is_one_line_before_a_row_is_read(attributes, message):
    check_source(Rows(), "train", "peaks")
    with pytest.raises(HyenaDNAError, match=rf"^The valid rows of peaks \(Rows\) {message}"):
        check_source(with_(**attributes), "valid", "peaks")


def test_an_error_of_lengths_or_checksum_is_one_line_with_its_cause():
    for name in ("lengths", "checksum"):
        with pytest.raises(HyenaDNAError, match=f"^{name} of Rows raised KeyError: 'size'") as caught:
            check_source(with_(**{name: property(lambda self: {}["size"])}), "train", "peaks")
        assert isinstance(caught.value.__cause__, KeyError)


def test_a_target_has_one_name_for_each_label():
    check_names(target_of("labels"), "peaks")
    with pytest.raises(HyenaDNAError, match=r"^The target of peaks has a name more than once: a: name each once"):
        check_names(Target("labels", ("a", "b", "a")), "peaks")
    with pytest.raises(HyenaDNAError, match=r"^The target of peaks has no names: name its labels"):
        check_names(Target("labels", ()), "peaks")
