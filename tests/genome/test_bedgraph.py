"""bedGraph and Parquet, and the choice of a format by suffix."""

import gzip
import sys

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome import blocks as genome_blocks
from hyenadna_core.genome import track_table
from hyenadna_core.genome.blocks import Block
from hyenadna_core.genome.track_files import track_paths, write_track

CONTIGS = {"chr2": 5000, "chr10": 300, "chr1": 40_000}
NAN = np.float32("nan")
TRACKS = "ACGT"
SMALL = [Block("chr2", 4, np.float32([0.1, NAN, -2, 1e-9])), Block("chr1", 0, np.float32([12.5]))]


def blocks(size, tracks=1):
    rng = np.random.default_rng(0)
    for chrom, start, length in (("chr2", 10, 3000), ("chr1", 7, 2500)):
        values = rng.normal(size=(length, tracks)).astype(np.float32)
        values[100:400] = NAN
        values[700:800, -1] = NAN
        for first in range(0, length, size):
            part = values[first : first + size]
            yield Block(chrom, start + first, part[:, 0] if tracks == 1 else part)


def table(path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    return parquet.read_table(path)


def test_a_bedgraph_has_a_line_for_each_base_with_a_value(tmp_path):
    assert write_track(tmp_path / "t.bedGraph", CONTIGS, SMALL) == [tmp_path / "t.bedGraph"]
    lines = "chr2\t4\t5\t0.1\nchr2\t6\t7\t-2.0\nchr2\t7\t8\t1e-09\nchr1\t0\t1\t12.5\n"
    assert (tmp_path / "t.bedGraph").read_text() == lines


def test_numbers_of_a_bedgraph_are_exact(tmp_path):
    given = np.random.default_rng(0).normal(size=4000).astype(np.float32) ** 9
    write_track(tmp_path / "t.bedgraph", CONTIGS, [Block("chr2", 0, given)])
    there = np.loadtxt(tmp_path / "t.bedgraph", dtype=np.float32, usecols=3)
    np.testing.assert_array_equal(there.view(np.int32), given.view(np.int32))


def test_a_compressed_bedgraph_has_the_same_lines_and_no_time(tmp_path):
    for name in ("one.bedgraph.gz", "two.bedgraph.gz", "t.bedgraph"):
        write_track(tmp_path / name, CONTIGS, blocks(500))
    one, two = (tmp_path / name for name in ("one.bedgraph.gz", "two.bedgraph.gz"))
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes()[4:8] == bytes(4)  # the time
    assert gzip.decompress(one.read_bytes()) == (tmp_path / "t.bedgraph").read_bytes()


def test_a_parquet_table_has_a_row_for_each_base_with_a_value(tmp_path):
    write_track(tmp_path / "t.parquet", CONTIGS, SMALL)
    assert table(tmp_path / "t.parquet").to_pydict() == {
        "chrom": ["chr2", "chr2", "chr2", "chr1"],
        "start": [4, 6, 7, 0],
        "value": np.float32([0.1, -2, 1e-9, 12.5]).tolist(),
    }


def test_a_parquet_table_has_a_column_for_each_track_and_null_without_value(tmp_path):
    assert write_track(tmp_path / "t.parquet", CONTIGS, blocks(500, 4), TRACKS) == [tmp_path / "t.parquet"]
    there = table(tmp_path / "t.parquet")
    assert there.column_names == ["chrom", "start", *TRACKS]
    assert [there[track].null_count for track in TRACKS] == [0, 0, 0, 200]
    expected = np.concatenate([block.values for block in blocks(500, 4)])
    expected = expected[~np.isnan(expected).all(axis=1)]
    for number, track in enumerate(TRACKS):
        values = there[track].to_numpy().astype(np.float32)
        np.testing.assert_array_equal(values, expected[:, number])


@pytest.mark.parametrize("name", ["t.bedgraph", "t.bedgraph.gz", "t.parquet"])
def test_the_bytes_do_not_depend_on_the_blocks(name, tmp_path, monkeypatch):
    monkeypatch.setattr(track_table, "ROWS", 1024)
    written = []
    for size, piece in ((13, 7), (600, 500), (3000, 5000)):
        monkeypatch.setattr(genome_blocks, "PIECE", piece)
        write_track(tmp_path / name, CONTIGS, blocks(size))
        written.append((tmp_path / name).read_bytes())
    assert written[1:] == written[:1] * 2


def test_the_bytes_of_large_row_groups_do_not_depend_on_the_blocks(tmp_path):
    values = np.random.default_rng(0).normal(size=600_000).astype(np.float32)
    written = []
    for size in (100_000, 77_777):
        cut = (Block("chr", first, values[first : first + size]) for first in range(0, len(values), size))
        write_track(tmp_path / "t.parquet", {"chr": len(values)}, cut)
        written.append((tmp_path / "t.parquet").read_bytes())
    assert written[0] == written[1]


def test_row_groups_have_a_fixed_size(tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    monkeypatch.setattr(track_table, "ROWS", 1024)
    write_track(tmp_path / "t.parquet", CONTIGS, blocks(300))
    with parquet.ParquetFile(tmp_path / "t.parquet") as file:
        sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    assert sizes == [1024] * 4 + [4700 - 4 * 1024]


@pytest.mark.parametrize(
    ("name", "names", "files"),
    [
        ("t.bedgraph", (), ["t.bedgraph"]),
        ("my.logo.bedGraph.gz", "AC", ["my.logo.A.bedGraph.gz", "my.logo.C.bedGraph.gz"]),
        ("logo.bw", "AC", ["logo.A.bw", "logo.C.bw"]),
        ("logo.BigWig", "AC", ["logo.A.BigWig", "logo.C.BigWig"]),
        ("logo.parquet", "AC", ["logo.parquet"]),
    ],
)
def test_several_tracks_have_a_file_each_or_a_column_each(name, names, files, tmp_path):
    if name.lower().endswith(("bw", "bigwig")):
        pytest.importorskip("pybigtools", reason="pybigtools is not installed")
    assert track_paths(tmp_path / name, names) == [tmp_path / file for file in files]
    assert write_track(tmp_path / name, CONTIGS, blocks(500, max(1, len(names))), names) == [
        tmp_path / file for file in files
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)


@pytest.mark.parametrize("name", ["t.wig", "t", "t.gz", "t.bw.gz", "t.parquet.gz", "t.bed"])
def test_an_unknown_suffix_is_one_line_with_the_known_ones(name):
    with pytest.raises(
        HyenaDNAError, match=rf"^{name}: name .*: \.bw, \.bigwig, \.bedgraph, \.bedgraph\.gz, \.parquet\.$"
    ):
        track_paths(name)


@pytest.mark.parametrize(
    ("name", "library", "extra"), [("t.bw", "pybigtools", "bigwig"), ("t.parquet", "pyarrow", "classify")]
)
def test_a_missing_library_is_named_before_any_work(name, library, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(HyenaDNAError, match=rf"needs {library}: run pip install 'hyenadna\[{extra}\]'"):
        track_paths(name)


@pytest.mark.parametrize("name", ["t.bedgraph", "t.bedgraph.gz", "t.parquet"])
def test_wrong_blocks_and_exceptions_leave_no_file(name, tmp_path):
    def raises():
        yield Block("chr2", 0, np.float32([1]))
        raise ZeroDivisionError

    with pytest.raises(HyenaDNAError, match="come after later bases"):
        write_track(tmp_path / name, CONTIGS, [Block("chr1", 0, np.float32([1])), *SMALL])
    with pytest.raises(ZeroDivisionError):
        write_track(tmp_path / name, CONTIGS, raises())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["t.bedgraph", "t.bedgraph.gz", "t.parquet"])
def test_a_track_without_values_is_an_empty_table(name, tmp_path):
    write_track(tmp_path / name, CONTIGS, [Block("chr2", 0, np.float32([NAN, NAN]))])
    content = (tmp_path / name).read_bytes()
    if name == "t.parquet":
        assert table(tmp_path / name).num_rows == 0
    else:
        assert (gzip.decompress(content) if name.endswith("gz") else content) == b""


@pytest.mark.parametrize("name", ["t.bedgraph", "t.parquet", "t.bw"])
def test_a_folder_that_cannot_be_written_is_an_error_of_the_file_system(name, tmp_path):
    if name == "t.bw":
        pytest.importorskip("pybigtools", reason="pybigtools is not installed")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"file'$"):
        write_track(tmp_path / "file" / name, CONTIGS, SMALL)
    write_track(tmp_path / "new" / "folder" / name, CONTIGS, SMALL)
