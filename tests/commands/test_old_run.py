"""A run.json that another version wrote, or that somebody edited: one line with the way out."""

import copy
import json
import math
from functools import reduce
from operator import getitem
from pathlib import Path

import pytest

from hyenadna_core import HyenaDNAError, Target
from hyenadna_core.presets import PRESETS
from hyenadna_core.recipe import DEFAULT
from hyenadna_core.training.config import RunConfig, RunFile
from hyenadna_core.training.task_options import task_of_run
from hyenadna_core.training.warmup import Stage
from hyenadna_plugins import plugin_manager

pytestmark = pytest.mark.one_backend

EDITED = (
    "; it was edited, or another version of hyenadna wrote it: start a new run with --weights {} to continue from its "
    "weights."
)
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
WRONG = ("x", -1, 1.5, True, None, [], {}, "9" * 5000, 10**400)


def places(run):
    """Yield a path to each value of run.json that a run reads."""
    for name in ("config", "task", "data_sha256", "splits"):
        yield (name,)
    for name, value in run["config"].items():
        yield "config", name
        if isinstance(value, dict):
            yield from (("config", name, key) for key in value)
    yield from (("task", name) for name in run["task"])
    yield from (("task", "target", name) for name in run["task"]["target"])


@pytest.fixture
def old_run(tmp_path):
    """Write a run folder without checkpoints; return its path and its run.json."""
    config = RunConfig(
        task="classify",
        preset="tiny",
        model=MODEL | {"dtype": None, "seed": 0},
        options={
            "train": "/nowhere.csv",
            "epochs": 2.0,
            "label_column": ["label"],
            "pooling": "mean",
            "balanced": False,
        },
        stages=(Stage(16, 2, 3),),
        recipe=DEFAULT,
    ).to_json()
    task = {"target": Target("classes", ("a", "b")).to_json()}
    run = {"config": config, "task": task, "data_sha256": "", "splits": {"train": ""}}
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
    assert one_line(stderr).startswith(f"Error: {path}/run.json: ")
    assert one_line(stderr).endswith(EDITED.format(path))


def test_a_task_without_its_state_is_one_line(cli, old_run, one_line):
    path, run = old_run
    (path / "run.json").write_text(json.dumps(run | {"task": {}}))
    status, _, stderr = cli("evaluate", path)
    assert (status, "(KeyError: 'target'); it was edited" in one_line(stderr)) == (1, True)


def refusal(run, path, plugins):
    """Return the message with which a run.json is refused, or None."""
    try:
        file, config = RunFile.of(run, path)
        task_of_run(plugins, config, path, file.task)
    except HyenaDNAError as error:
        return str(error)
    return None


def test_each_value_that_is_wrong_is_one_line(old_run):
    """Try many values in each place: the run is read, or refused in one line with the file."""
    path, run = old_run
    plugins, refused = plugin_manager(names=[]), 0
    for place in places(run):
        for value in WRONG:
            changed = copy.deepcopy(run)
            *parents, last = place
            reduce(getitem, parents, changed)[last] = value
            refused += (message := refusal(changed, path, plugins)) is not None
            if message:
                assert message.startswith(f"{path}/run.json: ") or "Unknown task" in message, (place, value)
                assert len(message) <= 1000
                assert message.isprintable()
    assert refused > 370


def test_the_message_names_the_field_and_the_value(cli, old_run, one_line):
    path, run = old_run
    run["config"]["keep"] = "three"
    (path / "run.json").write_text(json.dumps(run))
    message = f"Error: {path}/run.json: config.keep is 'three', not a whole number{EDITED.format(path)}"
    assert one_line(cli("evaluate", path)[2]) == message


WRONG_OPTIONS = {
    "epochs": (["2", math.nan], "config.options.epochs is ('2'|nan): not a value of --epochs"),
    "pooling": (["sum"], "config.options.pooling is 'sum': 'sum' is not one of"),
    "balanced": ([1, "yes"], "config.options.balanced is .*: not a value of --balanced"),
    "label_column": (["label", [1]], "config.options.label_column is .*: not a value of --label"),
    "train": ([5, True, ["a"]], "config.options.train is .*: not a value of --train"),
}


@pytest.mark.parametrize("name", WRONG_OPTIONS)
def test_an_option_of_the_task_is_read_as_on_the_command_line(old_run, name):
    path, run = old_run
    values, message = WRONG_OPTIONS[name]
    for value in values:
        run["config"]["options"][name] = value
        with pytest.raises(HyenaDNAError, match=message):
            task_of_run(plugin_manager(names=[]), RunFile.of(run, path)[1], path)


@pytest.mark.parametrize("text", ["[]", "1", "null", '"run"', "[" * 10**5])
def test_a_run_json_that_is_no_object_is_one_line(cli, tmp_path: Path, one_line, text):
    (tmp_path / "run.json").write_text(text)
    for arguments in (["evaluate"], ["train", "--resume"]):
        status, _, stderr = cli(*arguments, tmp_path)
        assert (status, one_line(stderr).startswith(f"Error: Cannot read {tmp_path / 'run.json'}: ")) == (1, True)
