"""`hyenadna track` as it is run."""

import gzip
import os

import numpy as np
import pytest

from hyenadna_core import load
from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.inference.track import track_values

pytestmark = pytest.mark.one_backend
WINDOW, CONTEXT = 64, 32
LENGTHS = {"chr1": 660, "chr2": 10, "chrN": 70}


@pytest.fixture
def values(fasta, weights):
    """Return a function that computes the track of all contigs, or of chr1."""

    def compute(contigs=("chr1", "chr2", "chrN"), **options):
        intervals = [Interval(chrom, 0, LENGTHS[chrom]) for chrom in contigs]
        options = {"window": WINDOW, "context": CONTEXT} | options
        return track_values(load(weights), open_genome(fasta), intervals, batch_size=512, **options)

    return compute


def read_bigwig(path):
    pybigwig = pytest.importorskip("pyBigWig", reason="pyBigWig is not installed")
    with pybigwig.open(str(path)) as reader:
        assert reader.chroms() == LENGTHS
        return np.concatenate([reader.values(chrom, 0, length, numpy=True) for chrom, length in LENGTHS.items()])


def read_lines(path):
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    rows = [line.split("\t") for line in text.splitlines()]
    return {(chrom, int(start)): float(value) for chrom, start, end, value in rows if int(end) == int(start) + 1}


def read_bedgraph(path):
    rows = read_lines(path)
    places = [(chrom, base) for chrom, length in LENGTHS.items() for base in range(length)]
    return np.array([rows.get(place, np.nan) for place in places])


def read_parquet(path, name="value"):
    table = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed").read_table(path).to_pydict()
    first = {"chr1": 0, "chr2": 660, "chrN": 670}
    values = np.full(sum(LENGTHS.values()), np.nan)
    values[[first[chrom] + start for chrom, start in zip(table["chrom"], table["start"], strict=True)]] = table[name]
    return values


READERS = {
    "all.bw": read_bigwig,
    "all.BigWig": read_bigwig,
    "all.bedgraph": read_bedgraph,
    "all.bedGraph.gz": read_bedgraph,
    "all.parquet": read_parquet,
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.keras] * (name == "all.bedgraph")) for name in READERS]
)
def test_each_format_has_the_values_of_the_model_and_none_at_n(track, values, tmp_path, name):
    status, stdout, stderr = track("--out", name)
    assert (status, stdout) == (0, "")
    assert stderr.splitlines()[-1] == f"Written: {name}"
    read = READERS[name](tmp_path / name)
    np.testing.assert_allclose(read, values()[:, 0], atol=2e-6, rtol=0)
    assert np.isnan(read).sum() == 60 + 70


def test_a_logo_is_four_files_or_four_columns(track, values, tmp_path):
    assert track("--what", "logo", "--out", "logo.bw")[0] == 0
    assert track("--what", "logo", "--out", "logo.parquet")[0] == 0
    for base, expected in zip("ACGT", values(what="logo").T, strict=True):
        np.testing.assert_allclose(read_bigwig(tmp_path / f"logo.{base}.bw"), expected, atol=2e-6, rtol=0)
        np.testing.assert_allclose(read_parquet(tmp_path / "logo.parquet", base), expected, atol=2e-6, rtol=0)
    assert not (tmp_path / "logo.bw").exists()


@pytest.mark.parametrize(
    "options",
    [{"what": "entropy"}, {"strand": "-"}, {"strand": "+", "context": 1}, {"window": 48, "context": 47}],
)
def test_options_are_those_of_the_function(track, values, tmp_path, options):
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    assert track("--out", "track.bedgraph", *words)[0] == 0
    np.testing.assert_allclose(read_bedgraph(tmp_path / "track.bedgraph"), values(**options)[:, 0], atol=2e-6, rtol=0)


BED = "track name=x\n#chrom\tstart\tend\nchr1\t590\t600\tx\t0\t-\nchr1\t40\t60\nchr1\t10\t50\n"


def test_regions_and_a_bed_give_each_of_their_bases_once(track, values, tmp_path):
    (tmp_path / "some.bed").write_text(BED)
    regions = ["--region", "chr1:1-5", "--region", "chr1:0,003-0,008", "--region", "chr2"]
    assert track("--bed", "some.bed", *regions, "--out", "track.bedgraph")[0] == 0
    chosen = np.r_[0:8, 10:60, 590:600, 660:670]
    expected = np.full(740, np.nan)
    expected[chosen] = values()[chosen, 0]
    np.testing.assert_allclose(read_bedgraph(tmp_path / "track.bedgraph"), expected, atol=2e-6, rtol=0)
    assert len((tmp_path / "track.bedgraph").read_text().splitlines()) == len(chosen)


def test_many_short_intervals_make_few_parts(track, tmp_path, monkeypatch):
    from hyenadna_core.inference import parts, track_job

    monkeypatch.setattr(track_job, "BASES", 512)
    written = []
    to_bytes = parts.to_bytes
    monkeypatch.setattr(parts, "to_bytes", lambda *part: written.append(part[1]) or to_bytes(*part))
    (tmp_path / "short.bed").write_text("".join(f"chr1\t{start}\t{start + 2}\n" for start in range(0, 290, 4)))
    assert track("--bed", "short.bed", "--out", "track.bedgraph")[0] == 0
    assert written == list(range(5))  # 73 intervals, 16 windows in a part
    assert len(read_lines(tmp_path / "track.bedgraph")) == 2 * 73


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "The track needs a file: give --out chr20.bw, or --hub DIR."),
        (("--out", "x.wig"), "x.wig: name the file of a track after its format: .bw, .bigwig, .bedgraph"),
        (("--out", "-"), "-: name the file of a track after its format"),
        (("--out", "x.bw.gz"), "x.bw.gz: name the file of a track after its format"),
        (("--out", "link.bw"), "link.bw is the input {fasta}: name another file."),
        (("--out", "some.bedgraph", "--bed", "some.bedgraph"), "some.bedgraph is the input some.bedgraph"),
        (("--out", "folder.bw"), "folder.bw is a folder: name a file."),
        (("--out", "some.bedgraph/x.bw"), "Cannot write some.bedgraph/x.bw: "),
        (("--out", "x.bw", "--region", "20:1-9"), "No contig '20' in {fasta}; it has chr1, chr2, chrN."),
        (("--out", "x.bw", "--region", "chr1:1-999"), "The region 'chr1:1-999' is not in chr1"),
        (("--out", "x.bw", "--bed", "missing.bed"), "Cannot read missing.bed: No such file or directory."),
        (("--out", "x.bw", "--bed", "reversed.bed"), "reversed.bed:1: the interval 60-40 has no bases."),
        (("--out", "x.bw", "--bed", "long.bed"), "long.bed:2: the interval ends at 11 but chr2 in"),
        (("--out", "x.bw", "--bed", "empty.bed"), "empty.bed has no intervals"),
        (("--out", "x.bw", "--context", "64"), "--context 64 leaves no base of a window of 64: make it smaller."),
        (("--out", "x.bw", "--window", "65"), "--window 65 is longer than the 64 bases of the training of "),
        (("--out", "x.bw", "--region", "chrN"), "x.bw: no chosen base has a value (N has none"),
        (("--out", "x.bw", "--region", "chr2:1-1", "--strand", "+"), "x.bw: no chosen base has a value"),
        (("--out", "x.bw", "--shard", "1/2"), "--out is x.bw, but --shard 1/2 writes a file of type .shard"),
        (("--out", "x.bw", "--genome-name", "hg19"), "--genome-name hg19 is for a hub: give --hub DIR too."),
        (("--out", "x.bw", "--hub", "hub"), "A hub needs a BigWig in its folder: name x.bw like hub/chr20.bw."),
        (
            ("--hub", "hub", "--genome-name", "hg 19"),
            "The browser cannot read the name 'hg 19' of a genome",
        ),
        (("--hub", "hub", "--shard", "1/2"), "--shard 1/2 writes a file of type .shard: give --out 1.shard."),
        (("--hub", "other"), "other/hub.txt was not written by hyenadna: choose another folder."),
    ],
)
def test_what_cannot_be_done_is_one_line_and_writes_nothing(track, one_line, fasta, tmp_path, options, reason):
    (tmp_path / "folder.bw").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "link.bw").symlink_to(fasta)
    texts = {"some.bedgraph": "chr1\t0\t5\t1\n", "reversed.bed": "chr1\t60\t40\n", "empty.bed": "#\n"}
    texts |= {"long.bed": "chr1\t1\t5\nchr2\t0\t11\n", "other/hub.txt": "hub mine\n\ngenome hg19\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    status, stdout, stderr = track(*options)
    assert (status, stdout) == (1, "")
    assert one_line(stderr).startswith(f"Error: {reason.format(fasta=fasta)}")
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_contigs_without_bases_have_no_values(cli, one_line, weights, tmp_path):
    (tmp_path / "g.fa").write_text(">first\n>one\nA\n>two\nACGTA\n>last\n")
    reading = ("--weights", weights, "--window", "64")
    assert cli("track", "g.fa", *reading, "--out", "x.bedgraph")[0] == 0
    assert {line[0] for line in read_lines(tmp_path / "x.bedgraph")} == {"two"}
    for region in ("first", "one"):  # a single base has no base before it on any strand
        assert cli("track", "g.fa", *reading, "--region", region, "--out", "y.bedgraph")[0] == 0
        assert (tmp_path / "y.bedgraph").read_text() == ""
        status, _, stderr = cli("track", "g.fa", *reading, "--region", region, "--out", "y.bw")
        assert (status, "no chosen base has a value" in one_line(stderr)) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(("y", ".y"))) == ["y.bedgraph"]


def test_a_pipe_is_refused_before_the_work(cli, one_line, weights, fasta):
    first, second = os.pipe()
    try:
        status, _, stderr = cli("track", f"/dev/fd/{first}", "--weights", weights, "--out", "x.bw")
    finally:
        os.close(first)
        os.close(second)
    assert status == 1
    assert (
        one_line(stderr) == f"Error: Cannot read /dev/fd/{first}: it is a pipe, not a file: save its content to a file."
    )


def test_nothing_is_written_beside_the_genome(track, fasta, weights, cli, tmp_path):
    folder = tmp_path / "read only"
    folder.mkdir()
    genome = fasta.rename(folder / "genome.fa")
    folder.chmod(0o555)
    try:
        assert cli("track", genome, "--weights", weights, "--out", "x.bedgraph")[0] == 0
        assert list(folder.iterdir()) == [genome]
    finally:
        folder.chmod(0o755)


def test_a_hub_keeps_its_other_tracks(track, one_line, tmp_path):
    hub = ("--hub", "hub", "--genome-name", "hg19")
    for what in ("log-likelihood", "logo", "log-likelihood"):
        status, _, stderr = track(*hub, "--what", what)
        assert status == 0
    assert stderr.splitlines()[-1] == "Written: hub/log-likelihood.bw, hub/hub.txt"
    words = (tmp_path / "hub" / "hub.txt").read_text().split("\n")
    names = [line.split()[1] for line in words if line.startswith("track ")]
    assert names == ["hyenadna_logo", *(f"hyenadna_logo_{base}" for base in "ACGT"), "hyenadna_log_likelihood"]
    assert "longLabel log-likelihood (nats) of each base, both strands, HyenaDNA tiny" in words
    links = {line.split()[1] for line in words if line.startswith("bigDataUrl ")}
    assert {path.name for path in (tmp_path / "hub").iterdir()} == links | {"hub.txt"}
    stderr = track("--hub", "hub", "--genome-name", "hg38")[2]
    assert one_line(stderr) == "Error: hub/hub.txt is of the genome hg19, not hg38: choose another folder."
