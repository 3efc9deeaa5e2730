"""The command as people run it: in its own process if the start matters, else in this one."""

import json
import os
import subprocess
import sys

import pytest

from hyenadna_backends import BACKENDS, Choice, missing
from hyenadna_core.cli import Session, make_cli, option_value
from hyenadna_plugins import plugin_manager

BACKEND = os.environ["KERAS_BACKEND"]
HYENADNA = [sys.executable, "-m", "hyenadna_core"]
TRAINS = BACKENDS[BACKEND].trains
OWN_COMMANDS = make_cli(Session(plugin_manager(names=[]), Choice(BACKEND, "test"))).commands
SMALL = ["--stages", "16x2@3,32x2@3", "--seed", "1"]


def path_with(folder):
    """Return the PYTHONPATH of this process with a folder before it."""
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


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


@pytest.mark.parametrize("command", OWN_COMMANDS)
def test_the_list_of_commands_has_each_first_sentence_in_full(cli, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    first, _, _ = OWN_COMMANDS[command].help.replace("\n", " ").partition(". ")
    rows = [line.split(maxsplit=1) for line in cli("--help")[1].splitlines()]
    assert [command, first.strip().removesuffix(".") + "."] in rows


def test_the_help_lists_commands_in_sections(cli):
    stdout = cli("--help")[1]
    sections = [line for line in stdout.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert sections == [
        "Options:",
        "Train and use a model:",
        "A genome through the model:",
        "Vectors:",
        "Weights and data:",
        "Tasks and plug-ins:",
        "This installation:",
    ]


def test_the_backend_is_read_from_the_arguments_before_they_are_parsed():
    assert option_value(["train", "--backend", "torch"], "--backend") == "torch"
    assert option_value(["train", "--backend=mlx", "--steps", "3"], "--backend") == "mlx"
    assert option_value(["train"], "--backend") is None
    assert option_value(["train", "--backend"], "--backend") is None


def test_presets_are_listed_with_their_plugin(cli):
    header, *rows = cli("presets")[1].splitlines()
    assert header.split("\t")[0] == "name"
    assert len(rows) == 8
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
        "clashes_with": [],
    }


def test_examples_in_help_keep_their_lines(cli):
    for command in ("train", "convert", "bench"):
        text = cli(command, "--help")[1]
        assert "\\b" not in text
        assert any(line.startswith(("  hyenadna ", "    hyenadna ", "    KERAS")) for line in text.splitlines())


@pytest.mark.one_backend
def test_parity_needs_backends_that_are_installed(cli, one_line):
    status, _, stderr = cli("parity", "--backends", "tensorflow")
    assert (status, one_line(stderr)) == (1, f"Error: {missing('tensorflow')}")


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("tensorflow", "Backend 'tensorflow' is not installed (tensorflow not found): run pip install"),
        ("caffe", "Unknown backend 'caffe': choose one of jax, torch, mlx, numpy"),
    ],
)
def test_a_backend_that_is_not_there_names_what_to_install(cli, backend, message, one_line):
    status, _, stderr = cli("train", backend=backend)
    assert status == 1
    assert message in one_line(stderr)


@pytest.mark.keras
@pytest.mark.skipif(TRAINS, reason=f"backend {BACKEND} can train")
def test_a_backend_without_gradients_says_so(cli, one_line):
    status, _, stderr = cli("train")
    assert status == 1
    assert f"Backend '{BACKEND}' has no gradients and cannot train: choose one of jax, torch, mlx" in one_line(stderr)


@pytest.mark.parametrize(
    "arguments",
    [["--steps", "0"], ["--steps", "x"], ["--resume", "run", "--steps", "3"], ["--windows", "first"], ["--what"]],
)
def test_wrong_usage_exits_with_two(cli, arguments):
    assert cli("train", *arguments)[0] == 2


def test_a_broken_plugin_costs_the_command_one_line(tmp_path, monkeypatch, one_line):
    (tmp_path / "broken.py").write_text("import not_there\n")
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hyenadna]\nbroken = broken\n")
    environment = os.environ | {"PYTHONPATH": path_with(tmp_path)}
    answer = subprocess.run([*HYENADNA, "presets"], capture_output=True, text=True, check=True, env=environment)
    assert answer.stderr == "Warning: Plug-in 'broken' was left out: No module named 'not_there'\n"
    assert "hyenadna-large-1m" in answer.stdout


@pytest.mark.one_backend
def test_a_plugin_that_imports_keras_at_its_top_works(tmp_path):
    (tmp_path / "eager.py").write_text("import keras\nprint(keras.config.backend())\n")
    info = tmp_path / "eager-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: eager\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hyenadna]\neager = eager\n")
    environment = os.environ | {"PYTHONPATH": path_with(tmp_path), "KERAS_BACKEND": "", "KERAS_HOME": str(tmp_path)}
    choice = [sys.executable, "-P", "-c", "import hyenadna_backends; print(hyenadna_backends.choose().name)"]
    chosen, answer = (
        subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        for command in (choice, [*HYENADNA, "presets", "--help"])
    )
    assert answer.stderr == chosen.stdout  # what a plug-in prints at its import is no result


@pytest.mark.parametrize("words", [("track", "genome.fa", "--out", "a.bw"), ("mutate", "genome.fa", "chr1:1-4")])
def test_a_backend_that_is_not_there_is_one_line(words):
    """Run in a process of its own, since these commands import Keras."""
    command = [sys.executable, "-m", "hyenadna_core", *words, "--backend", "nope"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout, answer.stderr.count("\n")) == (1, "", 1)
    assert answer.stderr.startswith("Error: Unknown backend 'nope': choose one of")
