"""Runs with the task of a plug-in: from any folder, and where the plug-in is not installed."""

import json
import shutil
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import hyenadna_core
from hyenadna_backends import choose
from hyenadna_core import NamedInputPath
from hyenadna_core.cli import Session, make_cli
from hyenadna_core.training.option_values import options_as_json
from hyenadna_plugins import plugin_manager

pytestmark = [pytest.mark.one_backend, pytest.mark.usefixtures("trains")]
FILES = ("plain", "typed", "1", "2", "p", "q", "n", "m=2", "t")
SOURCE = '''
from pathlib import Path
import click, numpy as np
from hyenadna_core import InputPath, NamedInputPath, Task, next_base_batch

class Reads(Task):
    """Read files that its options name."""
    name = "reads"
    options = (
        click.Option(["--plain"], type=click.Path()),
        click.Option(["--typed"], type=click.Path(path_type=Path)),
        click.Option(["--several"], type=click.Path(), multiple=True),
        click.Option(["--pair"], type=click.Path(), nargs=2),
        click.Option(["--named"], type=NamedInputPath(), multiple=True),
        click.Option(["--tuple"], type=(str, click.Path())),
        click.Option(["--word"]),
    )
    def __init__(self, plain, typed, several, pair, named, tuple, word):
        self.files = [plain, typed, *several, *pair, *(path for _, path in named), tuple[1]]
        self.names = [name for name, _ in named] + [tuple[0], word]
    def has(self, split):
        return split in ("train", "test")
    def batch(self, draw):
        return next_base_batch(np.full((draw.batch_size, draw.seq_len + 1), 7, np.int32))
    def model(self, language_model):
        return language_model
    def evaluate(self, model, split):
        assert self.names == ["a", "c", "name", "plain.txt"], self.names
        return {"bytes": float(sum(len(Path(path).read_bytes()) for path in self.files))}
    def predict(self, model, path, **columns):
        return ["bytes"], [[self.evaluate(model, "test")["bytes"]]]

@hookimpl
def register_tasks(register):
    register(Reads)
'''
OPTIONS = (
    *("--plain", "plain.txt", "--typed", "typed.txt", "--several", "1.txt", "--several", "2.txt"),
    *("--pair", "p.txt", "q.txt", "--named", "a=n.txt", "--named", "c=m=2.txt", "--tuple", "name", "t.txt"),
    *("--word", "plain.txt"),
)


def command(*words):
    """Run the command with the installed plug-in `reads_task`, or without it if it is not there."""
    cli = make_cli(Session(plugin_manager(names=["reads_task"]), choose()))
    result = CliRunner().invoke(cli, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def installed(install_plugin):
    return install_plugin("reads_task", SOURCE, version="0.2", distribution="dnareads")


@pytest.fixture
def run(tmp_path, monkeypatch, installed):
    """Train in one folder with relative paths, go to another folder, and return the run."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir(), there.mkdir()
    monkeypatch.chdir(here)
    for name in FILES:
        (here / f"{name}.txt").write_text("x")
    hyenadna_core.save(hyenadna_core.CausalLM(hyenadna_core.HyenaBackbone(1, 8, 66)), here / "tiny")
    settings = ("--weights", "tiny", "--stages", "8x2@2", "--out", "run")
    status, stdout, stderr = command("train", "--task", "reads", *OPTIONS, *settings)
    assert (status, stdout) == (0, "bytes\t9.0000\n"), stderr
    monkeypatch.chdir(there)
    return here / "run"


def described(run):
    return json.loads((run / "run.json").read_text())


def test_a_run_is_used_from_another_folder(run):
    here = run.parent
    assert described(run)["config"]["options"] == {
        "plain": str(here / "plain.txt"),
        "typed": str(here / "typed.txt"),
        "several": [str(here / "1.txt"), str(here / "2.txt")],
        "pair": [str(here / "p.txt"), str(here / "q.txt")],
        "named": [f"a={here / 'n.txt'}", f"c={here / 'm=2.txt'}"],
        "tuple": ["name", str(here / "t.txt")],
        "word": "plain.txt",
    }
    assert command("evaluate", run)[:2] == (0, "split\ttest\nbytes\t9\n")
    assert command("predict", run, "new.fa")[:2] == (0, "bytes\n9\n")
    without_end = described(run)
    del without_end["finished"]
    (run / "run.json").write_text(json.dumps(without_end))
    assert command("train", "--resume", run)[:2] == (0, "bytes\t9.0000\n")
    assert hyenadna_core.open_run(run).evaluate() == {"bytes": 9.0}


COMMANDS = (("evaluate",), ("predict",), ("train", "--resume"))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_distribution_that_is_not_installed_is_named(run, installed, words):
    assert described(run)["origin"] == {"distribution": "dnareads", "version": "0.2"}
    change(run, finished=None)
    after = ("new.fa",) if words == ("predict",) else ()
    shutil.rmtree(installed / "dnareads-0.2.dist-info")
    status, stdout, stderr = command(*words, run, *after)
    message = "is of the distribution dnareads 0.2, which is not installed: install it from where you got it, "
    message += "for example by pip install dnareads."
    assert (status, stdout, stderr.splitlines()[-1]) == (1, "", f"Error: The task 'reads' {message}")


def test_a_distribution_that_no_longer_registers_the_task_is_named(run, install_plugin):
    install_plugin("reads_task", "", version="0.2", distribution="dnareads")
    sys.modules.pop("reads_task")
    status, _, stderr = command("evaluate", run)
    message = "is of the distribution dnareads 0.2, and the installed dnareads 0.2 does not register it"
    assert (status, message in stderr.splitlines()[-1]) == (1, True)


def test_an_origin_that_somebody_edited_is_one_line(run):
    change(run, origin={"distribution": "x; rm -rf /", "version": "1"})
    status, _, stderr = command("evaluate", run)
    assert (status, "origin.distribution is 'x; rm -rf /', not the name of" in stderr.splitlines()[-1]) == (1, True)


def change(run, **parts):
    (run / "run.json").write_text(json.dumps(described(run) | parts))


def test_a_path_is_made_absolute_by_the_type_of_its_option(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    several = click.Option(["--several"], type=(str, click.Path()), multiple=True)
    dash = click.Option(["--dash"], type=click.Path(allow_dash=True))
    values = {"several": (("a", "b"), ("c", "/d")), "dash": "-", "unknown": Path("e"), "text": "f"}
    assert options_as_json([several, dash], values) == {
        "several": [["a", str(tmp_path / "b")], ["c", "/d"]],
        "dash": "-",
        "unknown": str(tmp_path / "e"),
        "text": "f",
    }


@pytest.mark.parametrize("text", ["", "a", "=b", "a="])
def test_a_name_without_a_path_is_wrong_usage(text):
    with pytest.raises(click.BadParameter, match="is not NAME=PATH"):
        NamedInputPath().convert(text, None, None)
