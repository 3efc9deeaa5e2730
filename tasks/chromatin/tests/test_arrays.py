"""The arrays of DeepSEA in MATLAB v7.3 and v5: what a row reads, and each fault in one line."""

import h5py
import numpy as np
import pytest
from hyenadna_chromatin import arrays as module
from hyenadna_chromatin import mat_files
from hyenadna_chromatin.arrays import ArrayRows, codes_of, read_arrays
from hyenadna_chromatin.label_set import LabelSet, deepsea_labels

from hyenadna_core import HyenaDNAError
from hyenadna_core.testing import check_rows

COMPLEMENT = bytes.maketrans(b"ACGT", b"TGCA")


@pytest.fixture(params=["v7.3", "v5"])
def write(request, write_hdf5, write_v5):
    """Return a function that writes either format."""
    return write_hdf5 if request.param == "v7.3" else write_v5


def rows_of(path, forward=False, labels=919):
    own = deepsea_labels() if labels == 919 else LabelSet(tuple(map(str, range(labels))), ())
    return ArrayRows(read_arrays(path, own), path, forward)


def test_rows_are_those_that_were_written(tmp_path, write, random_bases, random_labels, one_hot):
    bases, labels = random_bases(20), random_labels(20)
    rows = rows_of(write(tmp_path / "train.mat", one_hot(bases), labels, "train"))
    check_rows(rows, seq_len=1000)
    assert len(rows) == 20
    assert rows.kept.facts["unknown"] == 0
    for index in range(20):
        read, of_row = rows.row(index)
        assert read.tobytes() == bases[index].tobytes()
        np.testing.assert_array_equal(of_row, labels[index])
    np.testing.assert_array_equal(rows.kept.positives(np.arange(3, 9)), labels[3:9].sum(axis=0))


@pytest.mark.parametrize("chunks", [None, (1000, 4, 3), (10, 1, 7), (1000, 4, 50)])
def test_rows_do_not_depend_on_the_chunks_of_the_file(
    tmp_path, write_hdf5, random_bases, random_labels, one_hot, chunks, monkeypatch
):
    monkeypatch.setattr(mat_files, "AT_ONCE", 8)
    monkeypatch.setattr(module, "AT_ONCE", 5)
    bases, labels = random_bases(50), random_labels(50, 9)
    rows = rows_of(write_hdf5(tmp_path / "train.mat", one_hot(bases), labels, chunks=chunks), labels=9)
    assert b"".join(rows.row(index)[0].tobytes() for index in range(50)) == bases.tobytes()
    np.testing.assert_array_equal([rows.row(index)[1] for index in range(50)], labels)


def test_both_formats_have_the_same_checksum(tmp_path, write_hdf5, write_v5, random_bases, random_labels, one_hot):
    bases, labels = one_hot(random_bases(4)), random_labels(4)
    one = rows_of(write_hdf5(tmp_path / "a.mat", bases, labels))
    other = rows_of(write_v5(tmp_path / "b.mat", bases.astype(float), labels.astype(bool)))
    assert one.checksum == other.checksum
    labels[3, 918] ^= 1
    assert rows_of(write_v5(tmp_path / "c.mat", bases, labels)).checksum != one.checksum


def test_bases_without_a_one_are_n_and_counted(tmp_path, write, random_bases, random_labels, one_hot, capsys):
    bases = random_bases(2).copy()
    bases[1, 10:13] = ord("N")
    rows = rows_of(write(tmp_path / "valid.mat", one_hot(bases), random_labels(2), "valid"))
    assert rows.row(1)[0].tobytes() == bases[1].tobytes()
    assert "3 bases of " in capsys.readouterr().err


def test_no_rc_drops_the_half_with_reverse_complements(
    tmp_path, write, random_bases, random_labels, one_hot, monkeypatch
):
    bases, labels = random_bases(6), random_labels(6)
    other = np.array([np.frombuffer(row.tobytes().translate(COMPLEMENT)[::-1], np.uint8) for row in bases])
    both = np.concatenate([bases, other]), np.concatenate([labels, labels])
    path = write(tmp_path / "train.mat", one_hot(both[0]), both[1], "train")
    assert len(rows_of(path)) == 12
    rows = rows_of(path, forward=True)
    assert len(rows) == 6
    assert rows.row(5)[0].tobytes() == bases[5].tobytes()
    assert rows.checksum != rows_of(path).checksum
    monkeypatch.setattr(module, "FOLD_ROWS", 2)
    for of_fold in (rows_of(path).groups(np.arange(12)).reshape(2, 6), rows.groups(np.arange(6))[None]):
        np.testing.assert_array_equal(of_fold, [[0, 0, 1, 1, 2, 2]] * len(of_fold))  # both strands of a window together


@pytest.mark.parametrize("change", ["bases", "labels", "odd"])
def test_no_rc_refuses_other_halves(tmp_path, write, random_bases, random_labels, one_hot, change):
    bases, labels = random_bases(6), random_labels(6)
    other = np.array([np.frombuffer(row.tobytes().translate(COMPLEMENT)[::-1], np.uint8) for row in bases])
    both, of_both = np.concatenate([bases, other]), np.concatenate([labels, labels])
    if change == "bases":
        both[7, 500] = ord("A") if both[7, 500] != ord("A") else ord("C")
    elif change == "labels":
        of_both[8, 3] ^= 1
    else:
        both, of_both = both[:-1], of_both[:-1]
    path = write(tmp_path / "train.mat", one_hot(both), of_both, "train")
    with pytest.raises(HyenaDNAError, match=r"The second half of the 1[12] rows of .* --no-rc\.$"):
        rows_of(path, forward=True)


def test_codes_are_those_of_each_base_one_by_one(random_bases, one_hot, tmp_path):
    bases = random_bases(3, 40).copy()
    bases[0, 0] = ord("N")
    codes = codes_of(one_hot(bases), tmp_path, 0)
    assert [["AGCTN"[code] for code in row] for row in codes] == [list(row.tobytes().decode()) for row in bases]


@pytest.mark.parametrize(
    ("value", "place", "message"),
    [
        (2, (1, 0, 4), r"row 2: base 5 has 2 in channel A: one-hot bases are 0 or 1"),
        (1, (1, slice(None), 4), r"row 2: base 5 has 4 channels with a 1, and should have one: is the order"),
        (0, (1,), r"row 2 has no base with a 1: remove the row"),
    ],
)
def test_bases_that_are_not_one_hot_are_one_line(
    tmp_path, write, random_bases, random_labels, one_hot, value, place, message
):
    bases = one_hot(random_bases(3))
    bases[place] = value
    with pytest.raises(HyenaDNAError, match=message):
        rows_of(write(tmp_path / "train.mat", bases, random_labels(3), "train"))


def test_a_fraction_is_no_base(tmp_path, write, random_bases, random_labels, one_hot):
    bases = one_hot(random_bases(2)).astype(np.float64)
    bases[0, 2, 7] = 0.25
    with pytest.raises(HyenaDNAError, match=r"row 1: base 8 has 0\.25 in channel C"):
        rows_of(write(tmp_path / "train.mat", bases, random_labels(2), "train"))


def test_labels_that_are_not_0_or_1_are_one_line(tmp_path, write, random_bases, random_labels, one_hot):
    labels = random_labels(3)
    labels[2, 6] = 5
    with pytest.raises(HyenaDNAError, match=r"row 3: label 7 is 5: labels are 0 or 1\.$"):
        rows_of(write(tmp_path / "train.mat", one_hot(random_bases(3)), labels, "train"))


@pytest.mark.parametrize(
    ("order", "shape"), [((0, 2, 1), r"\(3, 1000, 4\)"), ((2, 1, 0), r"\(1000, 4, 3\)")], ids=["channels", "reversed"]
)
def test_another_order_of_axes_is_one_line(tmp_path, write, random_bases, random_labels, one_hot, order, shape):
    bases = one_hot(random_bases(3)).transpose(order)
    with pytest.raises(HyenaDNAError, match=rf"trainxdata is {shape} as MATLAB shows it, .* must be \(rows, 4, 1000\)"):
        rows_of(write(tmp_path / "train.mat", bases, random_labels(3), "train"))


@pytest.mark.parametrize(("rows", "labels"), [(3, 918), (2, 919)])
def test_labels_of_another_shape_are_one_line(tmp_path, write, random_bases, random_labels, one_hot, rows, labels):
    path = write(tmp_path / "train.mat", one_hot(random_bases(3)), random_labels(rows, labels), "train")
    with pytest.raises(HyenaDNAError, match=rf"traindata is \({rows}, {labels}\), and must be \(3, 919\).*--labels"):
        rows_of(path)


def test_missing_arrays_are_one_line(tmp_path, write_v5, random_labels):
    from scipy.io import savemat

    savemat(tmp_path / "a.mat", {"seq": random_labels(2), "traindata": random_labels(2)})
    with pytest.raises(HyenaDNAError, match=r"a.mat has the arrays seq, traindata, and needs one pair such as"):
        rows_of(tmp_path / "a.mat")
    with h5py.File(tmp_path / "b.mat", "w") as file:
        file["trainxdata"] = np.zeros((1000, 4, 2), np.uint8)
    with pytest.raises(HyenaDNAError, match=r"b.mat has the arrays trainxdata, and needs one pair"):
        rows_of(tmp_path / "b.mat")


def test_a_file_of_another_format_is_one_line(tmp_path, write_hdf5, random_bases, random_labels, one_hot):
    (tmp_path / "a.mat").write_bytes(b"no matrix" * 40)
    with pytest.raises(HyenaDNAError, match=r"a.mat cannot be read as a .mat file"):
        rows_of(tmp_path / "a.mat")
    (tmp_path / "empty.mat").write_bytes(b"")
    with pytest.raises(HyenaDNAError, match=r"empty.mat cannot be read as a .mat file"):
        rows_of(tmp_path / "empty.mat")
    path = write_hdf5(tmp_path / "cut.mat", one_hot(random_bases(3)), random_labels(3))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(HyenaDNAError, match=r"cut.mat cannot be read as"):
        rows_of(path)


def test_chunks_that_are_too_large_are_one_line(
    tmp_path, write_hdf5, random_bases, random_labels, one_hot, monkeypatch
):
    monkeypatch.setattr(mat_files, "LARGEST", 10_000)
    path = write_hdf5(tmp_path / "train.mat", one_hot(random_bases(6)), random_labels(6), chunks=(10, 4, 3))
    with pytest.raises(HyenaDNAError, match=r"has chunks of 3 rows, .* h5repack -l trainxdata:CHUNK=1000x4x256"):
        rows_of(path)


def test_a_large_v5_file_says_how_much_memory_it_takes(
    tmp_path, write_v5, random_bases, random_labels, one_hot, monkeypatch, capsys
):
    monkeypatch.setattr(mat_files, "LARGE", 1)
    rows_of(write_v5(tmp_path / "test.mat", one_hot(random_bases(3)), random_labels(3), "test"))
    assert "test.mat is MATLAB v5, which is read whole, once: at most 0.0 GB of memory." in capsys.readouterr().err


def test_the_memory_of_a_v5_file_counts_the_bytes_of_its_numbers(
    tmp_path, write_v5, random_bases, random_labels, one_hot, monkeypatch, capsys
):
    monkeypatch.setattr(mat_files, "LARGE", 10 * 4000 * 4)
    rows_of(write_v5(tmp_path / "a.mat", one_hot(random_bases(10)), random_labels(10), "test"))
    assert not capsys.readouterr().err
    rows_of(write_v5(tmp_path / "b.mat", one_hot(random_bases(10)).astype(np.float32), random_labels(10), "test"))
    assert "b.mat is MATLAB v5" in capsys.readouterr().err
