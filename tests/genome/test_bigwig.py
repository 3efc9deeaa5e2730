import os
import subprocess
import sys

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome import bigwig, contig_tree
from hyenadna_core.genome import blocks as genome_blocks
from hyenadna_core.genome.bigwig import write_bigwig, write_bigwigs
from hyenadna_core.genome.blocks import Block

pybigtools = pytest.importorskip("pybigtools", reason="pybigtools is not installed")

CONTIGS = {"chr2": 5000, "chr10": 300, "chrUn": 77, "chr1": 40_000}
NAN = np.float32("nan")


def drawn(length, seed=0):
    values = np.random.default_rng(seed).normal(size=length).astype(np.float32)
    values[length // 3 : length // 2] = NAN
    return values


def blocks(size=1000):
    """Return values of two contigs in blocks of a size; chr1 has a part of its own, far away."""
    parts = [("chr2", 10, drawn(4000)), ("chr1", 7, drawn(30_000, 1)), ("chr1", 39_990, np.float32([1.5, 2, -0.0]))]
    for chrom, start, values in parts:
        for first in range(0, len(values), size):
            yield Block(chrom, start + first, values[first : first + size])


def whole(track):
    """Return the values of each contig as one array, with NaN where there is none."""
    arrays = {chrom: np.full(length, NAN) for chrom, length in CONTIGS.items()}
    for chrom, start, values in track:
        arrays[chrom][start : start + len(values)] = values
    return arrays


def read(path):
    with pybigtools.open(str(path)) as reader:
        contigs = reader.chroms()
        values = {chrom: reader.values(chrom, 0, length, fillna=None) for chrom, length in contigs.items()}
    return contigs, {chrom: array.astype(np.float32) for chrom, array in values.items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("bigwig") / "track.bw"
    write_bigwig(path, CONTIGS, blocks())
    return path


def test_pybigtools_reads_the_same_values_and_all_contigs(written):
    contigs, values = read(written)
    assert contigs == CONTIGS
    expected = whole(blocks())
    for chrom in CONTIGS:
        np.testing.assert_array_equal(values[chrom].view(np.int32), expected[chrom].view(np.int32))


def test_pybigwig_reads_the_same_values_and_all_contigs(written):
    oracle = pytest.importorskip("pyBigWig", reason="pyBigWig is not installed")
    with oracle.open(str(written)) as reader:
        assert reader.chroms() == CONTIGS
        expected = whole(blocks())
        assert reader.header()["nBasesCovered"] == sum((~np.isnan(values)).sum() for values in expected.values())
        for chrom, length in CONTIGS.items():
            np.testing.assert_array_equal(np.float32(reader.values(chrom, 0, length)), expected[chrom])
        assert reader.intervals("chrUn") is None
        starts, ends, _ = zip(*reader.intervals("chr1"), strict=True)
        assert np.flatnonzero(~np.isnan(expected["chr1"])).tolist() == list(starts)
        assert np.subtract(ends, starts).tolist() == [1] * len(starts)


@pytest.mark.parametrize("size", [13, 777, 100_000])
def test_the_bytes_do_not_depend_on_the_blocks(size, written, tmp_path, monkeypatch):
    monkeypatch.setattr(genome_blocks, "PIECE", 500)
    monkeypatch.setattr(bigwig, "PIECE", 300)
    write_bigwig(tmp_path / "again.bw", CONTIGS, blocks(size))
    assert (tmp_path / "again.bw").read_bytes() == written.read_bytes()


def test_tracks_have_a_file_each(tmp_path):
    paths = [tmp_path / "logo.A.bw", tmp_path / "logo.C.bw"]
    values = np.stack([drawn(3000), drawn(3000, 4)], axis=1)
    values[100:200, 1] = NAN
    write_bigwigs(paths, CONTIGS, [Block("chr2", 0, values[:1000]), Block("chr2", 1000, values[1000:])])
    for track, path in enumerate(paths):
        np.testing.assert_array_equal(read(path)[1]["chr2"][:3000], values[:, track])


def test_a_genome_of_many_contigs_is_listed_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(contig_tree, "NAMES", 7)
    contigs = {f"scaffold_{number * 37 % 101}": 50 + number for number in range(101)}
    used = list(contigs)[3:90:2]
    write_bigwig(tmp_path / "t.bw", contigs, (Block(chrom, 1, np.float32([len(chrom)])) for chrom in used))
    oracle = pytest.importorskip("pyBigWig", reason="pyBigWig is not installed")
    with oracle.open(str(tmp_path / "t.bw")) as reader:
        assert reader.chroms() == contigs
        assert all(reader.values(chrom, 1, 2) == [len(chrom)] for chrom in used)
    listed = read(tmp_path / "t.bw")[0]
    assert listed == contigs
    assert list(listed) == sorted(contigs)  # the UCSC tools look names up in this order


def raises_midway(error):
    yield Block("chr2", 0, drawn(100))
    raise error


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), HyenaDNAError("one line")])
def test_an_exception_of_the_blocks_is_raised_and_nothing_is_written(error, tmp_path, capfd):
    with pytest.raises(type(error)) as raised:
        write_bigwig(tmp_path / "t.bw", CONTIGS, raises_midway(error))
    assert raised.value is error
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_ctrl_c_while_pybigtools_writes_is_raised(tmp_path, monkeypatch):
    def stopped(self):
        yield Block("chr2", 0, drawn(100))
        raise KeyboardInterrupt

    monkeypatch.setattr(bigwig._Kept, "__iter__", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_bigwig(tmp_path / "t.bw", CONTIGS, blocks())
    assert list(tmp_path.iterdir()) == []


WRONG = {
    "an unknown contig": (
        [("chr3", 0, [1])],
        ": values for a contig 'chr3' that the genome lacks; it has chr2",
    ),
    "a block past the end": (
        [("chr10", 299, [1, 2])],
        ", chr10:300-301: values for bases outside of the contig",
    ),
    "a block before the start": (
        [("chr10", -1, [1])],
        ", chr10:0-0: values for bases outside of the contig",
    ),
    "blocks that overlap": ([("chr2", 0, [1, 2]), ("chr2", 1, [3])], ", chr2:2-2: values that come after later"),
    "blocks in another order": ([("chr2", 9, [1]), ("chr2", 1, [3])], ", chr2:2-2: values that come after later"),
    "contigs in another order": (
        [("chr10", 0, [1]), ("chr2", 1, [3])],
        ", chr2:2-2: values that come after later bases",
    ),
    "infinity": ([("chr2", 0, [1, np.inf])], ", chr2:2: the value is infinite: a track cannot show it."),
    "minus infinity": ([("chr2", 0, [-np.inf])], ", chr2:1: the value is infinite"),
    "values of four tracks": ([("chr2", 0, [[1, 2, 3, 4]])], ", chr2:1-1: values of shape (1, 4), expected 1 for each"),
    "no blocks": ([], ": no base has a value, and a BigWig cannot be empty: choose other bases."),
    "only NaN": ([("chr2", 0, [NAN, NAN])], ": no base has a value, and a BigWig cannot be empty: choose other bases."),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_blocks_are_one_line_and_nothing_is_written(case, tmp_path, capfd):
    given, message = WRONG[case]
    with pytest.raises(HyenaDNAError) as raised:
        write_bigwig(tmp_path / "t.bw", CONTIGS, [Block(chrom, start, np.float32(x)) for chrom, start, x in given])
    assert str(raised.value).startswith(f"{tmp_path}/t.bw{message}")
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_contig_that_a_bigwig_cannot_hold_is_one_line(tmp_path):
    with pytest.raises(HyenaDNAError, match="'huge' has 4,294,967,296 bases, but a BigWig holds 4,294,967,295"):
        write_bigwig(tmp_path / "t.bw", {"huge": 1 << 32}, [Block("huge", 0, np.float32([1]))])


def test_without_pybigtools_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pybigtools", None)
    with pytest.raises(HyenaDNAError, match=r"needs pybigtools: run pip install 'hyenadna\[bigwig\]'"):
        write_bigwig(tmp_path / "t.bw", CONTIGS, blocks())


def loses(path):
    """Write a valid BigWig without the last value."""
    pybigtools.open(path, "w").write({"chr2": 5000, "chr1": 40_000}, [("chr2", 0, 1, 1.0)])


def changes(path):
    pybigtools.open(path, "w").write({"chr2": 5000, "chr1": 40_000}, [("chr2", 0, 1, 1.0), ("chr2", 1, 2, 7.0)])


def cuts(path):
    changes(path)
    os.truncate(path, 400)


@pytest.mark.parametrize(
    ("breaks", "fault"),
    [(loses, "it has 1 of 2 values"), (changes, "chr2:2 has another value"), (cuts, "it has no end")],
)
def test_a_file_that_pybigtools_wrote_wrongly_is_not_kept(breaks, fault, tmp_path, monkeypatch):
    class Writer:
        def __init__(self, path):
            self.path = path

        def write(self, contigs, intervals):
            list(intervals)
            breaks(self.path)

    real = pybigtools.open

    class Library:
        @staticmethod
        def open(path, mode="r"):
            return Writer(path) if mode == "w" else real(path)

    monkeypatch.setattr(bigwig, "import_pybigtools", lambda path: Library)
    with pytest.raises(HyenaDNAError, match=rf"pybigtools could not write .*t\.bw \({fault}\): check the free space"):
        write_bigwig(tmp_path / "t.bw", CONTIGS, [Block("chr2", 0, np.float32([1, 2]))])
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_some_contigs_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(bigwig, "write_contig_list", lambda *_: None)
    with pytest.raises(HyenaDNAError, match=r"t\.bw \(its list of contigs is not that of the genome\)"):
        write_bigwig(tmp_path / "t.bw", CONTIGS, blocks())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit files otherwise")
@pytest.mark.parametrize("limit", [100, 130_000])
def test_a_full_disk_is_one_line_and_leaves_nothing(limit, tmp_path, no_larger):
    code = """
import numpy as np
from pathlib import Path
from hyenadna_core.genome.bigwig import Block, write_bigwig
values = np.random.default_rng(0).normal(size=30_000).astype(np.float32)
try:
    write_bigwig(Path("t.bw"), {"chr1": 30_000}, [Block("chr1", 0, values)])
except Exception as error:
    print(type(error).__name__, error)
"""
    command = no_larger(limit, [sys.executable, "-B", "-c", code])
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    expected = (
        "OSError [Errno 27] File too large: 't.bw'"
        if limit < 120_000
        else "HyenaDNAError pybigtools could not write t.bw"
    )
    assert answer.stdout.startswith(expected)
    assert (answer.stdout.count("\n"), answer.stderr) == (1, "")
    assert list(tmp_path.iterdir()) == []
