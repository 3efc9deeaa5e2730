"""`hyenadna predict` and `evaluate` with a run of one step."""

import csv
import math
import sys

import pytest
from click.testing import CliRunner

from hyenadna_backends import Choice, choose
from hyenadna_core.cli import Session, make_cli
from hyenadna_core.commands.evaluate import print_figures
from hyenadna_plugins import plugin_manager

pytestmark = [pytest.mark.one_backend, pytest.mark.usefixtures("trains")]
READS = {f"read{number}": "ACGTTGCA" * (1 + number % 3) + "T" * number for number in range(9)}
FASTQ = "".join(f"@{name} 1:N\n{bases}\n+\n{'@' * len(bases)}\n" for name, bases in READS.items())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Train one step, and return the folder of the run."""
    folder = tmp_path_factory.mktemp("run")
    rows = [f"{'AC' * (5 + row)},{'ab'[row % 2]}" for row in range(20)]
    (folder / "train.csv").write_text("\n".join(["sequence,label", *rows]) + "\n")
    options = ["--preset", "tiny-1k", "--stages", "24x4@1", "--baseline", "none", "--out", str(folder / "run")]
    session = Session(plugin_manager(names=[]), Choice(choose().name, "test"))
    command = ["train", "--task", "classify", "--train", str(folder / "train.csv"), *options]
    assert CliRunner().invoke(make_cli(session), command).exit_code == 0
    return folder / "run"


@pytest.fixture
def reads(tmp_path):
    path = tmp_path / "reads.fq"
    path.write_text(FASTQ)
    return path


def test_reads_have_the_predictions_of_the_same_sequences_in_a_fasta(cli, run, reads, write_fasta):
    status, stdout, stderr = cli("predict", run, reads)
    rows = list(csv.DictReader(stdout.splitlines(), delimiter="\t"))
    assert (status, [row["name"] for row in rows]) == (0, list(READS))
    assert stderr.splitlines()[-1] == "Predicted 9 sequences."
    assert cli("predict", run, write_fasta(READS))[1] == stdout
    assert cli("predict", run, reads, "--batch-size", 1)[0] == 0


def test_parts_make_one_table(cli, run, reads, monkeypatch, tmp_path):
    whole = cli("predict", run, reads)[1]
    monkeypatch.setattr("hyenadna_core.tasks.sequence_predictions.MOST_ROWS", 4)
    in_parts = cli("predict", run, reads)[1]
    assert [line.split("\t")[:2] for line in in_parts.splitlines()] == [
        line.split("\t")[:2] for line in whole.splitlines()
    ]
    status, stdout, stderr = cli("predict", run, reads, "--out", "out.tsv")
    assert (status, stdout, (tmp_path / "out.tsv").read_text()) == (0, "", in_parts)
    assert stderr.splitlines()[-2:] == ["Predicted 9 sequences.", "Written: out.tsv"]


def test_stdin_is_read(cli, run, reads, stdin_from):
    expected = cli("predict", run, reads)[1]
    with stdin_from(reads):
        assert cli("predict", run, "-")[:2] == (0, expected)


def test_a_fault_further_on_leaves_the_file_that_was_there(cli, run, reads, one_line, monkeypatch, tmp_path):
    monkeypatch.setattr("hyenadna_core.tasks.sequence_predictions.MOST_ROWS", 4)
    (tmp_path / "out.tsv").write_text("before")
    reads.write_text(FASTQ + "@cut\nACGT\n+\nI")
    status, _, stderr = cli("predict", run, reads, "--out", "out.tsv")
    fault = f"Error: {reads}, record 10 (cut) is cut off: it has 1 qualities for 4 bases."
    assert (status, one_line(stderr)) == (1, fault)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.tsv", "reads.fq"]
    assert (tmp_path / "out.tsv").read_text() == "before"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--sequence-column", "x"), "has no column 'x'; its first line names bases, who."),
        (("--sequence-column", "bases", "--name-column", "y"), "has no column 'y'; its first line names bases, who."),
        ((), "has no column sequence, seq or dna; its first line names bases, who."),
        (("--out", "new.csv"), "new.csv is the input new.csv: name another file."),
    ],
)
def test_a_wrong_column_or_output_is_one_line(cli, run, one_line, tmp_path, options, message):
    (tmp_path / "new.csv").write_text("bases,who\nACGT,me\n")
    status, stdout, stderr = cli("predict", run, "new.csv", *options)
    assert (status, stdout) == (1, "")
    assert one_line(stderr).endswith(message)


@pytest.mark.parametrize(
    "name", ["run.json", "log.tsv", "predictions.tsv", "checkpoints/best/model.safetensors", "checkpoints/new.tsv"]
)
def test_a_file_of_the_run_is_never_the_output(cli, run, reads, one_line, name):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    status, stdout, stderr = cli("predict", run, reads, "--out", run / name)
    assert (status, stdout) == (1, "")
    assert one_line(stderr) == f"Error: {run / name} is for the run run itself: name another file."
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_another_name_in_the_run_folder_is_written(cli, run, reads):
    assert cli("predict", run, reads, "--out", run / "new.tsv")[0] == 0
    assert (run / "new.tsv").read_text() == cli("predict", run, reads)[1]


def test_one_sequence_and_one_row_left_out_are_singular(cli, run, tmp_path):
    (tmp_path / "new.csv").write_text('sequence\nACGT\n""\n')
    assert cli("predict", run, "new.csv")[2].splitlines()[-2:] == [
        "1 row of new.csv was left out: the sequence is empty.",
        "Predicted 1 sequence.",
    ]


def test_names_come_from_a_column(cli, run, tmp_path):
    (tmp_path / "new.csv").write_text("bases,who\nACGT,me\nAC,you\n")
    stdout = cli("predict", run, "new.csv", "--sequence-column", "bases", "--name-column", "who")[1]
    assert [line.split("\t")[0] for line in stdout.splitlines()] == ["name", "me", "you"]


def test_figures_are_lines_in_a_pipe(cli, run):
    lines = [line.split("\t") for line in cli("evaluate", run)[1].splitlines()]
    assert lines[0] == ["split", "valid"]
    assert {"accuracy", "mcc"} < {name for name, _ in lines}


def test_figures_are_an_aligned_table_at_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    print_figures("valid", {"mcc": 0.123456789, "accuracy": math.nan})
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["figure    valid", "mcc       0.123457", "accuracy  nan"]
