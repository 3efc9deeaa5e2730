"""Damaged, cut and odd .mat files: each is one line."""

import h5py
import numpy as np
import pytest
import scipy.sparse
from hyenadna_chromatin import mat_files
from hyenadna_chromatin.arrays import ArrayRows, read_arrays
from hyenadna_chromatin.label_set import LabelSet
from scipy.io import savemat

from hyenadna_core import HyenaDNAError

LABELS = LabelSet(("a", "b", "c"), ())


@pytest.fixture
def of_three(random_bases, random_labels, one_hot):
    """One-hot bases and three labels of 20 rows."""
    return one_hot(random_bases(20)), random_labels(20, 3)


def rows_of(path):
    return ArrayRows(read_arrays(path, LABELS), path)


def is_one_line(path, message):
    with pytest.raises(HyenaDNAError, match=message) as caught:
        rows_of(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["bases", "labels"])
def test_a_v5_file_cut_anywhere_is_one_line(tmp_path, of_three, compressed, order):
    arrays = dict(zip(("trainxdata", "traindata"), of_three, strict=True))
    names = ["trainxdata", "traindata"] if order == "bases" else ["traindata", "trainxdata"]
    path = tmp_path / "a.mat"
    savemat(path, {name: arrays[name] for name in names}, do_compression=compressed)
    whole = path.read_bytes()
    assert len(rows_of(path)) == 20
    second = 128 + 8 + int.from_bytes(whole[132:136], "little")
    for cut in (129, 135, 136, 150, 190, second - 1, second + 3, second + 8, second + 20, second + 60, len(whole) - 1):
        path.write_bytes(whole[:cut])
        is_one_line(path, rf"a.mat is truncated: it has {cut:,} bytes of at least [\d,]+: copy or download it again\.$")
    for cut in (1, 60, 127):
        path.write_bytes(whole[:cut])
        is_one_line(path, "a.mat cannot be read as a .mat file: ")
    path.write_bytes(whole[:second])
    is_one_line(path, "a.mat has the arrays .*, and needs one pair")


def test_a_damaged_v5_file_is_one_line(tmp_path, of_three):
    path = tmp_path / "a.mat"
    savemat(path, {"trainxdata": of_three[0], "traindata": of_three[1]}, do_compression=True)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)
    is_one_line(path, r"a.mat is damaged: Error -3 .*: copy or download it again\.$")


def test_sparse_labels_are_those_of_dense_ones(tmp_path, of_three):
    bases, labels = of_three
    savemat(tmp_path / "a.mat", {"trainxdata": bases, "traindata": scipy.sparse.csc_matrix(labels.astype(float))})
    rows = rows_of(tmp_path / "a.mat")
    np.testing.assert_array_equal([rows.row(index)[1] for index in range(20)], labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full((20, 3), "1", object), r"has text, cells or complex numbers: each value must be 0 or 1\.$"),
        (np.full((20, 3), 1j), r"has text, cells or complex numbers"),
        (["101"] * 20, r"is \(20\), and must be \(20, 3\)"),
    ],
    ids=["cells", "complex", "text"],
)
def test_an_array_without_numbers_is_one_line(tmp_path, of_three, labels, message):
    savemat(tmp_path / "a.mat", {"trainxdata": of_three[0], "traindata": labels})
    is_one_line(tmp_path / "a.mat", rf"a.mat: traindata {message}")


def test_references_in_hdf5_are_one_line(tmp_path, of_three):
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file["trainxdata"] = of_three[0].transpose(2, 1, 0)
        cells = file.create_dataset("traindata", (3, 20), h5py.ref_dtype)
        cells[:] = file["trainxdata"].ref
    is_one_line(tmp_path / "a.mat", r"traindata has text, cells or complex numbers: each value must be 0 or 1\.$")


def test_an_empty_dataset_is_one_line(tmp_path, of_three):
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file["trainxdata"] = h5py.Empty("u1")
        file["traindata"] = of_three[1].T
    is_one_line(tmp_path / "a.mat", r"trainxdata is \(\) as MATLAB shows it, .* must be \(rows, 4, 1000\)")


@pytest.mark.parametrize("name", ["trainxdata", "traindata"])
def test_a_damaged_chunk_is_one_line(tmp_path, of_three, name, monkeypatch):
    monkeypatch.setattr(mat_files, "AT_ONCE", 10)
    path = tmp_path / "a.mat"
    with h5py.File(path, "w") as file:
        for own, array, chunks in zip(("trainxdata", "traindata"), of_three, ((1000, 4, 10), (3, 10)), strict=True):
            file.create_dataset(own, data=array.transpose(), chunks=chunks, compression="gzip", fletcher32=True)
        chunk = file[name].id.get_chunk_info(1)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 0xFF
    path.write_bytes(content)
    is_one_line(path, r"a.mat, rows 11 to 20: the file is damaged: .*: copy or download it again\.$")
