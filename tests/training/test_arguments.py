"""Wrong arguments of the functions about runs: one line each, and nothing is written."""

import math

import numpy as np
import pytest

import hyenadna_core
from hyenadna_core import FittedTask, HyenaDNAError, SequenceTask, Target, Task
from hyenadna_core.training.arguments import check_finite, prediction_options, texts_of

pytestmark = [pytest.mark.keras, pytest.mark.one_backend, pytest.mark.usefixtures("trains")]


class Nameless(SequenceTask):
    """A task whose author forgot its name."""

    target = Target("classes", ("a", "b"))

    def sequences(self, split):
        return None


TASK = "not the name of a task, a subclass of Task, or a task"
WRONG = [
    (lambda: hyenadna_core.train(3), f"task is 3, {TASK}"),
    (lambda: hyenadna_core.train(None), f"task is None, {TASK}"),
    (lambda: hyenadna_core.train(b"classify"), f"task is b'classify', {TASK}"),
    (lambda: hyenadna_core.train(dict), f"task is <class 'dict'>, {TASK}"),
    (lambda: hyenadna_core.train(Task), "task is the class Task, which lacks batch: give a subclass"),
    (lambda: hyenadna_core.train(FittedTask), "task is the class FittedTask, which lacks "),
    (lambda: hyenadna_core.train(Nameless), "task is of the class Nameless, which has no name: set name"),
    (lambda: hyenadna_core.train("classify", ["train"]), "options is ['train'], not a dict of the options"),
    (lambda: hyenadna_core.train("causal-lm", out=""), "out is '', which names nothing: give a path"),
    (lambda: hyenadna_core.train("causal-lm", out=3), "out is 3, not a path, as text or a Path"),
    (lambda: hyenadna_core.train("causal-lm", out=b"run"), "out is b'run', not a path"),
    (lambda: hyenadna_core.train("causal-lm", out="a\0b"), "out is 'a\\x00b', not a path"),
    (lambda: hyenadna_core.train("causal-lm", weights=3), "weights is 3, not a path"),
    (lambda: hyenadna_core.train("causal-lm", weights=""), "weights is '', which names nothing"),
    (lambda: hyenadna_core.train("causal-lm", log_to="board"), "`train`: log_to[0] is 'board', not one of tensor"),
    (lambda: hyenadna_core.train("causal-lm", dropout=math.nan), "`train`: dropout is nan, not a finite number"),
    (lambda: hyenadna_core.train("classify", {"train": "x.csv", "epochs": math.nan}), "--epochs is nan: give a finite"),
    (lambda: hyenadna_core.open_run(""), "path is '', which names nothing"),
    (lambda: hyenadna_core.open_run(3), "path is 3, not a path"),
    (lambda: hyenadna_core.open_run(None), "path is None, not a path"),
    (lambda: hyenadna_core.open_run("run", task=3), f"task is 3, {TASK}"),
    (lambda: hyenadna_core.resume(""), "path is '', which names nothing"),
    (lambda: hyenadna_core.resume(3), "path is 3, not a path"),
    (lambda: hyenadna_core.summarise(""), "paths is '', which names nothing"),
    (lambda: hyenadna_core.summarise(3), "paths is 3, not a path, as text or a Path, or a list of paths"),
    (lambda: hyenadna_core.summarise(b"run"), "paths is b'run', not a path"),
    (lambda: hyenadna_core.summarise(["run", ""]), "paths[1] is '', which names nothing"),
    (lambda: hyenadna_core.summarise(["run", 3]), "paths[1] is 3, not a path"),
    (lambda: hyenadna_core.summarise("run", figures=3), "figures is 3, not a text, or a list of texts"),
    (lambda: hyenadna_core.summarise("run", against=3), "against is 3, not a text"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_a_wrong_argument_is_one_line_and_nothing_is_written(tmp_path, monkeypatch, call, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HyenaDNAError) as raised:
        call()
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        *("--epochs nan", "--epochs inf", "--dropout nan", "--label-smoothing nan", "--learning-rate nan"),
        *("--head-learning-rate inf", "--checkpoint-every nan", "--head-dropout nan"),
    ],
)
def test_the_command_refuses_nan_and_infinity_in_every_option(cli, one_line, tmp_path, options):
    (tmp_path / "x.csv").write_text("sequence,label\n" + "ACGT,a\nTTTT,b\n" * 9)
    words = [*options.split(), "--out", "run"]
    status, _, stderr = cli("train", "--task", "classify", "--train", "x.csv", *words)
    name, value = words[:2]
    assert (status, one_line(stderr)) == (1, f"Error: {name} is {value}: give a finite number.")
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


def test_lists_of_numbers_are_finite():
    check_finite({"rates": (0.5, 1.0), "name": "nan", "missing": None})
    with pytest.raises(HyenaDNAError, match="--some-rates is inf: give a finite number"):
        check_finite({"some_rates": (0.5, math.inf)})


def test_options_of_predict():
    given = {"sequence_column": ["ref", "alt"], "name_column": "id", "fasta": "a.fa", "batch_size": np.int64(3)}
    options = prediction_options(given)
    assert (options["sequence_column"], options["name_column"], str(options["fasta"])) == (("ref", "alt"), "id", "a.fa")
    assert (options["batch_size"], type(options["batch_size"])) == (3, int)
    assert prediction_options({"batch_size": None, "sequence_column": None}) == {}
    for wrong, message in (
        ({"nope": 1}, "`predict` has no option 'nope': there are batch_size, fasta, name_column, sequence_column"),
        ({"batchsize": 1}, "`predict` has no option 'batchsize': did you mean batch_size"),
        ({"batch_size": 0}, "batch_size is 0, not a whole number of at least 1"),
        ({"batch_size": True}, "batch_size is True, not a whole number"),
        ({"fasta": ""}, "fasta is '', which names nothing"),
        ({"name_column": 3}, "name_column is 3, not a text"),
    ):
        with pytest.raises(HyenaDNAError, match=message):
            prediction_options(wrong)


def test_one_text_stands_for_a_list_of_one():
    assert (texts_of("figures", "mcc"), texts_of("figures", ("mcc", "f1"))) == (["mcc"], ["mcc", "f1"])
