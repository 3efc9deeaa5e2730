"""Runs that Python starts, resumes and opens: the same as those of the command."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import hyenadna_core
from hyenadna_core import HyenaDNAError, LabelledSequences, SequenceTask, Target
from hyenadna_core.tasks.classify import ClassifyTask
from hyenadna_core.training import trainer

pytestmark = [pytest.mark.keras, pytest.mark.usefixtures("trains")]
once = pytest.mark.one_backend
SETTINGS = {"stages": "24x4@3", "valid_every": 2, "log_every": 1, "seed": 3}


def rows(seed, count=20):
    """Return sequences rich in A and C, or in G and T, with their classes."""
    random = np.random.default_rng(seed)
    classes = random.integers(2, size=count).astype(np.int32)
    shares = ([0.4, 0.4, 0.1, 0.1], [0.1, 0.1, 0.4, 0.4])
    return LabelledSequences.of(["".join(random.choice(list("ACGT"), 24, p=shares[one])) for one in classes], classes)


class Pairs(SequenceTask):
    """Tell sequences rich in A and C from others."""

    name = "pairs"
    target = Target("classes", ("ac", "gt"))
    stranded = True

    def sequences(self, split):
        return rows(["train", "valid", "test"].index(split))


@pytest.fixture
def tables(tmp_path):
    """Write train.csv and test.csv; return the options of classify, with relative paths."""
    for seed, name in enumerate(("train", "test")):
        made = rows(seed)
        lines = [f"{bytes(made[row]).decode()},{made.target(row)}" for row in range(len(made))]
        (tmp_path / f"{name}.csv").write_text("\n".join(["sequence,label", *lines]) + "\n")
    return {"train": "train.csv", "test": "test.csv", "baseline": "none"}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return settings of a run with a small model."""
    weights = tmp_path_factory.mktemp("weights") / "tiny"
    hyenadna_core.save(hyenadna_core.CausalLM(hyenadna_core.HyenaBackbone(1, 8, 66, seed=3)), weights)
    return SETTINGS | {"weights": str(weights)}


def log(run):
    """Return the columns of log.tsv that do not depend on time."""
    return [line.split("\t")[:6] for line in (run / "log.tsv").read_text().splitlines()]


def test_python_and_the_command_give_the_same_numbers_one_after_another(cli, tmp_path, tables, small):
    first = hyenadna_core.train("classify", tables, out="a", **small)
    options = [f"--{name}={value}" for name, value in tables.items()]
    options += [f"--{name.replace('_', '-')}={value}" for name, value in small.items()]
    status, stdout, stderr = cli("train", "--task", "classify", *options, "--out", "b")
    assert status == 0, stderr
    again = hyenadna_core.train("classify", tables, out=tmp_path / "c", **small)
    runs = [json.loads((tmp_path / name / "run.json").read_text()) for name in "abc"]
    for name, run in zip("abc", runs, strict=True):
        run["given"].pop("out")
        assert log(tmp_path / name) == log(tmp_path / "a")
        assert run == runs[0]
    assert stdout.rstrip("\n") == again.report.replace(f"{tmp_path}/c/", "b/")
    assert first.figures == again.figures == {"tiny": first.evaluate()}
    assert first.finished


@once
def test_a_run_has_its_parts(cli, tmp_path, tables, small):
    run = hyenadna_core.train("classify", tables, **small)
    assert run.path == tmp_path.joinpath("runs", "tiny-1").relative_to(tmp_path)
    assert (run.task.target.names, run.config.seed, run.config.options["epochs"]) == (("0", "1"), 3, None)
    assert run.model.predict_on_batch(np.full((2, 8), 7, np.int32)).shape == (2, 2)
    columns, predictions = run.predict(tmp_path / "test.csv")
    assert (columns[0], len(predictions)) == ("name", 20)
    stdout = cli("predict", run.path, "test.csv")[1]
    assert [line.split("\t")[1] for line in stdout.splitlines()[1:]] == [row[1] for row in predictions]
    assert run.predict("test.csv", batch_size=1, sequence_column="sequence")[1] != []
    with pytest.raises(HyenaDNAError, match="batch_size is 0, not a whole number of at least 1"):
        run.predict("test.csv", batch_size=0)
    with pytest.raises(HyenaDNAError, match="There is no split 'bogus': choose one of train, valid, test"):
        run.evaluate("bogus")
    opened = hyenadna_core.open_run(run.path)
    assert opened.evaluate("valid") == run.evaluate("valid")
    assert opened.report == run.report
    assert hyenadna_core.resume(run.path).figures == run.figures


def test_a_task_that_no_plugin_registers_is_trained_opened_and_resumed(cli, tmp_path, monkeypatch, one_line, small):
    monkeypatch.chdir(tmp_path)
    task = Pairs()
    by_instance = hyenadna_core.train(task, out="a", **small)
    by_class = hyenadna_core.train(Pairs, {"baseline": ["none"]}, out="b", **small)
    assert log(by_instance.path) == log(by_class.path)
    assert by_instance.config.options == {}
    assert by_class.config.options["epochs"] is None
    assert by_instance.evaluate() == hyenadna_core.open_run("a", task=task).evaluate()
    assert hyenadna_core.open_run("b", task=Pairs).figures["tiny"] == by_instance.evaluate()
    for words in (("evaluate", "a"), ("predict", "a", "new.fa")):
        status, _, stderr = cli(*words)
        assert (status, "hyenadna_core.open_run(RUN, task=...)" in one_line(stderr)) == (1, True)
    with pytest.raises(HyenaDNAError, match="a is a run of the task pairs, not of classify: give that task"):
        hyenadna_core.open_run("a", task=ClassifyTask).evaluate()


@once
def test_an_instance_with_other_classes_is_not_that_of_the_run(tmp_path, small):
    class Renamed(Pairs):
        target = Target("classes", ("one", "other"))

    hyenadna_core.train(Pairs(), out=tmp_path / "run", **small)
    with pytest.raises(HyenaDNAError, match=r"The task that was given is not that of .*run: its state differs"):
        hyenadna_core.open_run(tmp_path / "run", task=Renamed()).evaluate()


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=once)])
def test_a_signal_is_what_python_users_expect_and_the_run_goes_on(
    cli, tmp_path, tables, monkeypatch, capsys, number, small
):
    whole = hyenadna_core.train("classify", tables, out="whole", **small)
    update, came = trainer.LossLine.add, []

    def add(self, stage, step):
        if not came:
            came.append(number)
            signal.raise_signal(number)
        return update(self, stage, step)

    monkeypatch.setattr(trainer.LossLine, "add", add)
    handled = []
    before = signal.signal(signal.SIGTERM, lambda *_: handled.append(True))
    try:
        with pytest.raises(KeyboardInterrupt, match=r"Stopped at step 1; .*hyenadna_core.resume\('run'\)"):
            hyenadna_core.train("classify", tables, out="run", **small)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert handled == [True] * (number == signal.SIGTERM)
    assert not hyenadna_core.open_run("run").finished
    assert "Stopped at step 1" in capsys.readouterr().err
    if number == signal.SIGINT:
        assert cli("train", "--resume", "run")[0] == 0
    else:
        hyenadna_core.resume("run")
    assert log(tmp_path / "run") == log(tmp_path / "whole")
    assert hyenadna_core.open_run("run").figures == whole.figures


@once
def test_another_thread_than_the_main_one_trains_the_same(cli, tables, small):
    with ThreadPoolExecutor(1) as threads:
        run = threads.submit(lambda: hyenadna_core.train("classify", tables, out="thread", **small)).result()
    whole = hyenadna_core.train("classify", tables, out="main", **small)
    assert log(run.path) == log(whole.path)
    assert run.figures == whole.figures


WRONG = [
    ({"stepz": 3}, "`train` has no option 'stepz': did you mean steps?"),
    ({"colour": 3}, "`train` has no option 'colour': there are batch_bases, batch_size, "),
    ({"steps": 0}, "`train`: steps is 0, not a number of at least 1"),
    ({"steps": "3"}, "`train`: steps is '3', not a whole number"),
    ({"fold": "6/5"}, "`train`: fold is '6/5', not a fold such as 2/5"),
    ({"options": {"epoch": 3}}, "The task classify has no option 'epoch': did you mean epochs?"),
    ({"options": {"epochs": -3}}, "The task classify: Invalid value for '--epochs'"),
    ({"options": {"pooling": "sum"}}, "The task classify: Invalid value for '--pooling'"),
    ({"preset": "huge"}, "Unknown preset 'huge'"),
    ({"out": "taken"}, "taken holds a run already"),
]


@once
@pytest.mark.parametrize(("settings", "message"), WRONG)
def test_wrong_arguments_are_one_line_and_leave_nothing(cli, tmp_path, tables, settings, message, small):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "run.json").write_text("{}")
    options = tables | settings.pop("options", {})
    with pytest.raises(HyenaDNAError) as raised:
        hyenadna_core.train("classify", options, **small | settings)
    assert str(raised.value).startswith(message)
    assert {path.name for path in tmp_path.iterdir()} == {"train.csv", "test.csv", "taken"}


@once
def test_numbers_of_numpy_and_single_values_are_taken(cli, tables, small, monkeypatch):
    options = tables | {"label_column": "label", "head_dropout": np.float64(0.5)}
    monkeypatch.setattr("hyenadna_core.training.run._watchers", lambda *_: [])
    run = hyenadna_core.train("classify", options, **small | {"seed": np.int64(4), "log_to": "wandb"})
    assert run.config.log_to == ("wandb",)
    assert (run.config.options["label_column"], run.config.options["head_dropout"], run.config.seed) == (
        ["label"],
        0.5,
        4,
    )
    with pytest.raises(HyenaDNAError, match="is not a run folder"):
        hyenadna_core.open_run("nowhere")
