"""`hyenadna train` as it is run."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from hyenadna_backends import BACKENDS

BACKEND = os.environ["KERAS_BACKEND"]
HYENADNA = [sys.executable, "-m", "hyenadna_core"]
TRAINS = BACKENDS[BACKEND].trains
SMALL = ["--stages", "16x2@3,32x2@3", "--seed", "1"]


@pytest.mark.core
@pytest.mark.keras
@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_training_on_ones_own_genome_writes_a_whole_run(cli, tmp_path, write_fasta, random_bases):
    fasta = write_fasta({"chr1": random_bases(4000)}, "genome.fa.gz")
    status, stdout, stderr = cli("train", "--fasta", fasta, "--stages", "32x2@3", "--out", "run")
    assert status == 0
    lines = stdout.splitlines()
    assert lines[0] == "Held-out part: 399 bases in 13 windows"
    assert lines[3].startswith("hyenadna-tiny-1k ")
    assert lines[5].split() == ["forward", "strand", "both", "strands"]
    assert [line.split("  ")[0] for line in lines[6:19]] == [f"Markov order {order}" for order in range(13)]
    assert all(len(line.split()) == 7 for line in lines[6:19])
    assert "the best Markov model, order" in lines[-1]
    bits = float(lines[3].split()[-2])
    perplexity = float(lines[3].split()[-1])
    np.testing.assert_allclose(perplexity, 2**bits, rtol=1e-3)
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (run["backend"], run["fft_conv"]) == (BACKEND, BACKEND)
    assert run["config"]["stages"] == ["32x2@3"]
    assert abs(run["held_out"]["bits_per_base"] - bits) < 1e-4
    assert len(run["held_out"]["markov_bits_per_base"]["both strands"]) == 13
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"log.tsv", "curves.png", "checkpoints"}
    assert (tmp_path / "run" / "checkpoints" / "latest").read_text() == "step-3\n"
    assert f"Backend: {BACKEND} (test)" in stderr


@pytest.mark.one_backend
@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_the_same_command_gives_the_same_report_and_a_finished_run_is_left_as_it_is(
    cli, tmp_path, write_fasta, random_bases
):
    fasta = write_fasta({"chr1": random_bases(4000)})
    stdout = cli("train", "--fasta", fasta, *SMALL, "--out", "run")[1]
    assert cli("train", "--fasta", fasta, *SMALL)[1] == stdout
    assert (tmp_path / "runs" / "tiny-1k-1" / "run.json").exists()
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    status, resumed, stderr = cli("train", "--resume", "run")
    assert (status, resumed) == (0, "")
    assert stderr == "run is finished, and nothing was changed: hyenadna evaluate run measures it.\n"
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == before
    without_report(tmp_path / "run")
    assert cli("train", "--resume", "run")[1] == stdout


def without_report(run):
    """Make a run as it is before its report."""
    described = json.loads((run / "run.json").read_text())
    del described["finished"]
    (run / "run.json").write_text(json.dumps(described))


@pytest.mark.one_backend
@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_forward_only_compares_with_the_forward_strand(cli, write_fasta, random_bases):
    fasta = write_fasta({"chr1": random_bases(2000)})
    stdout = cli("train", "--fasta", fasta, *SMALL, "--forward-only")[1]
    assert "forward strand" in stdout
    assert "both strands" not in stdout


@pytest.mark.one_backend
@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_original_windows_are_longer_than_their_intervals_and_read_forward(cli, tmp_path, toy_genome):
    data = ["--fasta", toy_genome / "toy.fa", "--bed", toy_genome / "toy.bed"]
    status, stdout, stderr = cli("train", *data, "--windows", "original", "--stages", "63x2@2,199x2@2", "--out", "run")
    assert status == 0
    assert "4 of 4 training intervals are too short for the longest window and are extended" in stderr
    assert re.fullmatch(
        r"Held-out part: 223 bases in 2 windows; 31 that are .* skipped, 26 of them \(lower case, U\) only by .*",
        stdout.splitlines()[0],
    )
    assert "both strands" not in stdout
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (run["config"]["options"]["windows"], run["task"]["reverse_complements"]) == ("original", False)
    without_report(tmp_path / "run")
    assert cli("train", "--resume", "run")[1] == stdout


@pytest.mark.one_backend
@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
@pytest.mark.parametrize("options", [[], ["--windows", "original", "--reverse-complements"]])
def test_both_strands_are_read_by_default_or_where_asked_for(cli, tmp_path, toy_genome, options):
    cli("train", "--fasta", toy_genome / "toy.fa", *options, "--stages", "16x2@1", "--out", "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["task"] == {"reverse_complements": True}


@pytest.mark.one_backend
@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_a_run_of_another_version_is_one_line(cli, tmp_path, toy_genome, one_line):
    cli("train", "--fasta", toy_genome / "toy.fa", *SMALL, "--out", "run")
    path = tmp_path / "run" / "run.json"
    run = json.loads(path.read_text())
    del run["config"]["options"]
    path.write_text(json.dumps(run))
    status, stdout, stderr = cli("train", "--resume", "run")
    assert (status, stdout) == (1, "")
    assert one_line(stderr).startswith("Error: run/run.json: config.options is missing; it was edited, or another")
    assert one_line(stderr).endswith("start a new run with --weights run to continue from its weights.")


@pytest.mark.one_backend
@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
@pytest.mark.usefixtures("fresh_kernel")
def test_a_run_takes_the_kernel_that_is_named(cli, tmp_path, toy_genome, one_line):
    path = tmp_path / "run" / "run.json"
    status, stdout, _ = cli("train", "--fasta", toy_genome / "toy.fa", *SMALL, "--out", "run", "--fft-conv", "matmul")
    assert (status, json.loads(path.read_text())["fft_conv"]) == (0, "matmul")
    without_report(tmp_path / "run")
    status, again, _ = cli("train", "--resume", "run", "--fft-conv", "generic")
    assert (status, json.loads(path.read_text())["fft_conv"]) == (0, "generic")
    np.testing.assert_allclose(_bits(again), _bits(stdout), atol=2e-3)
    without_report(tmp_path / "run")
    status, _, stderr = cli("train", "--resume", "run", "--fft-conv", "cuda")
    assert status == 1
    assert one_line(stderr).startswith(
        "Error: Unknown kernel 'cuda': choose one of jax, torch, mlx, numpy, generic, matmul"
    )


def _bits(report):
    return float(report.splitlines()[3].split()[-2])


@pytest.mark.one_backend
@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_a_run_stopped_by_ctrl_c_goes_on_where_it_was(tmp_path, write_fasta, random_bases):
    fasta = write_fasta({"chr1": random_bases(4000)})
    command = [*HYENADNA, "train", "--fasta", str(fasta), "--stages", "16x2@100000", "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "run" / "log.tsv").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=600)
    assert process.returncode == 128 + signal.SIGINT
    assert stdout == ""
    assert f"hyenadna train --resume {tmp_path / 'run'}" in stderr.splitlines()[-1]
    step = int(stderr.split("Stopped at step ")[1].split(";")[0])
    assert (tmp_path / "run" / "checkpoints" / "latest").read_text() == f"step-{step}\n"


BAD_INPUT = [
    (["--fasta", "missing.fa"], "Cannot read .*missing.fa: No such file or directory"),
    (["--fasta", "empty.fa"], "empty.fa is empty"),
    (["--fasta", "text.fa"], "text.fa is not a FASTA: it starts with b'h', not with '>'"),
    (["--fasta", "cut.fa.gz"], "cut.fa.gz is truncated or damaged"),
    (["--fasta", "short.fa"], "Nothing is held out"),
    (["--fasta", "good.fa", "--bed", "missing.bed"], "Cannot read .*missing.bed"),
    (["--fasta", "good.fa", "--bed", "past.bed"], "past.bed:1: the interval ends at 9,999 but chr1 .* has 4,000 bases"),
    (["--fasta", "good.fa", "--bed", "unknown.bed"], "unknown.bed:1: no contig '1' in .*good.fa; it has chr1"),
    (["--fasta", "good.fa", "--bed", "all-train.bed"], "Nothing is held out"),
    (["--preset", "huge"], "Unknown preset 'huge': choose one of hyenadna-tiny-1k, "),
    (["--task", "fold"], "Unknown task 'fold': choose one of causal-lm"),
    (["--stages", "64y2"], "Cannot read the stage '64y2'"),
    (["--stages", "4096"], "A stage has 4,096 bases but the model takes at most 1,026"),
    (["--warmup", "64-128"], "Cannot read the warmup '64-128': write FIRST..LAST, as in 64..32768"),
    (["--warmup", "64..128", "--stages", "64"], "--stages and --warmup both set the lengths: leave one out"),
    (["--batch-size", "2", "--batch-bases", "64"], "--batch-size and --batch-bases both set the size of a step"),
    (["--fasta", "good.fa", "--bed", "past.bed", "--bed", "past.bed"], "2 --bed for 1 --fasta: give one for each"),
    (["--fasta-weight", "2", "--fasta-weight", "1"], "2 --fasta-weight for 1 --fasta: give one for each, or none"),
    (["--patience", "3"], "--patience counts validations: give --valid-every too"),
    (["--fasta", "good.fa", "--bed", "test.bed", "--valid-every", "5"], "Nothing to validate on: mark some intervals"),
    (["--weights", "nowhere"], "nowhere"),
    (["--resume", "nowhere"], "nowhere is not a run folder"),
    (["--out", "taken"], "taken holds a run already"),
    (["--out", "good.fa/run"], "Cannot make the run folder good.fa/run"),
]


@pytest.fixture
def bad_inputs(tmp_path, random_bases):
    (tmp_path / "empty.fa").touch()
    (tmp_path / "text.fa").write_text("hello\n")
    (tmp_path / "cut.fa.gz").write_bytes(gzip.compress(b">a\n" + random_bases(9000).encode())[:-100])
    (tmp_path / "short.fa").write_text(">a\nA\n")
    (tmp_path / "test.bed").write_text("chr1\t0\t1000\ttrain\nchr1\t1000\t2000\ttest\n")
    (tmp_path / "good.fa").write_text(">chr1\n" + random_bases(4000) + "\n")
    (tmp_path / "past.bed").write_text("chr1\t0\t9999\ttrain\n")
    (tmp_path / "unknown.bed").write_text("1\t0\t100\ttrain\n")
    (tmp_path / "all-train.bed").write_text("chr1\t0\t4000\ttrain\n")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "run.json").write_text("{}")


@pytest.mark.one_backend
@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
@pytest.mark.parametrize(
    ("arguments", "message"), BAD_INPUT, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
@pytest.mark.usefixtures("bad_inputs")
def test_bad_input_gets_one_line_and_leaves_nothing(cli, tmp_path, arguments, message, one_line):
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    status, stdout, stderr = cli("train", *arguments)
    assert (status, stdout) == (1, "")
    assert re.search(message, one_line(stderr))
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    after.pop(tmp_path / "taken" / ".lock", None)
    assert after == before
    assert not (tmp_path / "runs").exists()


@pytest.mark.one_backend
@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_a_genome_that_changed_is_not_resumed_on(cli, tmp_path, write_fasta, random_bases, one_line):
    fasta = write_fasta({"chr1": random_bases(4000)})
    cli("train", "--fasta", fasta, *SMALL, "--out", "run")
    write_fasta({"chr1": random_bases(4000, seed=1)})
    without_report(tmp_path / "run")
    status, _, stderr = cli("train", "--resume", "run")
    assert status == 1
    assert "has changed since run was started" in one_line(stderr)


@pytest.mark.one_backend
@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_a_full_disk_gets_one_line(cli, write_fasta, random_bases, monkeypatch, one_line):
    from hyenadna_core.training.run_folder import RunFolder

    def full(self, line):
        raise OSError(28, "No space left on device", str(self.path / "log.tsv"))

    monkeypatch.setattr(RunFolder, "log", full)
    status, _, stderr = cli("train", "--fasta", write_fasta({"chr1": random_bases(4000)}), *SMALL, "--out", "run")
    assert status == 1
    assert one_line(stderr) == "Error: run/log.tsv: No space left on device."


@pytest.mark.one_backend
@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_a_rematerialised_run_has_the_losses_of_one_that_is_not(cli, tmp_path, write_fasta, random_bases):
    fasta = write_fasta({"chr1": random_bases(4000)})
    losses = []
    for options in ([], ["--rematerialise"]):
        status, _, stderr = cli(
            "train", "--fasta", fasta, *SMALL, *options, "--log-every", "1", "--out", f"run{len(losses)}"
        )
        assert status == 0, stderr
        lines = (tmp_path / f"run{len(losses)}" / "log.tsv").read_text().splitlines()
        column = lines[0].split("\t").index("loss")
        losses.append([float(line.split("\t")[column]) for line in lines[1:]])
    assert len(losses[0]) == 6
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)
