"""Vectors of .h5ad, .parquet, .npz and .npy, as our own command and other models write them."""

import sys

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.vectors.columns import texts
from hyenadna_core.vectors.reading import read_vectors

NAMES = ["a", "b", "c"]
MEAN = np.arange(12, dtype=np.float32).reshape(3, 4)
MAX = MEAN + 0.5
START = np.array([10, 20, 30])
CHROM = np.array(["chr1", "chr1", "chr2"])


def write_h5ad(path, sparse=False, matrix=MEAN, names=NAMES, **obsm):
    anndata, pandas = pytest.importorskip("anndata"), pytest.importorskip("pandas")
    from scipy.sparse import csr_matrix

    def of_objects(texts):  # anndata 0.12 writes no text of Arrow, which pandas 3 makes by itself
        return pandas.Index(np.array(texts, dtype=object), dtype=object)

    chrom = pandas.Categorical.from_codes([0, 0, 1], of_objects(["chr1", "chr2"]))
    obs = pandas.DataFrame({"chrom": chrom, "start": START, "kept": [True, False, True]}, of_objects(names))
    var = pandas.DataFrame(index=of_objects([f"d{k}" for k in range(matrix.shape[1])]))
    anndata.AnnData(csr_matrix(matrix) if sparse else matrix, obs, var, obsm=obsm).write_h5ad(path)


def write_parquet(path, **more):
    import pyarrow
    from pyarrow import parquet

    vectors = {
        kind: pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(values.ravel()), values.shape[1])
        for kind, values in (("mean", MEAN), ("max", MAX))
    }
    parquet.write_table(pyarrow.table({"name": NAMES, "chrom": CHROM, "start": START, **vectors, **more}), path)


def write_npz(path, **more):
    np.savez(path, **({"names": np.array(NAMES), "chrom": CHROM, "start": START, "mean": MEAN, "max": MAX} | more))


def write_npy(path):
    np.save(path, MEAN)
    rows = "".join(f"{row[0]}\t{row[1]}\t{row[2]}\n" for row in zip(NAMES, CHROM, START, strict=True))
    path.with_suffix(".tsv").write_text(f"name\tchrom\tstart\n{rows}")


def write_all_kinds_of_h5ad(path):
    write_h5ad(path, max=MAX)


WRITERS = {".h5ad": write_all_kinds_of_h5ad, ".parquet": write_parquet, ".npz": write_npz, ".npy": write_npy}


@pytest.mark.parametrize("suffix", WRITERS)
def test_each_format_gives_the_first_vectors_their_names_and_columns(suffix, tmp_path):
    WRITERS[suffix](tmp_path / f"v{suffix}")
    vectors = read_vectors(tmp_path / f"v{suffix}")
    assert vectors.names == NAMES
    np.testing.assert_array_equal(vectors.values, MEAN)
    assert texts(vectors.columns["chrom"]) == CHROM.tolist()
    assert texts(vectors.columns["start"]) == ["10", "20", "30"]


@pytest.mark.parametrize("suffix", [".h5ad", ".parquet", ".npz"])
def test_which_names_other_vectors_and_a_line_tells_of_them(suffix, tmp_path, capsys):
    path = tmp_path / f"v{suffix}"
    WRITERS[suffix](path)
    np.testing.assert_array_equal(read_vectors(path, "max").values, MAX)
    assert capsys.readouterr().err == ""
    read_vectors(path)
    assert "--which takes max" in capsys.readouterr().err
    with pytest.raises(HyenaDNAError, match=r"has no vectors 'min': choose one of (X|mean), max"):
        read_vectors(path, "min")


def test_h5ad_may_be_sparse_and_obsm_may_have_the_prefix_of_scanpy(tmp_path):
    write_h5ad(tmp_path / "v.h5ad", sparse=True, X_pca=MAX)
    vectors = read_vectors(tmp_path / "v.h5ad", "X")
    np.testing.assert_array_equal(vectors.values, MEAN)
    assert texts(vectors.columns["kept"]) == ["1", "0", "1"]
    np.testing.assert_array_equal(read_vectors(tmp_path / "v.h5ad", "pca").values, MAX)


def test_a_wide_table_of_another_model_has_a_column_for_each_number(tmp_path, capsys):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"start": START, "label": [0, 1, 0], "family": [7, 7, 8], "chrom": CHROM})
    for number in range(4):
        table[f"e{number}"] = MEAN[:, number]
    table.index = pandas.Index(NAMES, name="id")
    table.to_parquet(tmp_path / "wide.parquet")
    vectors = read_vectors(tmp_path / "wide.parquet", not_vectors=["family"])
    np.testing.assert_array_equal(vectors.values, MEAN)
    assert vectors.names == NAMES
    assert set(vectors.columns) == {"start", "label", "family", "chrom"}
    assert "the vectors are 4 columns of numbers: e0, e1, e2, e3" in capsys.readouterr().err


def test_lists_of_any_type_of_list_are_vectors(tmp_path):
    import pyarrow
    from pyarrow import parquet

    for kind in (pyarrow.list_(pyarrow.float64()), pyarrow.large_list(pyarrow.float32())):
        column = pyarrow.array(MEAN.tolist(), kind)
        parquet.write_table(pyarrow.table({"name": NAMES, "of": column}), tmp_path / "v.parquet")
        np.testing.assert_array_equal(read_vectors(tmp_path / "v.parquet").values, MEAN)


def test_names_may_be_numbers_or_bytes(tmp_path):
    write_npz(tmp_path / "v.npz", names=np.array([3, 1, 2]))
    assert read_vectors(tmp_path / "v.npz").names == ["3", "1", "2"]
    write_npz(tmp_path / "v.npz", names=np.array([b"x", b"y", b"z"]))
    assert read_vectors(tmp_path / "v.npz").names == ["x", "y", "z"]


WITH_NAN = MEAN.copy()
WITH_NAN[1, 2], WITH_NAN[2, 0] = np.nan, np.inf
FAULTS = [
    ({"mean": MEAN[:0], "names": np.array([], dtype=str)}, "has 0 rows"),
    ({"names": np.array(["a", "b", "a"])}, "names that come twice: a"),
    ({"names": np.array(["a", "", "c"])}, "row 2: the name is empty"),
    ({"names": np.array(["a", "b"])}, "2 names for 3 vectors"),
    ({"mean": WITH_NAN}, "mean of 2 of 3 rows have NaN or infinite values, first in row b"),
    ({"mean": MEAN[:, :0]}, "have 0 numbers"),
    ({"names": np.array(["a", "b", None], dtype=object)}, "holds Python objects"),
]


@pytest.mark.parametrize(("arrays", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_a_fault_in_the_vectors_is_one_line(arrays, message, tmp_path):
    write_npz(tmp_path / "v.npz", **arrays)
    with pytest.raises(HyenaDNAError, match=message) as error:
        read_vectors(tmp_path / "v.npz")
    assert "\n" not in str(error.value)


def test_arrays_without_names_or_without_vectors_are_listed(tmp_path):
    np.savez(tmp_path / "v.npz", mean=MEAN, start=START)
    with pytest.raises(HyenaDNAError, match=r"no names of its rows: add name, .* to start"):
        read_vectors(tmp_path / "v.npz")
    np.savez(tmp_path / "v.npz", names=np.array(NAMES))
    with pytest.raises(HyenaDNAError, match="has no vectors: expected an array"):
        read_vectors(tmp_path / "v.npz")


def test_an_unknown_suffix_and_a_missing_file_are_one_line(tmp_path):
    with pytest.raises(HyenaDNAError, match=r"v\.csv is no file of vectors"):
        read_vectors(tmp_path / "v.csv")
    with pytest.raises(HyenaDNAError, match=r"v\.npz"):
        read_vectors(tmp_path / "v.npz")


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_damaged_file_is_one_line(suffix, tmp_path):
    path = tmp_path / f"v{suffix}"
    WRITERS[suffix](path)
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"not this format"):
        path.write_bytes(damaged)
        with pytest.raises(HyenaDNAError, match=r"damaged|cannot be read as Parquet") as error:
            read_vectors(path)
        assert "\n" not in str(error.value)


def test_npy_needs_its_table_and_two_axes(tmp_path):
    np.save(tmp_path / "v.npy", MEAN)
    with pytest.raises(HyenaDNAError, match=r"write v\.tsv beside it"):
        read_vectors(tmp_path / "v.npy")
    write_npy(tmp_path / "v.npy")
    with pytest.raises(HyenaDNAError, match="leave out --which mean"):
        read_vectors(tmp_path / "v.npy", "mean")
    np.save(tmp_path / "v.npy", START)
    with pytest.raises(HyenaDNAError, match=r"has the shape \(3,\)"):
        read_vectors(tmp_path / "v.npy")


def test_lists_of_several_lengths_and_missing_lists_are_refused(tmp_path):
    import pyarrow
    from pyarrow import parquet

    for rows, message in (([[1.0], [1.0, 2.0]], "lists of 1 to 2"), ([[1.0, 2.0], None], "1 missing lists")):
        parquet.write_table(pyarrow.table({"name": ["a", "b"], "of": rows}), tmp_path / "v.parquet")
        with pytest.raises(HyenaDNAError, match=message):
            read_vectors(tmp_path / "v.parquet")


@pytest.mark.parametrize(
    ("suffix", "package", "extra"), [(".h5ad", "anndata", "h5ad"), (".parquet", "pyarrow", "classify")]
)
def test_a_missing_package_is_named_with_the_way_to_install_it(suffix, package, extra, tmp_path, monkeypatch):
    WRITERS[suffix](tmp_path / f"v{suffix}")
    for module in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(HyenaDNAError, match=rf"pip install 'hyenadna\[{extra}\]'"):
        read_vectors(tmp_path / f"v{suffix}")
