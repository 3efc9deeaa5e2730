"""The commands `hyenadna benchmark traitgym` and `hyenadna benchmark recall`."""

import json
import re
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from hyenadna_benchmarks.commands.benchmark import benchmark

from hyenadna_core import locked
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
    assert sorted(texts) == [".lock", "scores.tsv", "summary.md", "summary.png", "summary.tsv", "table.tsv"]
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
    assert re.search(rf"1 of 16 REF alleles are not in .*, first 1:{pos} REF={alt}: give", str(refused.exception))
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
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".lock",
        "measured",
        "recall.md",
        "recall.png",
        "table.tsv",
    ]


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
            ("--weights", "human-chr20-1k", "--preset", "tiny-16k"),
            "--preset is the model of `--weights none`: add none",
        ),
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


COMMANDS = {
    "traitgym": lambda folder: ("traitgym", "--variants", folder / "v.tsv", "--fasta", folder / "g.fa"),
    "recall": lambda folder: ("recall", "--fasta", folder / "g.fa"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_empty_folder_of_results_is_refused(folder, command):
    result = run(*COMMANDS[command](folder), "--out", "")
    assert result.exit_code == 2
    assert "the path is empty: give one" in result.output


@pytest.mark.parametrize(
    ("command", "name", "kept"), [("traitgym", "summary.md", "scores"), ("recall", "recall.png", "measured")]
)
def test_no_file_of_results_is_an_input_or_a_folder(folder, tmp_path, command, name, kept):
    """The weights do not exist, so these are found before any work."""
    arguments = (*COMMANDS[command](folder), "--weights", "absent", "--out")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / name).hardlink_to(folder / "g.fa")
    assert re.search(rf"{name} is the input .*g.fa: name another file", str(run(*arguments, tmp_path / "a").exception))
    (tmp_path / "b" / name).mkdir(parents=True)
    assert f"{name} is a folder: name a file" in str(run(*arguments, tmp_path / "b").exception)
    (tmp_path / "c").touch()
    assert "c is not a folder: name another one" in str(run(*arguments, tmp_path / "c").exception)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / kept).touch()
    assert f"{kept} is not a folder: name another one" in str(run(*arguments, tmp_path / "d").exception)
    assert list((tmp_path / "d").iterdir()) == [tmp_path / "d" / kept]


@pytest.mark.parametrize("command", COMMANDS)
def test_two_processes_do_not_write_into_one_folder(folder, tmp_path, command):
    with (tmp_path / ".lock").open("w") as file:
        assert locked(file, tmp_path)
        result = run(*COMMANDS[command](folder), "--weights", "absent", "--out", tmp_path)
    assert str(result.exception) == (
        f"{tmp_path} is in use by another benchmark: wait for it, or choose another --out."
    )
