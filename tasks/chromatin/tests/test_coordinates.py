"""Coordinate tables: what a row reads, and each fault in one line."""

import gzip

import numpy as np
import pytest
from hyenadna_chromatin.coordinates import contig_of, read_coordinates
from hyenadna_chromatin.label_set import LabelSet, deepsea_labels
from hyenadna_chromatin.windows import Windows

from hyenadna_core import HyenaDNAError, open_genome
from hyenadna_core.testing import check_rows

THREE = LabelSet(("a", "b", "c"), ())
NAMES = ["y_a", "y_b", "y_c"]


@pytest.fixture
def windows(tmp_path, tiny_fasta, write_coordinates):
    """Return a function that reads rows with three labels as windows."""

    def read(rows, window=1000, contigs=None, names=NAMES):
        genome = open_genome(tiny_fasta(contigs=contigs or {"chr1": 3_000, "chrX": 2_000}))
        table = write_coordinates(tmp_path / "rows.csv", rows, names)
        return Windows(genome, read_coordinates(table, THREE), window, table)

    return read


def test_a_row_has_the_bases_and_labels_of_its_line(windows):
    rows = windows([(0, 0, 1000, (1, 0, 0)), (22, 900, 1900, (0, 1, 1)), (0, 2000, 3000, (0, 0, 0))])
    check_rows(rows)
    for index, (contig, start, labels) in enumerate(
        [("chr1", 0, [1, 0, 0]), ("chrX", 900, [0, 1, 1]), ("chr1", 2000, [0, 0, 0])]
    ):
        bases, read = rows.row(index)
        assert bases.tobytes() == rows.genome.read(contig, start, start + 1000).tobytes()
        assert read.tolist() == labels
        assert rows.name(index) == f"{contig}:{start}-{start + 1000}"


@pytest.mark.parametrize("window", [1000, 1001, 1002, 2048, 4000, 600])
def test_a_window_is_widened_on_both_sides_and_padded_with_n(windows, window):
    rows = windows([(0, 0, 1000, (1, 0, 0)), (0, 1500, 2500, (0, 0, 0)), (22, 1000, 2000, (0, 0, 0))], window)
    for index, (contig, start) in enumerate([("chr1", 0), ("chr1", 1500), ("chrX", 1000)]):
        whole = rows.genome.read(contig, 0, rows.genome.contigs[contig]).tobytes().decode()
        before = (window - 1000) // 2
        expected = "".join(
            whole[at] if 0 <= at < len(whole) else "N" for at in range(start - before, start - before + window)
        )
        assert rows.row(index)[0].tobytes().decode() == expected
    assert (rows.lengths == window).all()


@pytest.mark.parametrize(("one", "zero"), [("1", "0"), ("1.0", "0.0"), ("True", "False")])
def test_labels_are_read_as_numbers_or_words(windows, one, zero):
    assert windows([(0, 0, 1000, (one, zero, one))]).row(0)[1].tolist() == [1, 0, 1]


def test_places_in_columns_of_floats_are_read(windows):
    floats, whole = windows([("0.0", "100.0", "1100.0", (1, 0, 0))]), windows([(0, 100, 1100, (1, 0, 0))])
    assert floats.row(0)[0].tolist() == whole.row(0)[0].tolist()


def test_columns_with_the_names_of_the_labels_are_found_by_name(windows):
    assert windows([(0, 0, 1000, (1, 0, 0))], names=["y_c", "y_a", "y_b"]).row(0)[1].tolist() == [0, 0, 1]
    assert windows([(0, 0, 1000, (1, 0, 0))], names=["y_2", "y_0", "y_1"]).row(0)[1].tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["y_c", "y_b", "y_A"],
            r"has the column y_A, which is no label, and lacks y_a: name all columns after the labels",
        ),
        (["y_a", "y_b", "y_b"], r"has several columns of one name: y_b: name each once\.$"),
        (["y_0", "y_1", "y_0"], r"has several columns of one name: y_0: name each once\.$"),
    ],
)
def test_columns_of_which_some_have_names_of_labels_are_one_line(windows, names, message):
    with pytest.raises(HyenaDNAError, match=message):
        windows([(0, 0, 1000, (1, 0, 0))], names=names)


@pytest.mark.parametrize(("first", "second", "above"), [("1", "X", "numbers"), ("chr1", "22", "names")])
def test_numbers_and_names_of_chromosomes_in_a_table_are_one_line(windows, first, second, above):
    message = rf"row 2: Chr_No is {second}, and the rows above have {above}: numbers count from 0, so 22 is chrX"
    with pytest.raises(HyenaDNAError, match=message):
        windows([(first, 0, 1000, (1, 0, 0)), (second, 0, 1000, (1, 0, 0))])


def test_a_number_from_one_that_ends_behind_its_contig_hints_at_zero(windows):
    with pytest.raises(
        HyenaDNAError, match=r"chr2:2000-3000 is not on the contig, .*; a number in Chr_No counts from 0, so 0 is chr1"
    ):
        windows([("1", 2000, 3000, (1, 0, 0))], contigs={"chr1": 3_000, "chr2": 2_000})


def test_contigs_are_found_with_and_without_chr(windows):
    assert windows([(0, 0, 1000, (1, 0, 0))], contigs={"1": 1_500}).name(0) == "1:0-1000"
    assert windows([("1", 0, 1000, (1, 0, 0))], contigs={"chr2": 1_500}).name(0) == "chr2:0-1000"
    assert windows([("chr2", 0, 1000, (1, 0, 0))], contigs={"2": 1_500}).name(0) == "2:0-1000"


def test_a_number_of_a_chromosome_counts_from_zero():
    assert [contig_of(text, "") for text in ("0", "7", "21", "22", "23", "scaffold_4")] == [
        "chr1",
        "chr8",
        "chr22",
        "chrX",
        "chrY",
        "scaffold_4",
    ]


def test_a_table_is_read_once_and_again_when_it_changes(windows, tmp_path, monkeypatch):
    first = windows([(0, 0, 1000, (1, 0, 0))])
    with monkeypatch.context() as patched:
        patched.setattr("hyenadna_chromatin.coordinates.open_table", None)
        again = Windows(first.genome, read_coordinates(tmp_path / "rows.csv", THREE), 1000, tmp_path / "rows.csv")
    assert again.checksum == first.checksum
    assert windows([(0, 0, 1000, (1, 1, 0))]).checksum != first.checksum
    assert windows([(0, 1, 1001, (1, 0, 0))]).checksum != first.checksum


@pytest.mark.parametrize("name", ["labels.bin", "facts.json", "codes.npy", "starts.npy"])
@pytest.mark.parametrize("left", [None, b"", b"{ }", b"[1]"])
def test_a_damaged_cache_is_read_anew(windows, tmp_path, name, left):
    rows = windows([(0, 0, 1000, (1, 0, 0)), (0, 5, 1005, (0, 1, 1))])
    path = rows.kept.folder / name
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    again = read_coordinates(tmp_path / "rows.csv", THREE)
    assert again.checksum == rows.kept.checksum
    assert again.labels_of(1).tolist() == [0, 1, 1]
    assert (again.codes.tolist(), again.starts.tolist()) == ([0, 0], [0, 5])


def test_a_compressed_table_is_the_same(windows, tmp_path):
    rows = windows([(0, 0, 1000, (1, 0, 0))])
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress((tmp_path / "rows.csv").read_bytes()))
    assert read_coordinates(path, THREE).checksum == rows.kept.checksum


def test_more_rows_than_a_block_are_those_of_the_table(windows):
    random = np.random.default_rng(0)
    starts, labels = random.integers(0, 2_000, 5_000), random.integers(0, 2, (5_000, 3))
    rows = windows([(0, start, start + 1000, of_row) for start, of_row in zip(starts, labels, strict=True)])
    np.testing.assert_array_equal([rows.row(index)[1] for index in range(5_000)], labels)
    np.testing.assert_array_equal(rows.starts, starts)
    chosen = np.arange(0, 5_000, 7)
    np.testing.assert_array_equal(rows.kept.positives(chosen), labels[chosen].sum(axis=0))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((0, 0, 999, (1, 0, 0)), r"row 1: 0 to 999 are 999 bases, .* if they count from 1, subtract 1 from Start\.$"),
        ((0, 0, 200, (1, 0, 0)), r"row 1: 0 to 200 are 200 bases, and each window has 1,000, .*: make it so\.$"),
        (
            (0, "x", 1000, (1, 0, 0)),
            r"row 1: Start and End are x and 1000: they must be whole numbers of at most 12 digits\.$",
        ),
        ((0, "1_000", 2000, (1, 0, 0)), r"row 1: Start and End are 1_000 and 2000: they must be whole numbers"),
        ((0, 10**20, 10**20 + 1000, (1, 0, 0)), r"row 1: Start and End are 10{20} and 10{16}1000: they must be whole"),
        (("9" * 5000, 0, 1000, (1, 0, 0)), r"row 1: Chr_No is 9+.*: it counts from 0"),
        ((24, 0, 1000, (1, 0, 0)), r"row 1: Chr_No is 24: it counts from 0, so 0 is chr1, .*$"),
        (("", 0, 1000, (1, 0, 0)), r"row 1: Chr_No is empty: it counts from 0"),
        (("7.5", 0, 1000, (1, 0, 0)), r"row 1: Chr_No is 7\.5: it counts from 0"),
        ((0, "0.5", 1000, (1, 0, 0)), r"row 1: Start and End are 0\.5 and 1000: they must be whole numbers"),
        ((0, 0, 1000, (1, 2, 0)), r"row 1: the label b is 2: write 0 or 1\.$"),
        ((0, 0, 1000, (1, 0, "")), r"row 1: the label c is empty: write 0 or 1\.$"),
        ((0, 0, 1000, ("", "10", 0)), r"row 1: the label a is empty: write 0 or 1\.$"),
        ((0, 2500, 3500, (1, 0, 0)), r"row 1: chr1:2500-3500 is not on the contig, which has 3,000 bases in .*--chain"),
        ((0, -5, 995, (1, 0, 0)), r"row 1: chr1:-5-995 is not on the contig"),
        ((1, 0, 1000, (1, 0, 0)), r"rows.csv has the contig chr2, and .* has neither chr2 nor 2; it has chr1, chrX: "),
    ],
)
def test_a_faulty_row_is_one_line(windows, row, message):
    with pytest.raises(HyenaDNAError, match=message):
        windows([row])


def test_a_table_with_918_labels_is_one_line(tmp_path, write_coordinates):
    names = [f"y_{number}" for number in range(918)]
    table = write_coordinates(tmp_path / "rows.csv", [(0, 0, 1000, [0] * 918)], names)
    with pytest.raises(HyenaDNAError, match=r"rows.csv has 918 columns y_\.\.\., and there are 919 labels: .*--labels"):
        read_coordinates(table, deepsea_labels())


def test_a_table_without_rows_or_columns_is_one_line(tmp_path, write_coordinates):
    with pytest.raises(HyenaDNAError, match=r"empty.csv has no rows below its first line"):
        read_coordinates(write_coordinates(tmp_path / "empty.csv", [], NAMES), THREE)
    (tmp_path / "other.csv").write_text("chrom,Start,End,y_a,y_b,y_c\n")
    with pytest.raises(HyenaDNAError, match=r"other.csv has no column"):
        read_coordinates(tmp_path / "other.csv", THREE)
    with pytest.raises(HyenaDNAError, match=r"Cannot read .*nothing.csv: No such file"):
        read_coordinates(tmp_path / "nothing.csv", THREE)
    with pytest.raises(HyenaDNAError, match=r"is not a regular file"):
        read_coordinates(tmp_path, THREE)


def test_a_failed_reading_keeps_nothing(windows, tmp_path):
    with pytest.raises(HyenaDNAError):
        windows([(0, 0, 1000, (1, 0, 0)), (0, 0, 1000, (1, 0, 7))])
    with pytest.raises(HyenaDNAError, match="row 2"):
        read_coordinates(tmp_path / "rows.csv", THREE)
