"""`hyenadna mutate` as it is run."""

import csv
import io
from types import SimpleNamespace

import numpy as np
import pytest

from hyenadna_core import load
from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.inference.mutate import dependencies, substitution_effects

pytestmark = pytest.mark.one_backend
WINDOW = 64
MAGIC = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture
def computed(fasta, weights):
    """Return a function that computes substitutions or dependencies."""

    def compute(function, start, end, **options):
        place = Interval("chr1", start, end)
        return function(load(weights), open_genome(fasta), place, window=WINDOW, batch_size=512, **options)

    return compute


@pytest.mark.keras
def test_the_table_has_each_substitution_once(mutate, computed, tmp_path):
    status, stdout, _ = mutate("chr1:299-302", "--strand", "+")
    assert status == 0
    rows = list(csv.DictReader(io.StringIO(stdout), dialect="excel-tab"))
    effects = computed(substitution_effects, 298, 302, strand="+")
    assert len(rows) == 2 * 3
    for row in rows:
        place = int(row["pos"]) - 299
        assert (row["chrom"], row["ref"]) == ("chr1", effects.sequence[place])
        np.testing.assert_allclose(float(row["llr"]), effects.scores[place, "ACGT".index(row["alt"])], atol=2e-5)
    assert mutate("chr1:299-302", "--strand", "+", "--out", "deep/table.tsv")[0] == 0
    assert (tmp_path / "deep" / "table.tsv").read_text() == stdout
    assert mutate("chr1:299-302", "--strand", "+", "--out", "-")[1] == stdout


def test_dependencies_are_a_picture_and_arrays(mutate, computed, tmp_path):
    status, _, stderr = mutate("chr1:101-106", "--dependencies", "map.svg", "--out", "table.tsv")
    assert status == 0
    assert stderr.splitlines()[-1] == "Written: table.tsv, map.svg, map.npz"
    assert (tmp_path / "map.svg").read_bytes().startswith(MAGIC[".svg"])
    with np.load(tmp_path / "map.npz") as arrays:
        np.testing.assert_allclose(arrays["dependencies"], computed(dependencies, 100, 106), atol=2e-5, rtol=0)
        assert (int(arrays["start"]), str(arrays["chrom"]), len(str(arrays["sequence"]))) == (100, "chr1", 6)


@pytest.mark.parametrize("suffix", MAGIC)
def test_the_picture_has_the_format_of_its_suffix(mutate, tmp_path, suffix):
    pytest.importorskip("logomaker", reason="logomaker is not installed")
    status = mutate("chr1:298-302", "--picture", f"x{suffix}", "--gene-strand", "-", "--out", "x.tsv")[0]
    assert status == 0
    assert (tmp_path / f"x{suffix}").read_bytes().startswith(MAGIC[suffix])


def test_one_base_at_the_end_of_a_contig_can_be_substituted(mutate):
    assert len(mutate("chr2:10-10")[1].splitlines()) == 4


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("20:1-9",), "No contig '20' in {fasta}; it has chr1, chr2, chrN."),
        (("chr2:5-11",), "The region 'chr2:5-11' is not in chr2, which has the bases 1 to 10"),
        (("chr2:5",), "'chr2:5' is no region: write it as in chr1:1,001-2,000."),
        (("chr1:301-360",), "chr1:301-360 has no A, C, G or T to substitute: choose another region."),
        (("chr1:1-9", "--out", "x.csv"), "x.csv: the table is tab-separated: name it .tsv."),
        (("chr1:1-9", "--picture", "x.jpg"), "x.jpg: name a picture after its format: .png, .svg, .pdf."),
        (("chr1:1-9", "--dependencies", "x.npz"), "x.npz: name a picture after its format: .png, .svg, .pdf."),
        (("chr1:1-9", "--picture", "x.png", "--dependencies", "x.png"), "x.png is named for two outputs"),
        (("chr1:1-9", "--out", "link.tsv"), "link.tsv is the input {fasta}: name another file."),
        (("chr1:1-9", "--out", "folder.tsv"), "folder.tsv is a folder: name a file."),
        (("chr1:1-33", "--dependencies", "x.png"), "--dependencies needs a region of at most half a window, 32 bases"),
        (("chr1:1-9", "--window", "65"), "--window 65 is longer than the 64 bases of the training of "),
    ],
)
def test_what_cannot_be_done_is_one_line_and_writes_nothing(mutate, one_line, fasta, tmp_path, words, reason):
    (tmp_path / "folder.tsv").mkdir()
    (tmp_path / "link.tsv").symlink_to(fasta)
    before = sorted(tmp_path.rglob("*"))
    status, stdout, stderr = mutate(*words)
    assert (status, stdout) == (1, "")
    assert one_line(stderr).startswith(f"Error: {reason.format(fasta=fasta)}")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_region_that_is_too_long_is_refused(mutate, one_line, monkeypatch):
    pytest.importorskip("logomaker", reason="logomaker is not installed")
    from hyenadna_core.inference import mutate as of_regions
    from hyenadna_core.inference import pictures

    monkeypatch.setattr(pictures, "LONGEST", 50)
    stderr = mutate("chr1:1-51", "--picture", "x.png")[2]
    assert one_line(stderr) == "Error: --picture shows at most 50 bases, and chr1:1-51 has 51."
    monkeypatch.setattr(of_regions, "LONGEST", 100)
    assert one_line(mutate("chr1")[2]) == "Error: chr1 has 660 bases; at most 100 can be substituted."


def test_a_closed_stdout_is_refused_before_the_work(mutate, one_line, monkeypatch):
    from hyenadna_core.inference import mutate as of_regions

    monkeypatch.setattr("hyenadna_core.files.output.sys", SimpleNamespace(stdout=None))
    monkeypatch.setattr(of_regions, "substitution_effects", None)  # cannot be called
    status, _, stderr = mutate("chr1:1-9")
    assert (status, one_line(stderr)) == (1, "Error: stdout is closed: name a file with --out.")


def test_all_files_appear_or_none(mutate, tmp_path, monkeypatch):
    from hyenadna_core.inference import pictures

    def fails(path, *arguments):
        path.write_text("half")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(pictures, "dependency_picture", fails)
    status, _, stderr = mutate("chr1:1-9", "--out", "x.tsv", "--dependencies", "y.png")
    assert (status, "Error: y.png: No space left on device" in stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir() if path.name.lstrip(".")[0] in "xy"] == []


def test_ctrl_c_is_one_line_and_writes_nothing(mutate, tmp_path, monkeypatch):
    from hyenadna_core.inference import mutate as of_regions

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(of_regions, "dependencies", interrupted)
    before = sorted(tmp_path.iterdir())
    status, stdout, stderr = mutate("chr1:1-5", "--dependencies", "map.png", "--out", "x.tsv")
    assert (status, stdout, stderr.splitlines()[-1]) == (130, "", "Interrupted.")
    assert sorted(tmp_path.iterdir()) == before
