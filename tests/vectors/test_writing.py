"""Files of vectors are what other programs read, and have the same bytes each time."""

import csv
import errno
import json
import subprocess
import sys

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.vectors.blocks import CATEGORY, NUMBER, TEXT, Block, Layout
from hyenadna_core.vectors.reading import read_vectors
from hyenadna_core.vectors.writing import vector_paths, write_vectors

NAMES = ["a", "b", 'c"\td', "dé", "name of e"]
CHROM, START, REF = ["1", "2", "1", "X", "2"], np.arange(5) * 10, ["A", "AC", "", "G", "T"]
MEAN = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
MAX = MEAN + 1
COLUMNS = {"chrom": CATEGORY, "start": NUMBER, "ref": TEXT}
LAYOUT = Layout(5, 4, ("mean", "max"), COLUMNS, {"weights": "tiny", "window": 64, "pool": ["mean", "max"]})


def blocks(*borders):
    edges = [0, *borders, 5]
    for rows in map(slice, edges, edges[1:]):
        columns = {"chrom": CHROM[rows], "start": START[rows], "ref": REF[rows]}
        yield Block(NAMES[rows], columns, {"mean": MEAN[rows], "max": MAX[rows]})


@pytest.fixture
def write(tmp_path):
    def to(name, layout=LAYOUT, of=None):
        return write_vectors(tmp_path / name, layout, blocks(2, 2) if of is None else of)

    return to


def test_anndata_reads_h5ad(write):
    anndata = pytest.importorskip("anndata", reason="anndata is not installed")
    (path,) = write("v.h5ad")
    for backed in (None, "r"):
        read = anndata.read_h5ad(path, backed=backed)
        np.testing.assert_array_equal(read.X[:], MEAN)
        np.testing.assert_array_equal(read.obsm["max"], MAX)
        assert list(read.obs_names) == NAMES
        assert {name: list(read.obs[name]) for name in read.obs} == {"chrom": CHROM, "start": list(START), "ref": REF}
        assert read.obs["chrom"].dtype == "category"
        assert list(read.var_names) == ["channel_0", "channel_1", "channel_2", "channel_3"]
        assert read.uns["hyenadna"] == {"weights": "tiny", "window": "64", "pool": '["mean", "max"]'}


@pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option")  # anndata sets it in pandas 3
def test_anndata_writes_again_what_it_read(write, tmp_path):
    anndata = pytest.importorskip("anndata", reason="anndata is not installed")
    read = anndata.read_h5ad(write("v.h5ad")[0])[1:4].copy()
    read.write_h5ad(tmp_path / "again.h5ad")
    again = anndata.read_h5ad(tmp_path / "again.h5ad")
    np.testing.assert_array_equal(again.X, MEAN[1:4])
    assert list(again.obs_names) == NAMES[1:4]


def test_numpy_reads_npz_without_pickle(write):
    (path,) = write("v.npz")
    with np.load(path, allow_pickle=False) as arrays:
        assert set(arrays) == {"names", "chrom", "start", "ref", "mean", "max", "settings"}
        assert arrays["names"].tolist() == NAMES
        assert (arrays["chrom"].tolist(), arrays["ref"].tolist()) == (CHROM, REF)
        np.testing.assert_array_equal(arrays["start"], START)
        np.testing.assert_array_equal(arrays["mean"], MEAN)
        np.testing.assert_array_equal(arrays["max"], MAX)
        assert json.loads(str(arrays["settings"])) == LAYOUT.settings


def test_npy_is_mapped_and_has_a_table(write, tmp_path):
    assert [path.name for path in write("v.npy")] == ["v.mean.npy", "v.max.npy", "v.tsv"]
    np.testing.assert_array_equal(np.load(tmp_path / "v.mean.npy", mmap_mode="r"), MEAN)
    np.testing.assert_array_equal(np.load(tmp_path / "v.max.npy", mmap_mode="r"), MAX)
    with (tmp_path / "v.tsv").open(newline="") as file:
        rows = list(csv.reader(file, dialect="excel-tab"))
    assert rows[0] == ["name", "chrom", "start", "ref"]
    assert [tuple(row) for row in rows[1:]] == list(zip(NAMES, CHROM, map(str, START), REF, strict=True))
    one = LAYOUT._replace(kinds=("mean",))
    assert [path.name for path in write("one.npy", one)] == ["one.npy", "one.tsv"]


def test_parquet_has_lists_of_float32(write):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    (path,) = write("v.parquet")
    table = parquet.read_table(path)
    assert table.column_names == ["name", "chrom", "start", "ref", "mean", "max"]
    assert str(table.schema.field("mean").type) == "fixed_size_list<element: float>[4]"
    assert table["name"].to_pylist() == NAMES
    assert (table["chrom"].to_pylist(), table["start"].to_pylist()) == (CHROM, START.tolist())
    np.testing.assert_array_equal(np.array(table["max"].to_pylist(), np.float32), MAX)
    assert json.loads(table.schema.metadata[b"hyenadna"]) == LAYOUT.settings


@pytest.mark.parametrize("name", ["v.h5ad", "v.npz", "v.npy", "v.parquet"])
def test_the_same_blocks_give_the_same_bytes_and_leave_nothing_else(write, tmp_path, name):
    first = {path: path.read_bytes() for path in write(name)}
    assert {path: path.read_bytes() for path in write(name)} == first
    assert sorted(tmp_path.iterdir()) == sorted(first)


@pytest.mark.parametrize("name", ["v.h5ad", "v.npz", "v.npy", "v.parquet"])
def test_too_few_rows_leave_no_file(write, tmp_path, name):
    with pytest.raises(HyenaDNAError, match="There are 5 rows, and 6 are needed"):
        write(name, LAYOUT._replace(rows=6))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "file", "which"),
    [
        ("v.h5ad", "v.h5ad", "max"),
        ("v.npz", "v.npz", "max"),
        ("v.parquet", "v.parquet", "max"),
        ("v.npy", "v.max.npy", None),
    ],
)
def test_probe_reads_each_format(write, tmp_path, name, file, which):
    for library in {".h5ad": ["anndata"], ".parquet": ["pyarrow"]}.get(name[1:], []):
        pytest.importorskip(library, reason=f"{library} is not installed")
    write(name)
    read = read_vectors(tmp_path / file, which)
    np.testing.assert_array_equal(read.values, MAX)
    assert read.names == NAMES
    assert list(read.columns["chrom"]) == CHROM
    assert [int(start) for start in read.columns["start"]] == START.tolist()


def test_an_unknown_suffix_is_one_line(tmp_path):
    with pytest.raises(HyenaDNAError, match=r"v.txt: name a file of vectors after its format: .h5ad, .*, .npy."):
        vector_paths(tmp_path / "v.txt", ["mean"])


@pytest.mark.parametrize(("name", "library"), [("v.h5ad", "h5py"), ("v.parquet", "pyarrow")])
def test_a_missing_library_is_one_line(tmp_path, monkeypatch, name, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(HyenaDNAError, match=rf"needs {library}: run pip install 'hyenadna\["):
        vector_paths(tmp_path / name, ["mean"])


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from hyenadna_core.vectors.blocks import CATEGORY, NUMBER, TEXT, Block, Layout
from hyenadna_core.vectors.writing import write_vectors
limit = int(sys.argv[2])
columns = {"chrom": CATEGORY, "start": NUMBER, "ref": TEXT}
names = [f"name of row {row}" for row in range(100)]
block = Block(names, {"chrom": names, "start": np.arange(100), "ref": names}, {"mean": np.ones((100, 64), np.float32)})
layout = Layout(3000, 64, ("mean",), columns, {"weights": "tiny"})
Path(sys.argv[1]).unlink(missing_ok=True)
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    write_vectors(Path(sys.argv[1]), layout, (block for _ in range(30)))
except OSError as error:
    print("errno", error.errno)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit files otherwise")
@pytest.mark.parametrize("suffix", ["h5ad", "npz", "npy", "parquet"])
def test_a_disk_that_is_full_at_any_point_is_an_error_of_the_system(tmp_path, suffix):
    if suffix in ("h5ad", "parquet"):
        pytest.importorskip({"h5ad": "h5py", "parquet": "pyarrow"}[suffix], reason="its library is not installed")
    path = tmp_path / f"v.{suffix}"
    for limit in (0, 100, 5_000, 70_000, 400_000):
        command = [sys.executable, "-B", "-c", FULL, str(path), str(limit)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        full = limit and (suffix != "parquet" or limit < 70_000)  # ones are compressed
        expected = (0, f"errno {errno.EFBIG}\n" if full else "", "")
        assert (answer.returncode, answer.stdout, answer.stderr) == expected, limit
        there = ["v.npy", "v.tsv"] if suffix == "npy" else [path.name]
        assert sorted(each.name for each in tmp_path.iterdir()) == ([] if full else there)
        for each in tmp_path.iterdir():
            each.unlink()
