"""The command as people run it: in a process of its own where the start matters, else in this one."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hyenadna_backends import BACKENDS, Choice, missing
from hyenadna_core.cli import Session, backend_option, make_cli
from hyenadna_plugins import plugin_manager

BACKEND = os.environ["KERAS_BACKEND"]
HYENADNA = [sys.executable, "-m", "hyenadna_core"]
TRAINS = BACKENDS[BACKEND].trains
SMALL = ["--stages", "16x2@3,32x2@3", "--seed", "1"]


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Runs the command in this process, in a folder of its own; (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, backend=BACKEND):
        session = Session(plugin_manager(names=[]), Choice(backend, "test"))
        result = CliRunner().invoke(make_cli(session), [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


def one_line(stderr):
    """The error of a command that failed: its last line, all others being notices."""
    *notices, last = stderr.strip().splitlines()
    assert all(not notice.startswith(("Error", "Traceback")) for notice in notices)
    return last


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from hyenadna_core.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'keras', 'jax', 'torch', 'mlx', 'numpy', 'matplotlib', 'rich'} & set(sys.modules)\n"
        "print('heavy modules:', sorted(heavy))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "heavy modules: []" in answer.stdout
    for command in ("train", "convert", "presets", "doctor", "parity", "bench"):
        assert f"  {command} " in answer.stdout


@pytest.mark.parametrize("command", ["train", "convert", "presets", "doctor", "parity", "bench"])
def test_each_command_has_its_help(cli, command):
    status, stdout, _ = cli(command, "--help")
    assert status == 0
    assert "Usage" in stdout


def test_the_backend_is_read_from_the_arguments_before_they_are_parsed():
    assert backend_option(["train", "--backend", "torch"]) == "torch"
    assert backend_option(["train", "--backend=mlx", "--steps", "3"]) == "mlx"
    assert backend_option(["train"]) is None
    assert backend_option(["train", "--backend"]) is None


def test_presets_are_listed_with_their_plugin(cli):
    header, *rows = cli("presets")[1].splitlines()
    assert header.split("\t")[0] == "name"
    assert len(rows) == 7
    presets = json.loads(cli("presets", "--json")[1])
    assert presets[0] == {
        "name": "hyenadna-tiny-1k",
        "n_layer": 2,
        "d_model": 128,
        "max_seq_len": 1026,
        "parameters": 436096,
        "source": "HazyResearch/hyena-dna, arXiv 2306.15794",
        "weights": "hf://LongSafari/hyenadna-tiny-1k-seqlen-hf@e8c1effa8673814e257e627d2e1eda9ea5a373f6",
        "sha256": "5ce2146c21e9c4baa6bddc4998fd3d029903ae84a563bf80218644082194a12d",
        "licence": "BSD-3-Clause",
        "plugin": "builtin",
    }


def test_convert_writes_another_layout_and_says_what_it_left_out(cli, tmp_path, golden_weights):
    from safetensors.numpy import load_file

    checkpoint = Path(__file__).parent / "data" / "tiny_order2.lightning_layout.ckpt"
    status, stdout, stderr = cli("convert", checkpoint, "hub", "--layout", "hub")
    assert (status, stdout) == (0, "")
    assert stderr.splitlines() == [
        f"{checkpoint} (original, 60 tensors) -> hub",
        "Left out, as no part of the language model: train_torchmetrics.num_tokens.count",
    ]
    assert len(load_file(tmp_path / "hub" / "model.safetensors")) == 56
    assert cli("convert", checkpoint)[0] == 2
    status, _, stderr = cli("convert", checkpoint, "hub")
    assert (status, one_line(stderr)) == (1, "Error: hub exists already: remove it, or choose another name.")
    status, _, stderr = cli("convert", "nothing.ckpt", "x")
    assert (status, one_line(stderr)) == (1, "Error: There is no file or folder nothing.ckpt.")


def test_convert_compares_the_window_shifts_on_a_genome(cli, write_fasta, random_bases, golden_folder):
    """Both lines against a likelihood worked out base by base from the float64 definition."""
    from hyenadna_core import definition, encode
    from hyenadna_core.sources import read_weights

    bases = random_bases(1000)
    path = golden_folder / "tiny_order2.weights.safetensors"
    status, stdout, _ = cli("convert", path, "--check", write_fasta({"chr1": bases}))
    assert status == 0
    header, *lines = (line.split("\t") for line in stdout.splitlines())
    assert header == ["window_shift", "perplexity", "bits_per_base", "bases", "who_takes_it"]
    ids = encode(bases)
    for shift, (found_shift, perplexity, _, count, _) in zip((0.0, 0.05), lines, strict=True):
        nats = []
        for start in range(0, 999, 64):
            window = ids[None, start : start + 65]
            logits = definition.forward(read_weights(path).tensors, window[:, :-1], shift)[1]
            nats += [definition.loss(logits, window[:, 1:])] * (window.shape[1] - 1)
        assert (float(found_shift), int(count)) == (shift, 999)
        np.testing.assert_allclose(float(perplexity), np.exp(np.mean(nats)), rtol=1e-4)


def test_doctor_checks_the_device_against_numpy(cli):
    status, stdout, _ = cli("doctor", "--self-check")
    assert status == 0
    checks = [line for line in stdout.splitlines() if line.startswith(("ok ", "FAIL"))]
    assert sum("fft_conv" in line for line in checks) == 20
    assert sum("the original's" in line for line in checks) == (4 if TRAINS else 3)
    assert not any(line.startswith("FAIL") for line in checks)


def test_a_check_that_fails_is_seen(cli, monkeypatch):
    from hyenadna_core import self_check

    monkeypatch.setattr(self_check, "GATE", -1.0)
    monkeypatch.setattr(self_check, "LENGTHS", (8, 9))
    monkeypatch.setattr(self_check, "CASES", ())
    status, stdout, stderr = cli("doctor", "--self-check")
    assert status == 1
    assert sum(line.startswith("FAIL  fft_conv") for line in stdout.splitlines()) == 2
    assert one_line(stderr) == "Error: 2 of 2 checks failed, first: fft_conv, 8 bases."
    status, stdout, _ = cli("doctor", "--self-check", "--json")
    assert [check["passed"] for check in json.loads(stdout)["self_check"]] == [False, False]


def test_doctor_estimates_the_memory_of_a_preset(cli):
    header, *rows = (
        line.split("\t") for line in cli("doctor", "--preset", "large-1m", "--seq-len", "1000000")[1].splitlines()
    )
    assert [row[0] for row in rows] == ["inference", "training", "rematerialised"]
    peaks = [int(row[header.index("peak_MB")]) for row in rows]
    assert peaks[0] < 6000 < peaks[2] < peaks[1]
    status, _, stderr = cli("doctor", "--preset", "tiny-1k", "--seq-len", "2000")
    assert (status, one_line(stderr)) == (1, "Error: hyenadna-tiny-1k takes at most 1,026 bases, not 2,000.")
    (inference, *_) = json.loads(cli("doctor", "--preset", "tiny-1k", "--json")[1])
    assert inference["peak"] == sum(inference[part] for part in ("weights", "spectra", "activations", "optimizer"))


def test_examples_in_help_keep_their_lines(cli):
    for command in ("train", "convert", "bench"):
        text = cli(command, "--help")[1]
        assert "\\b" not in text
        assert any(line.startswith(("  hyenadna ", "    hyenadna ", "    KERAS")) for line in text.splitlines())


def test_parity_needs_backends_that_are_installed(cli):
    status, _, stderr = cli("parity", "--backends", "tensorflow")
    assert (status, one_line(stderr)) == (1, f"Error: {missing('tensorflow')}")


def test_doctor_names_what_is_here_and_what_is_not(cli):
    found = json.loads(cli("doctor", "--json")[1])
    assert (found["backend"], found["reason"]) == (BACKEND, "test")
    assert found["backends"][BACKEND]["devices"]
    assert set(found["extras"]) == {"jax", "torch", "mlx", "hub"}
    text = cli("doctor")[1]
    for name, state in found["backends"].items():
        line = next(line for line in text.splitlines() if line.startswith(name))
        assert (state["version"] in line) if "version" in state else ("pip install" in line or "broken" in line)


@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_training_on_ones_own_genome_writes_a_whole_run(cli, tmp_path, write_fasta, random_bases):
    fasta = write_fasta({"chr1": random_bases(4000)}, "genome.fa.gz")
    status, stdout, stderr = cli("train", "--fasta", fasta, *SMALL, "--out", "run")
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
    assert run["config"]["stages"] == ["16x2@3", "32x2@3"]
    assert abs(run["held_out"]["bits_per_base"] - bits) < 1e-4
    assert len(run["held_out"]["markov_bits_per_base"]["both strands"]) == 13
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"log.tsv", "curves.png", "checkpoints"}
    assert (tmp_path / "run" / "checkpoints" / "latest").read_text() == "step-6\n"
    assert f"Backend: {BACKEND} (test)" in stderr
    again = cli("train", "--fasta", fasta, *SMALL)[1]
    assert again == stdout
    assert (tmp_path / "runs" / "tiny-1k-1" / "run.json").exists()
    assert cli("train", "--resume", "run")[1] == stdout


@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_forward_only_compares_with_the_forward_strand(cli, write_fasta, random_bases):
    fasta = write_fasta({"chr1": random_bases(2000)})
    stdout = cli("train", "--fasta", fasta, *SMALL, "--forward-only")[1]
    assert "forward strand" in stdout
    assert "both strands" not in stdout


@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_original_windows_are_longer_than_their_intervals_and_read_forward(cli, tmp_path, toy_genome):
    data = ["--fasta", toy_genome / "toy.fa", "--bed", toy_genome / "toy.bed"]
    status, stdout, stderr = cli("train", *data, "--windows", "original", "--stages", "63x2@2,199x2@2", "--out", "run")
    assert status == 0
    assert "4 of 4 training intervals are too short for the longest window and are extended" in stderr
    assert re.fullmatch(
        r"Held-out part: 223 bases in 2 windows; 31 that are .* passed over, 26 of them \(lower case, U\) by .* alone",
        stdout.splitlines()[0],
    )
    assert "both strands" not in stdout
    config = json.loads((tmp_path / "run" / "run.json").read_text())["config"]
    assert (config["windows"], config["reverse_complements"]) == ("original", False)
    assert cli("train", "--resume", "run")[1] == stdout


@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
@pytest.mark.parametrize("options", [[], ["--windows", "original", "--reverse-complements"]])
def test_both_strands_are_read_by_default_or_where_asked_for(cli, tmp_path, toy_genome, options):
    cli("train", "--fasta", toy_genome / "toy.fa", *options, "--stages", "16x2@1", "--out", "run")
    config = json.loads((tmp_path / "run" / "run.json").read_text())["config"]
    assert config["reverse_complements"] is True


@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_a_run_from_before_there_was_a_choice_of_windows_goes_on(cli, tmp_path, toy_genome):
    stdout = cli("train", "--fasta", toy_genome / "toy.fa", *SMALL, "--out", "run")[1]
    path = tmp_path / "run" / "run.json"
    run = json.loads(path.read_text())
    assert run["config"].pop("windows") == "random"
    path.write_text(json.dumps(run))
    status, again, _ = cli("train", "--resume", "run")
    assert (status, again) == (0, stdout)


@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
@pytest.mark.usefixtures("fresh_kernel")
def test_a_run_takes_the_kernel_that_is_named(cli, tmp_path, toy_genome):
    path = tmp_path / "run" / "run.json"
    status, stdout, _ = cli("train", "--fasta", toy_genome / "toy.fa", *SMALL, "--out", "run", "--fft-conv", "matmul")
    assert (status, json.loads(path.read_text())["fft_conv"]) == (0, "matmul")
    status, again, _ = cli("train", "--resume", "run", "--fft-conv", "generic")
    assert (status, json.loads(path.read_text())["fft_conv"]) == (0, "generic")
    np.testing.assert_allclose(_bits(again), _bits(stdout), atol=2e-3)
    status, _, stderr = cli("train", "--resume", "run", "--fft-conv", "cuda")
    assert status == 1
    assert one_line(stderr).startswith(
        "Error: Unknown kernel 'cuda': choose one of jax, torch, mlx, numpy, generic, matmul"
    )


def _bits(report):
    return float(report.splitlines()[3].split()[-2])


@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_a_run_stopped_by_ctrl_c_goes_on_where_it_was(tmp_path, write_fasta, random_bases):
    fasta = write_fasta({"chr1": random_bases(4000)})
    command = [*HYENADNA, "train", "--fasta", str(fasta), "--stages", "16x2@100000", "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "run" / "log.tsv").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert stdout == ""
    assert f"hyenadna train --resume {tmp_path / 'run'}" in stderr.splitlines()[-1]
    step = int(stderr.split("Stopped at step ")[1].split(";")[0])
    assert (tmp_path / "run" / "checkpoints" / "latest").read_text() == f"step-{step}\n"


BAD_INPUT = [
    (["--fasta", "missing.fa"], "Cannot read the FASTA .*missing.fa: No such file or directory"),
    (["--fasta", "empty.fa"], "empty.fa is empty"),
    (["--fasta", "text.fa"], "text.fa is not a FASTA: it starts with b'h', not with '>'"),
    (["--fasta", "cut.fa.gz"], "cut.fa.gz is cut off or damaged"),
    (["--fasta", "short.fa"], "No sequence of .*short.fa is longer than the window of 1,024 bases: .* has 90"),
    (["--fasta", "good.fa", "--bed", "missing.bed"], "Cannot read the BED .*missing.bed"),
    (["--fasta", "good.fa", "--bed", "past.bed"], "past.bed:1: the interval ends at 9,999 but chr1 .* has 4,000 bases"),
    (["--fasta", "good.fa", "--bed", "unknown.bed"], "unknown.bed:1: no contig '1' in .*good.fa; it has chr1"),
    (["--fasta", "good.fa", "--bed", "all-train.bed"], "Nothing is held out"),
    (["--preset", "huge"], "Unknown preset 'huge': choose one of hyenadna-tiny-1k, "),
    (["--task", "fold"], "Unknown task 'fold': choose one of causal-lm"),
    (["--stages", "64y2"], "Cannot read the stage '64y2'"),
    (["--stages", "4096"], "A stage has 4,096 bases but hyenadna-tiny-1k takes at most 1,026"),
    (["--resume", "nowhere"], "nowhere is not a run folder"),
    (["--out", "taken"], "taken holds a run already"),
    (["--out", "good.fa/run"], "Cannot make the run folder good.fa/run"),
]


@pytest.fixture
def bad_inputs(tmp_path, random_bases):
    (tmp_path / "empty.fa").touch()
    (tmp_path / "text.fa").write_text("hello\n")
    (tmp_path / "cut.fa.gz").write_bytes(gzip.compress(b">a\n" + random_bases(9000).encode())[:-100])
    (tmp_path / "short.fa").write_text(">a\n" + random_bases(100) + "\n")
    (tmp_path / "good.fa").write_text(">chr1\n" + random_bases(4000) + "\n")
    (tmp_path / "past.bed").write_text("chr1\t0\t9999\ttrain\n")
    (tmp_path / "unknown.bed").write_text("1\t0\t100\ttrain\n")
    (tmp_path / "all-train.bed").write_text("chr1\t0\t4000\ttrain\n")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "run.json").write_text("{}")


@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
@pytest.mark.parametrize(
    ("arguments", "message"), BAD_INPUT, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
@pytest.mark.usefixtures("bad_inputs")
def test_bad_input_gets_one_line_and_leaves_nothing(cli, tmp_path, arguments, message):
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    status, stdout, stderr = cli("train", *arguments)
    assert (status, stdout) == (1, "")
    assert re.search(message, one_line(stderr))
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".fai"}
    after.pop(tmp_path / "taken" / ".lock", None)
    assert after == before
    assert not (tmp_path / "runs").exists()


@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_a_genome_that_changed_is_not_resumed_on(cli, write_fasta, random_bases):
    fasta = write_fasta({"chr1": random_bases(4000)})
    cli("train", "--fasta", fasta, *SMALL, "--out", "run")
    write_fasta({"chr1": random_bases(4000, seed=1)})
    status, _, stderr = cli("train", "--resume", "run")
    assert status == 1
    assert "has changed since run was started" in one_line(stderr)


@pytest.mark.skipif(not TRAINS, reason=f"backend {BACKEND} cannot train")
def test_a_full_disk_gets_one_line(cli, write_fasta, random_bases, monkeypatch):
    from hyenadna_core.run_folder import RunFolder

    def full(self, line):
        raise OSError(28, "No space left on device", str(self.path / "log.tsv"))

    monkeypatch.setattr(RunFolder, "log", full)
    status, _, stderr = cli("train", "--fasta", write_fasta({"chr1": random_bases(4000)}), *SMALL, "--out", "run")
    assert status == 1
    assert one_line(stderr) == "Error: run/log.tsv: No space left on device."


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("tensorflow", "Backend 'tensorflow' is not installed (tensorflow not found): run pip install"),
        ("caffe", "Unknown backend 'caffe': choose one of jax, torch, mlx, numpy"),
    ],
)
def test_a_backend_that_is_not_there_names_what_to_install(cli, backend, message):
    status, _, stderr = cli("train", backend=backend)
    assert status == 1
    assert message in one_line(stderr)


@pytest.mark.skipif(TRAINS, reason=f"backend {BACKEND} can train")
def test_a_backend_without_gradients_says_so(cli):
    status, _, stderr = cli("train")
    assert status == 1
    assert f"Backend '{BACKEND}' has no gradients and cannot train: choose one of jax, torch, mlx" in one_line(stderr)


@pytest.mark.parametrize(
    "arguments",
    [["--steps", "0"], ["--steps", "x"], ["--resume", "run", "--steps", "3"], ["--windows", "first"], ["--what"]],
)
def test_wrong_usage_exits_with_two(cli, arguments):
    assert cli("train", *arguments)[0] == 2


def test_a_broken_plugin_costs_the_command_one_line(tmp_path, monkeypatch):
    (tmp_path / "broken.py").write_text("import not_there\n")
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hyenadna]\nbroken = broken\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    answer = subprocess.run([*HYENADNA, "presets"], capture_output=True, text=True, check=True, env=environment)
    assert answer.stderr == "Warning: Plug-in 'broken' was left out: No module named 'not_there'\n"
    assert "hyenadna-large-1m" in answer.stdout


def test_a_plugin_that_imports_keras_at_its_top_works(tmp_path):
    (tmp_path / "eager.py").write_text("import keras\nprint(keras.config.backend())\n")
    info = tmp_path / "eager-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: eager\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hyenadna]\neager = eager\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "KERAS_BACKEND": "", "KERAS_HOME": str(tmp_path)}
    answer = subprocess.run(
        [*HYENADNA, "presets", "--help"], capture_output=True, text=True, check=True, env=environment
    )
    assert (answer.stdout.splitlines()[0], answer.stderr) == (BACKEND if BACKEND != "numpy" else "jax", "")
