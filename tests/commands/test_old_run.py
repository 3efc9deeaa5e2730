"""A run.json that another version wrote, or that somebody edited: one line with the way out."""

import json
from pathlib import Path

import pytest

from hyenadna_core.presets import PRESETS
from hyenadna_core.recipe import DEFAULT
from hyenadna_core.training.config import RunConfig
from hyenadna_core.training.warmup import Stage

pytestmark = pytest.mark.one_backend

MODEL = dict(PRESETS[0].config)
CHANGES = {
    "no config": lambda run: run.pop("config"),
    "a config that is a list": lambda run: run.update(config=[]),
    "no task": lambda run: run.pop("task"),
    "no splits": lambda run: run.pop("splits"),
    "no checksum of the data": lambda run: run.pop("data_sha256"),
    "an unknown key": lambda run: run["config"].update(colour="red"),
    "a missing key": lambda run: run["config"].pop("recipe"),
    "stages that are numbers": lambda run: run["config"].update(stages=[1]),
    "no stages": lambda run: run["config"].update(stages=[]),
    "an unknown hyperparameter": lambda run: run["config"]["model"].update(colour="red"),
    "a missing hyperparameter": lambda run: run["config"]["model"].pop("n_layer"),
    "an unknown option of the task": lambda run: run["config"]["options"].update(colour="red"),
}


@pytest.fixture
def old_run(tmp_path):
    """Write a run folder without checkpoints; return its path and its run.json."""
    config = RunConfig(
        task="classify", preset="tiny", model=MODEL, options={}, stages=(Stage(16, 2, 3),), recipe=DEFAULT
    ).to_json()
    run = {"config": config, "task": {}, "data_sha256": "", "splits": {}}
    (tmp_path / "run").mkdir()
    return tmp_path / "run", json.loads(json.dumps(run))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("arguments", [("evaluate",), ("train", "--resume")], ids=" ".join)
def test_a_run_of_another_version_is_one_line(cli, old_run, one_line, change, arguments):
    path, run = old_run
    CHANGES[change](run)
    (path / "run.json").write_text(json.dumps(run))
    status, stdout, stderr = cli(*arguments, path)
    assert (status, stdout) == (1, "")
    assert one_line(stderr).startswith("Error: run.json was written by another version of hyenadna (")
    assert one_line(stderr).endswith("): start a new run with --weights RUN to continue from its weights.")


def test_a_task_without_its_state_is_one_line(cli, old_run, one_line):
    path, run = old_run
    (path / "run.json").write_text(json.dumps(run))
    status, _, stderr = cli("evaluate", path)
    assert (status, "another version of hyenadna ('target')" in one_line(stderr)) == (1, True)


@pytest.mark.parametrize("text", ["[]", "1", "null", '"run"'])
def test_a_run_json_that_is_no_object_is_one_line(cli, tmp_path: Path, one_line, text):
    (tmp_path / "run.json").write_text(text)
    for arguments in (["evaluate"], ["train", "--resume"]):
        status, _, stderr = cli(*arguments, tmp_path)
        assert (status, one_line(stderr)) == (1, f"Error: {tmp_path / 'run.json'} holds no run: it is not an object.")
