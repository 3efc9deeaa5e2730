"""Runs with the tasks of plug-ins: models with weights of their own, and code that exits."""

import sys
from types import ModuleType

import keras
import numpy as np
import pytest

from hyenadna_backends import choose
from hyenadna_core import CausalLM, HyenaDNAError, Task, next_base_batch
from hyenadna_core.cli import make_cli
from hyenadna_core.model.task_model import model_of_task
from hyenadna_core.recipe import DEFAULT
from hyenadna_core.registry import Session
from hyenadna_core.testing import tiny_backbone
from hyenadna_core.tokens import A, T
from hyenadna_core.training.checkpoint import load_checkpoint, save_checkpoint
from hyenadna_core.training.optimizer import build_optimizer
from hyenadna_core.training.options import TrainOptions
from hyenadna_core.training.run import start_run
from hyenadna_core.training.trained import open_trained
from hyenadna_core.weights.state_dict import load_state_dict, state_dict
from hyenadna_plugins import PluginError, hookimpl, plugin_manager

pytestmark = [pytest.mark.keras, pytest.mark.usefixtures("trains")]


class Counted(keras.layers.Layer):
    """A layer with a weight that counts calls, and is no real number."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")
        self.table = self.add_weight(shape=(3,), initializer="zeros", dtype="int32", trainable=False, name="table")

    def call(self, x):
        return x * self.scale


class Repeats(Task):
    """Predict bases of tandem repeats, with layers between the embedding and the blocks."""

    name = "repeats"

    def batch(self, draw):
        units = draw.generator().integers(A, T + 1, (draw.batch_size, 4), dtype=np.int32)
        return next_base_batch(np.tile(units, draw.seq_len)[:, : draw.seq_len + 1])

    def has(self, split):
        return split in ("train", "valid")

    def evaluate(self, model, split):
        ids = np.arange(24, dtype=np.int32).reshape(2, 12) % 4 + A
        return {"bits": float(np.square(model.predict_on_batch(ids)).mean())}

    def report(self, model, folder, config):
        return "the report"

    def model(self, language_model):
        backbone = language_model.backbone
        ids = keras.Input((None,), dtype="int32")
        x = keras.layers.Dense(backbone.hyena_config.d_model, name="adapter")(backbone.embeddings(ids))
        x = keras.layers.Dropout(0.1)(keras.layers.BatchNormalization()(Counted()(x)))
        for block in backbone.blocks:
            x = block(x)
        model = keras.Model(ids, backbone.embeddings(backbone.ln_f(x), reverse=True))
        model.backbone, model.max_seq_len = backbone, backbone.max_seq_len
        model.head = backbone.ln_f
        return model


OPTIONS = {"task": "repeats", "stages": "8x2@4", "valid_every": 2, "steps": None}


def session_with(task, callbacks=None):
    """Return a session with a plug-in that registers a task."""
    plugin, plugins = ModuleType("outside"), plugin_manager(names=[])
    plugin.register_tasks = hookimpl(lambda register: register(task), specname="register_tasks")
    if callbacks:
        plugin.training_callbacks = hookimpl(callbacks)
    plugins.register(plugin, name="outside")
    return Session(plugins, choose())


def start(tmp_path, task, callbacks=None):
    return start_run(session_with(task, callbacks), TrainOptions(**OPTIONS, out=tmp_path / "run"), {}, None)


def new_model():
    return model_of_task(Repeats(), CausalLM(tiny_backbone()))


def test_all_weights_of_the_model_of_a_task_are_saved_and_loaded(tmp_path):
    first, second = new_model(), new_model()
    for number, variable in enumerate(first.weights):
        variable.assign(np.full(variable.shape, number + 1))
    tensors = state_dict(first)
    assert sorted(name for name in tensors if name.startswith("head.")) == [
        "head.0.kernel",
        "head.1.bias",
        "head.2.scale",
        "head.3.table",
        "head.4.gamma",
        "head.5.beta",
        "head.6.moving_mean",
        "head.7.moving_variance",
    ]
    load_state_dict(second, tensors)
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(other))
    for model in (first, second):
        model.compile(build_optimizer(model, DEFAULT, 10))
    save_checkpoint(tmp_path, first, 1)
    assert load_checkpoint(tmp_path, second).step == 1  # Keras gives its layers other names


def test_evaluation_gives_the_figure_of_the_validation(tmp_path):
    assert start(tmp_path, Repeats) == "the report"
    lines = (tmp_path / "run" / "valid.tsv").read_text().splitlines()[1:]
    best = min(float(line.split("\t")[1]) for line in lines)
    _, task, model = open_trained(session_with(Repeats), tmp_path / "run")
    np.testing.assert_allclose(task.evaluate(model, "valid")["bits"], best, rtol=1e-5)


@pytest.mark.one_backend
def test_the_caution_of_a_task_stands_beside_all_its_figures(tmp_path, capsys):
    class OnTest(Repeats):
        caution = "It selects on test."

    assert start(tmp_path, OnTest) == "It selects on test.\nthe report"
    assert (tmp_path / "run" / "report.txt").read_text() == "It selects on test.\nthe report\n"
    assert capsys.readouterr().err.count("It selects on test.\n") == 1
    command = make_cli(session_with(OnTest))
    command(["evaluate", str(tmp_path / "run"), "--split", "valid"], standalone_mode=False)
    printed = capsys.readouterr()
    assert printed.out.startswith("split\tvalid\nbits\t")
    assert printed.err.endswith("It selects on test.\n")


def lacking(part):
    """Return a task whose model lacks a part, and the message about it."""

    class Lacks(Repeats):
        def model(self, language_model):
            if part == "a model":
                return [language_model]
            model = super().model(language_model)
            if part == "kernel":
                language_model.backbone.blocks[0].mlp.fc1.enable_lora(2)
            else:
                setattr(model, part, None)
            return model

    return Lacks


MISSING = {
    "a model": "is list, not a Keras model",
    "backbone": "has no `backbone`, the one that it was given",
    "max_seq_len": "has no `max_seq_len`, the largest number of bases",
    "kernel": r"has a changed backbone.layers.0.mlp.fc1.weight, which a checkpoint cannot hold",
}


@pytest.mark.parametrize("part", MISSING)
@pytest.mark.one_backend
def test_a_model_that_lacks_a_part_is_refused_before_anything_is_written(tmp_path, part):
    with pytest.raises(HyenaDNAError, match=f"The model of the task repeats {MISSING[part]}"):
        start(tmp_path, lacking(part))
    assert not (tmp_path / "run").exists()


@pytest.mark.one_backend
def test_a_task_that_measures_nothing_is_refused_before_the_run(tmp_path):
    class MeasuresNothing(Repeats):
        evaluate = Task.evaluate

    with pytest.raises(HyenaDNAError, match="The task repeats measures nothing: train it without --valid-every"):
        start(tmp_path, MeasuresNothing)


@pytest.mark.one_backend
@pytest.mark.parametrize("figures", [{"bits": "low"}, {"bits": 1.0, "more": [1.0]}])
def test_a_figure_that_is_no_number_is_one_line(tmp_path, figures):
    class MeasuresText(Repeats):
        def evaluate(self, model, split):
            return figures

    with pytest.raises(HyenaDNAError, match=r"The task repeats measured \w+ as .*: `evaluate` returns numbers"):
        start(tmp_path, MeasuresText)


@pytest.mark.one_backend
@pytest.mark.parametrize("method", ["from_options", "prepare", "has", "batch", "model", "loss", "evaluate", "report"])
def test_a_task_that_exits_is_one_line(tmp_path, method):
    def leave(*_, **__):
        sys.exit(0)

    task = type("Exits", (Repeats,), {method: leave})
    with pytest.raises(HyenaDNAError, match=r"The task repeats ended the command with SystemExit\(0\)"):
        start(tmp_path, task)


@pytest.mark.one_backend
def test_a_plugin_that_exits_as_training_starts_is_named(tmp_path):
    def training_callbacks(run):
        sys.exit(0)

    with pytest.raises(PluginError, match="Plug-in 'outside' failed in training_callbacks"):
        start(tmp_path, Repeats, training_callbacks)


@pytest.mark.one_backend
def test_a_watcher_that_exits_is_told_nothing_more(tmp_path):
    class Leaves:
        def logged(self, line):
            sys.exit(0)

    def training_callbacks(run):
        return [Leaves()]

    with pytest.warns(UserWarning, match="Leaves failed in logged and is not called again"):
        assert start(tmp_path, Repeats, training_callbacks) == "the report"
