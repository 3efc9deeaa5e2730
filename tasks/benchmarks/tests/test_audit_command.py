"""`hyenadna audit`, on files and on a set of a suite."""

import json

import pytest
from click.testing import CliRunner
from hyenadna_benchmarks.audit import Audit
from hyenadna_benchmarks.commands.audit import audit

from hyenadna_core import HyenaDNAError

ONE, OTHER = "ACGTTGCATTACGGATCCAATG", "TTTTGGGGCCCCAAAATAGACA"
HEADINGS = ("split", "compared with", "rows", "repeats", "same strand", "other label")
REVERSE = ONE[::-1].translate(str.maketrans("ACGT", "TGCA"))


def run(*arguments):
    """Run the command; a fault is raised."""
    answer = CliRunner().invoke(audit, ["--no-linter", *map(str, arguments)])
    if answer.exception and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    return answer


@pytest.fixture
def files(tmp_path):
    train, test = tmp_path / "train.csv", tmp_path / "test.tsv"
    train.write_text(f"name,sequence,label\na,{OTHER},yes\nb,{ONE},no\nc,{ONE}G,yes\n")
    test.write_text(f"sequence\tlabel\n{REVERSE.lower()}\tyes\n{OTHER}\tyes\nACGTACGTACGT\tno\n")
    return ["--train", train, "--test", test]


def test_the_table(files):
    lines = [line.split("\t") for line in run(*files).stdout.splitlines()]
    assert lines == [
        [
            "split",
            "compared with",
            "rows",
            "repeats",
            "same strand",
            "other label",
            "near",
            "near, other label",
            "leaked",
        ],
        ["train", "train", "3", "0", "0", "0", "", "", ""],
        ["test", "test", "3", "0", "0", "0", "", "", ""],
        ["test", "train", "3", "2", "1", "1", "0", "0", "2"],
    ]


def test_the_sentences_are_on_stderr(files):
    stderr = run(*files).stderr
    assert "2 of 3 rows of test repeat a row of train (1 on the same strand), 1 with another label" in stderr
    assert "2 of 3 rows of test leak.\nseqleak: not asked.\n" in stderr


def test_labels_that_may_mean_the_same_are_named(files, tmp_path):
    (tmp_path / "test.tsv").write_text(f"sequence\tlabel\n{OTHER}\tYes\n")
    assert (
        "The labels 'Yes', 'yes' are different classes: write them alike if they mean the same." in run(*files).stderr
    )


def test_the_files(files, tmp_path):
    answer = run(*files, "--out", tmp_path / "out", "--json")
    assert json.loads(answer.stdout)[2]["repeats"] == 2
    assert (tmp_path / "out" / "pairs.tsv").read_text() == (
        "split\trow\tlabel\tcompared with\tmatch\tits label\tsimilarity\tstrand\tkind\n"
        "test\t1\tyes\ttrain\tb\tno\t1.0000\t-\tcopy\n"
        "test\t2\tyes\ttrain\ta\tyes\t1.0000\t+\tcopy\n"
        "test\t3\tno\ttrain\t\t\t\t\t\n"
    )
    report = Audit.from_json(json.loads((tmp_path / "out" / "audit.json").read_text()))
    assert report.leaked().tolist() == [True, True, False]


def test_a_set_of_a_suite(tmp_path):
    folder = tmp_path / "tf" / "0"
    folder.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        (folder / f"{split}.csv").write_text(f"sequence,label\n{ONE},0\n{OTHER},1\n")
    rows = [line.split("\t") for line in run("gue/tf_0", "--folder", tmp_path).stdout.splitlines()]
    assert [row[:4] for row in rows if row[0] == "test"] == [
        ["test", "test", "2", "0"],
        ["test", "train", "2", "2"],
        ["test", "dev", "2", "2"],
    ]


def test_a_set_that_is_not_as_published_is_named(tmp_path):
    folder = tmp_path / "tf" / "0"
    folder.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        (folder / f"{split}.csv").write_text(f"sequence,label\n{ONE},0\n{OTHER},1\n")
    stderr = run("gue/tf_0", "--folder", tmp_path).stderr
    assert stderr.count("file of gue/tf_0: its SHA-256 is ") == 3
    assert "gue/tf_0: train has 2 sequences here, and 32,378 as published.\n" in stderr


def test_an_input_is_never_overwritten(tmp_path):
    table = tmp_path / "pairs.tsv"
    table.write_text(f"sequence\tlabel\n{ONE}\tyes\n")
    with pytest.raises(HyenaDNAError, match=r"pairs.tsv is the input .*: name another file"):
        run("--train", table, "--test", table, "--out", tmp_path)
    assert table.read_text().startswith("sequence")


def test_a_set_of_a_release_of_the_nucleotide_transformer(tmp_path):
    for release in ("original", "revised"):
        folder = tmp_path / release / "enhancers"
        folder.mkdir(parents=True)
        for split in ("train", "test"):
            (folder / f"{split}.csv").write_text(f"sequence,label\n{ONE},0\n{OTHER},1\n")
        lines = run(f"nt-{release}/enhancers", "--folder", tmp_path / release).stdout.splitlines()
        assert lines[-1].split("\t")[:4] == ["test", "train", "2", "2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs --train and --test"),
        (["--train", "a.csv"], "needs --train and --test"),
        (["gue/tf_0", "--train", "a.csv"], "one source"),
        (["gue/tf_0", "--label-column", "y"], "one source"),
        (
            ["--train", "a.csv", "--test", "b.csv", "--folder", "."],
            "--folder, --fasta and --class-fasta are for SUITE/SET",
        ),
        (["gue/tf_0", "--fasta", "g.fa"], "for sets of genomic-benchmarks, and this is gue/tf_0"),
        (["tf_0"], "no set 'tf_0': name it SUITE/SET"),
        (["gue/tf_9", "--folder", "."], "no set 'tf_9'"),
        (["--train", "missing.csv", "--test", "missing.csv"], "Cannot read .*missing.csv"),
    ],
)
def test_a_fault_is_one_line(arguments, message):
    with pytest.raises(HyenaDNAError, match=message) as error:
        run(*arguments)
    assert "\n" not in str(error.value)


def test_a_fault_of_an_option_is_one_line(files, tmp_path):
    with pytest.raises(HyenaDNAError, match="is not a folder"):
        run(*files, "--out", files[1])
    (tmp_path / "audit.json").mkdir()
    with pytest.raises(HyenaDNAError, match=r"audit\.json is a folder: name a file"):
        run(*files, "--out", tmp_path)
    with pytest.raises(HyenaDNAError, match="no column 'dna'"):
        run(*files, "--sequence-column", "dna")
    with pytest.raises(HyenaDNAError, match="least similarity is 2"):
        run(*files, "--least", "2")
