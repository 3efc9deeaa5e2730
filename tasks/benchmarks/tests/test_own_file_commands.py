"""The commands `hyenadna benchmark traitgym` and `hyenadna benchmark recall`."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from hyenadna_benchmarks.commands.benchmark import benchmark

from hyenadna_core.testing import tiny_backbone, tiny_fasta


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with weights of 64 bases, a genome of two contigs, and a table of variants."""
    from hyenadna_core import CausalLM, open_genome, save

    folder = tmp_path_factory.mktemp("files")
    save(CausalLM(tiny_backbone(66)), folder / "weights")
    genome = open_genome(tiny_fasta(folder / "g.fa", {"chr1": 900, "chr2": 800}))
    lines = ["chrom\tpos\tref\talt\tlabel"]
    for contig in ("1", "2"):
        for number in range(8):
            start = 40 + 70 * number
            ref = chr(genome.read(f"chr{contig}", start, start + 1)[0])
            lines.append(f"{contig}\t{start + 1}\t{ref}\t{'A' if ref != 'A' else 'C'}\t{int(number % 4 == 0)}")
    (folder / "v.tsv").write_text("\n".join(lines) + "\n")
    return folder


def run(*arguments):
    import keras

    session = SimpleNamespace(backend=SimpleNamespace(name=keras.backend.backend(), reason="of the test"))
    return CliRunner().invoke(benchmark, list(map(str, arguments)), obj=session)


def traitgym(folder, *more, variants="v.tsv"):
    files = ("--variants", folder / variants, "--fasta", folder / "g.fa", "--weights", folder / "weights")
    return run("traitgym", *files, *more)


def test_traitgym_writes_its_files_and_goes_on(folder, tmp_path):
    first = traitgym(folder, "--chr-prefix", "add", "--out", tmp_path / "out", "--json")
    assert first.exit_code == 0, first.output
    rows = json.loads(first.stdout)
    assert [row["score"] for row in rows][:3] == ["chance", "random_order", "LLR.minus"]
    assert rows[0]["auprc"] == 0.25
    assert "LogisticRegression needs three blocks" in first.stderr
    texts = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.is_file()}
    assert sorted(texts) == ["scores.tsv", "summary.md", "summary.png", "summary.tsv", "table.tsv"]
    again = traitgym(folder, "--chr-prefix", "add", "--out", tmp_path / "out", "--json")
    assert "1 parts of 256 variants were there already" in again.stderr
    assert again.stdout == first.stdout
    assert {name: (tmp_path / "out" / name).read_bytes() for name in texts} == texts
    other = traitgym(folder, "--chr-prefix", "add", "--out", tmp_path / "out", "--window", 32)
    assert "has results with another window" in str(other.exception)


def test_traitgym_counts_what_differs_from_the_genome(folder, tmp_path):
    lines = (folder / "v.tsv").read_text().splitlines()
    chrom, pos, ref, alt, label = lines[1].split("\t")
    lines[1] = "\t".join((chrom, pos, alt, ref, label))
    (folder / "wrong.tsv").write_text("\n".join(lines) + "\n")
    options = ("--chr-prefix", "add", "--out", tmp_path / "out")
    refused = traitgym(folder, *options, variants="wrong.tsv")
    assert f"1 of 16 REF alleles are not in .*first 1:{pos} REF={alt}".split(".*")[1] in str(refused.exception)
    counted = traitgym(folder, *options, "--allow-mismatch", variants="wrong.tsv")
    assert "1 variants have no score and do not count: ref_mismatch 1." in counted.stderr
    scores = (tmp_path / "out" / "scores.tsv").read_text().splitlines()
    assert len(scores) == 17
    assert scores[1].split("\t")[:6] == [chrom, pos, alt, ref, label, "ref_mismatch"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "no contig in common"),
        (("--chr-prefix", "add", "--window", 65), "longer than the 64 bases of the training"),
        (("--chr-prefix", "add", "--label-column", "causal"), "no column 'causal'"),
        (("--chr-prefix", "add", "--block-size", 10), "blocks have positive and negative variants"),
    ],
)
def test_traitgym_says_what_is_wrong_in_one_line(folder, options, message):
    result = traitgym(folder, *options)
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)


def test_recall_compares_with_an_untrained_model(folder, tmp_path):
    options = ("--key", 4, "--value", 2, "--repeats", 5, "--json", "--out", tmp_path)
    result = run("recall", "--weights", folder / "weights", *options)
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    names = [str(folder / "weights"), "untrained"]
    assert [(row["model"], row["distance"]) for row in rows] == [(name, d) for name in names for d in (8, 16, 32, 58)]
    again = run("recall", "--weights", folder / "weights", *options)
    assert again.stdout == result.stdout
    assert "8 of 8 measurements were there already" in again.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["measured", "recall.md", "recall.png", "table.tsv"]


def test_recall_reads_a_genome_between_the_keys(folder):
    options = ("--key", 4, "--value", 2, "--repeats", 2, "--distances", "20,10", "--fasta", folder / "g.fa")
    result = run("recall", "--weights", folder / "weights", *options)
    assert result.exit_code == 0, result.output
    assert "background: windows of g.fa" in result.stderr
    assert [line.split("\t")[1] for line in result.stdout.splitlines()[1:]] == ["10", "20"] * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--weights", ","), "names no model"),
        (("--weights", "none", "--preset", "x"), "Unknown preset 'x'"),
        (
            (
                "--distances",
                "2000",
            ),
            "distance of 2,000 bases does not fit",
        ),
        (("--key", "600"), "too few for a key of 600"),
        (("--background", "random", "--fasta", "g.fa"), "--fasta is for --background genome"),
    ],
)
def test_recall_says_what_is_wrong_in_one_line(options, message):
    result = run("recall", "--weights", "none", *options)
    assert message in str(result.exception)


def test_distances_are_whole_numbers():
    result = run("recall", "--distances", "1,x")
    assert result.exit_code == 2
    assert "is no list of whole numbers" in result.output
