import os
import signal

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file

from hyenadna_core import CausalLM, Draw, HyenaBackbone, HyenaDNAError, Stage, open_genome
from hyenadna_core.checkpoint import KEPT, load_checkpoint, save_checkpoint
from hyenadna_core.config import RunConfig
from hyenadna_core.errors import Interrupted
from hyenadna_core.intervals import split_by_position
from hyenadna_core.metrics import likelihood
from hyenadna_core.presets import Recipe
from hyenadna_core.pretraining import CausalLMTask
from hyenadna_core.trainer import compile_model, held_out_likelihood, train

pytestmark = pytest.mark.usefixtures("trains")


@pytest.fixture
def task(write_fasta):
    """A genome that is easy to learn: a motif over and over, with a little noise."""
    random = np.random.default_rng(0)
    bases = np.array(list("ACGGT" * 400))
    bases[random.random(len(bases)) < 0.05] = "A"
    genome = open_genome(write_fasta({"chr1": "".join(bases)}))
    return CausalLMTask(genome, split_by_position(genome))


STAGES = (Stage(16, 8, 6), Stage(32, 4, 6))


def config(stages=STAGES, learning_rate=1e-2, embed_dropout=0.1):
    model = {"n_layer": 1, "d_model": 8, "max_seq_len": 66, "embed_dropout": embed_dropout, "seed": 0}
    return RunConfig(
        "causal-lm", "test", model, "genome.fa", None, tuple(stages), Recipe(learning_rate, 1.0, 0.1, 0.999), True, 0
    )


def new_model(settings):
    return compile_model(CausalLM(HyenaBackbone(**settings.model)), settings)


def weights_of(folder):
    latest = folder.checkpoints / (folder.checkpoints / "latest").read_text().strip()
    return load_file(latest / "model.safetensors") | load_file(latest / "optimizer.safetensors")


def assert_equal(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)


@pytest.fixture
def whole_run(task, new_run):
    folder = new_run("whole")
    train(new_model(config()), task, config(), folder)
    return folder


def test_training_learns(task, new_run):
    settings = config([Stage(16, 16, 30), Stage(32, 8, 30)], learning_rate=2e-2, embed_dropout=0.0)
    model = new_model(settings)
    windows = task.held_out_windows(32, 10**6)
    before = held_out_likelihood(model, task, windows, 32, 4)
    folder = new_run("run")
    train(model, task, settings, folder)
    after = held_out_likelihood(model, task, windows, 32, 4)
    assert before.bits > 2.0 > 1.7 > after.bits
    log = folder.read_log()
    assert [(line.step, line.seq_len) for line in log] == [(10, 16), (20, 16), (30, 16), (40, 32), (50, 32), (60, 32)]
    assert log[-1].bases == 60 * 256
    assert (folder.path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_loss_that_is_no_number_stops_the_run(task, new_run, monkeypatch):
    model = new_model(config())
    monkeypatch.setattr(model, "train_on_batch", lambda *_: np.nan)
    with pytest.raises(HyenaDNAError, match="The loss became nan by step 6: choose a lower --learning-rate"):
        train(model, task, config(), new_run("run"))


def test_the_first_loss_is_that_of_the_first_batch_under_the_initial_weights(task, new_run):
    settings = config([Stage(16, 8, 1)], embed_dropout=0.0)
    model = new_model(settings)
    batch = task.batch(Draw("train", 0, 16, 8, settings.seed))
    expected = likelihood(model.predict_on_batch, [batch]).nats
    folder = new_run("run")
    train(model, task, settings, folder)
    np.testing.assert_allclose(folder.read_log()[0].loss, expected, rtol=1e-5)


def test_the_same_seed_gives_the_same_numbers_twice(task, new_run, whole_run):
    again = new_run("again")
    train(new_model(config()), task, config(), again)
    assert_equal(weights_of(whole_run), weights_of(again))
    assert [line.loss for line in again.read_log()] == [line.loss for line in whole_run.read_log()]


@pytest.mark.parametrize("stop_after", [3, 6, 8])
def test_a_resumed_run_ends_where_the_uninterrupted_one_does(task, new_run, whole_run, stop_after, monkeypatch):
    folder = new_run("run")

    def batch_then_signal(draw, batch=task.batch):
        if draw.step == stop_after - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return batch(draw)

    monkeypatch.setattr(task, "batch", batch_then_signal)
    with pytest.raises(Interrupted) as stopped:
        train(new_model(config()), task, config(), folder)
    assert (stopped.value.step, stopped.value.signal_number) == (stop_after, signal.SIGTERM)
    monkeypatch.undo()
    train(new_model(config()), task, config(), folder)
    assert_equal(weights_of(folder), weights_of(whole_run))
    assert folder.read_log()[-1].step == 12


def test_signals_are_as_they_were_after_the_run(task, new_run):
    before = signal.getsignal(signal.SIGTERM)
    train(new_model(config()), task, config([Stage(16, 2, 1)]), new_run("run"))
    assert signal.getsignal(signal.SIGTERM) is before


def test_only_the_newest_checkpoints_stay(tmp_path):
    model = new_model(config())
    for step in (1, 2, 9, 10, 11):
        save_checkpoint(tmp_path, model, step)
    assert sorted(path.name for path in tmp_path.glob("*")) == ["latest", "step-10", "step-11", "step-9"]
    assert KEPT == 3
    assert load_checkpoint(tmp_path, model) == 11


def test_a_checkpoint_holds_the_state_of_dropout(tmp_path):
    model = new_model(config())
    save_checkpoint(tmp_path, model, 1)
    assert "random_0" in load_file(tmp_path / "step-1" / "optimizer.safetensors")


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json"])
def test_a_damaged_checkpoint_is_named(tmp_path, name):
    model = new_model(config())
    save_checkpoint(tmp_path, model, 1)
    path = tmp_path / "step-1" / name
    path.write_bytes(path.read_bytes()[:-3])
    if name == "state.json":
        path.write_text("{")
    with pytest.raises(HyenaDNAError, match=r"Cannot read the checkpoint .*step-1"):
        load_checkpoint(tmp_path, model)


def test_a_checkpoint_of_another_model_is_an_error(tmp_path):
    save_checkpoint(tmp_path, new_model(config()), 1)
    other = CausalLM(HyenaBackbone(2, 8, 66))
    other.compile(keras.optimizers.AdamW(1e-3), "mse")
    with pytest.raises(HyenaDNAError, match="The weights lack"):
        load_checkpoint(tmp_path, other)
