"""Run folders that somebody changed: `train --resume` and `evaluate` keep what is not theirs."""

import json
import shutil

import numpy as np
import pytest

from hyenadna_backends import choose
from hyenadna_core.registry import Session
from hyenadna_core.tasks.causal_lm import CausalLMTask
from hyenadna_core.training.options import TrainOptions
from hyenadna_core.training.run import start_run
from hyenadna_plugins import plugin_manager

pytestmark = [pytest.mark.one_backend, pytest.mark.usefixtures("trains")]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train a run that has validations, and make it as it is before its report; return its path."""
    folder, bases = tmp_path_factory.mktemp("trained"), np.random.default_rng(0).choice(list("ACGT"), 2000)
    (folder / "genome.fa").write_text(f">chr1\n{''.join(bases)}\n")
    options = TrainOptions(stages="16x2@4", valid_every=2, out=folder / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CausalLMTask, "report", lambda *_: "the report")
        start_run(
            Session(plugin_manager(names=[]), choose()),
            options,
            {"fasta": (folder / "genome.fa",), "valid_bases": 200},
            None,
        )
    change(folder / "run", finished=None)
    return folder / "run"


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    """Copy the trained run; return the path of the copy."""
    monkeypatch.setattr(CausalLMTask, "report", lambda *_: "the report")
    return shutil.copytree(trained, tmp_path / "run")


def change(run, **parts):
    described = json.loads((run / "run.json").read_text()) | parts
    (run / "run.json").write_text(json.dumps(described))


def test_a_folder_behind_a_link_keeps_everything(cli, run, tmp_path, one_line):
    (run / "checkpoints").rename(tmp_path / "mine")
    (tmp_path / "mine" / ".ssh").mkdir()
    (tmp_path / "mine" / ".ssh" / "key").write_text("secret")
    (run / "checkpoints").symlink_to(tmp_path / "mine")
    status, _, stderr = cli("train", "--resume", run)
    assert (status, "checkpoints is a link, which a run does not follow" in one_line(stderr)) == (1, True)
    assert (tmp_path / "mine" / ".ssh" / "key").read_text() == "secret"


def test_folders_of_others_in_checkpoints_stay(cli, run):
    for name in (".git", ".ssh", "step-3 (copy)", "step-abc"):
        (run / "checkpoints" / name).mkdir()
        (run / "checkpoints" / name / "model.safetensors").write_text("mine")
    assert cli("train", "--resume", run)[:2] == (0, "the report\n")
    assert cli("evaluate", run, "--split", "valid")[0] == 0
    for name in (".git", ".ssh", "step-3 (copy)", "step-abc"):
        assert (run / "checkpoints" / name / "model.safetensors").read_text() == "mine"


@pytest.mark.parametrize("arguments", [("evaluate",), ("train", "--resume")], ids=" ".join)
def test_an_architecture_other_than_that_of_the_weights_is_one_line_before_a_model_is_built(
    cli, run, one_line, monkeypatch, arguments
):
    for module in ("model.causal_lm", "training.trainer"):
        monkeypatch.setattr(f"hyenadna_core.{module}.random_model", None)
    config = json.loads((run / "run.json").read_text())["config"]
    for name, value in {"n_layer": 1_000_000, "d_model": 100_000, "max_seq_len": 10**9, "order": 3}.items():
        change(run, config=config | {"model": config["model"] | {name: value}})
        status, stdout, stderr = cli(*arguments, run)
        assert (status, stdout) == (1, "")
        assert name in one_line(stderr)


def test_best_weights_that_are_damaged_are_skipped_with_a_line(cli, run):
    path = run / "checkpoints" / "best" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-9])
    status, stdout, stderr = cli("train", "--resume", run)
    assert (status, stdout) == (0, "the report\n")
    reason = "model.safetensors is not as it was written. The next validation counts as the best so far."
    assert f"Skipped the best weights {run}/checkpoints/best: {reason}" in stderr.splitlines()


@pytest.mark.parametrize("name", ["run.json", "checkpoints/best/state.json", "checkpoints/best/config.json"])
@pytest.mark.parametrize("content", [b"[" * 10**5, b"\xff\xfe", b"1" * 17_000_000, None])
def test_json_that_is_no_object_is_one_line(cli, run, one_line, name, content):
    (run / name).unlink()
    (run / name).mkdir() if content is None else (run / name).write_bytes(content)
    status, stdout, stderr = cli("evaluate", run, "--split", "valid")
    assert (status, stdout) == (1, "")
    assert name.rpartition("/")[2] in one_line(stderr)


def test_a_log_that_is_damaged_is_one_line_before_anything_is_written(cli, run, one_line):
    (run / "log.tsv").write_text("step\tloss\n1\tbad\n")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    status, _, stderr = cli("train", "--resume", run)
    assert (status, "log.tsv:1 is not a line of this log" in one_line(stderr)) == (1, True)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
