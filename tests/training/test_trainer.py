import itertools
import os
import re
import signal
from dataclasses import replace

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file

from hyenadna_backends.updates import updates
from hyenadna_core import CausalLM, Draw, HyenaBackbone, HyenaDNAError, Stage, open_genome
from hyenadna_core.errors import Interrupted
from hyenadna_core.evaluation.likelihood import likelihood
from hyenadna_core.genome.intervals import split_by_position
from hyenadna_core.recipe import Recipe
from hyenadna_core.tasks.causal_lm import CausalLMTask
from hyenadna_core.tasks.held_out import held_out_likelihood
from hyenadna_core.training import trainer
from hyenadna_core.training.checkpoint import save_best
from hyenadna_core.training.config import RunConfig
from hyenadna_core.training.run_folder import RunFolder
from hyenadna_core.training.trainer import compile_model, make_model, train
from hyenadna_core.weights.state_dict import state_dict

pytestmark = [pytest.mark.keras, pytest.mark.usefixtures("trains")]
once, on_mlx = pytest.mark.one_backend, keras.config.backend() == "mlx"
scales_its_loss = pytest.mark.skipif(on_mlx, reason="on MLX, Keras cannot scale a loss")
BFLOAT16 = pytest.param("mixed_bfloat16", marks=[] if on_mlx else once)


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """Make a genome that is easy to learn: one motif repeated, with a little noise."""
    random = np.random.default_rng(0)
    bases = np.array(list("ACGGT" * 400))
    bases[random.random(len(bases)) < 0.05] = "A"
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    path.write_text(">chr1\n" + "".join(bases) + "\n")
    return open_genome(path)


@pytest.fixture
def task(genome):
    return CausalLMTask(genome, split_by_position(genome))


STAGES = (Stage(16, 8, 6), Stage(32, 4, 6))


def config(stages=STAGES, learning_rate=1e-2, **overrides):
    model = {"n_layer": 1, "d_model": 8, "max_seq_len": 66, "embed_dropout": 0.1, "seed": 0} | overrides
    recipe = Recipe(learning_rate, 1.0, 0.1, 0.999)
    return RunConfig(preset="test", model=model, options={}, stages=tuple(stages), recipe=recipe)


def new_model(settings):
    return compile_model(CausalLM(HyenaBackbone(**settings.model)), settings)


def signalling(after):
    """Return `updates` with a SIGTERM during the update of that number."""

    def make(model, loss):
        update = updates(model, loss)
        steps = itertools.count(1)

        class Signalling:
            settle = staticmethod(update.settle)

            def __call__(self, parts, total):
                if next(steps) == after:
                    os.kill(os.getpid(), signal.SIGTERM)
                return update(parts, total)

        return Signalling()

    return make


def weights_of(folder):
    latest = folder.checkpoints / (folder.checkpoints / "latest").read_text().strip()
    return load_file(latest / "model.safetensors") | load_file(latest / "optimizer.safetensors")


@pytest.fixture(scope="module")
def whole_run(trains, genome, tmp_path_factory):
    """Train without a stop, once for the tests that compare with it."""
    with RunFolder.create(tmp_path_factory.mktemp("runs") / "whole", {}) as folder:
        train(new_model(config()), CausalLMTask(genome, split_by_position(genome)), config(), folder)
        yield folder


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


@once
def test_a_loss_that_is_no_number_stops_the_run(task, new_run, monkeypatch):
    monkeypatch.setattr(trainer, "updates", lambda model, loss: lambda parts, total: np.nan)
    with pytest.raises(HyenaDNAError, match="The loss became nan by step 6: choose a lower --learning-rate"):
        train(new_model(config()), task, config(), new_run("run"))


@once
def test_a_batch_with_an_id_outside_the_vocabulary_stops_the_run(task, new_run, monkeypatch):
    batch = task.batch
    monkeypatch.setattr(task, "batch", lambda draw: batch(draw)._replace(ids=batch(draw).ids + 8))
    with pytest.raises(HyenaDNAError, match=r"^Token ids are whole numbers from 0 to 15, but ids\[0, \d+\] is 1[6-9]:"):
        train(new_model(config()), task, config(), new_run("run"))


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
    np.testing.assert_equal(weights_of(whole_run), weights_of(again))
    assert [line.loss for line in again.read_log()] == [line.loss for line in whole_run.read_log()]


@pytest.mark.parametrize("stop_after", [*(pytest.param(step, marks=once) for step in (3, 6, 12)), 8])
def test_a_resumed_run_ends_where_the_uninterrupted_one_does(task, new_run, whole_run, stop_after, monkeypatch):
    folder = new_run("run")

    monkeypatch.setattr(trainer, "updates", signalling(stop_after))
    with pytest.raises(Interrupted) as stopped:
        train(new_model(config()), task, config(), folder)
    assert (stopped.value.step, stopped.value.signal_number) == (stop_after, signal.SIGTERM)
    monkeypatch.undo()
    train(new_model(config()), task, config(), folder)
    np.testing.assert_equal(weights_of(folder), weights_of(whole_run))
    assert folder.read_log()[-1].step == 12


@once
def test_signals_are_as_they_were_after_the_run(task, new_run):
    before = signal.getsignal(signal.SIGTERM)
    train(new_model(config()), task, config([Stage(16, 2, 1)]), new_run("run"))
    assert signal.getsignal(signal.SIGTERM) is before


@once
def test_a_step_in_parts_is_the_step_as_a_whole(task, new_run):
    settings = config(embed_dropout=0.0)
    whole, parts = new_run("whole"), new_run("parts")
    train(new_model(settings), task, settings, whole)
    train(new_model(settings), task, replace(settings, micro_batches=(2, 1)), parts)
    expected = [line.loss for line in whole.read_log()]
    np.testing.assert_allclose([line.loss for line in parts.read_log()], expected, rtol=1e-5)


@once
def test_a_line_comes_as_often_as_asked_and_at_the_end_of_each_stage(task, new_run):
    folder = new_run()
    train(new_model(config()), task, replace(config(), log_every=4), folder)
    assert [line.step for line in folder.read_log()] == [4, 6, 8, 12]


class Figures:
    """Replace a task's evaluation with the figures of a list, one after the other."""

    def __init__(self, *values):
        self.values = iter(values)

    def __call__(self, model, split):
        assert split == "valid"
        return {"bits": next(self.values)}


@once
def test_the_best_weights_of_all_validations_are_kept(task, new_run, monkeypatch):
    settings, folder = replace(config(), valid_every=3), new_run()
    kept = {}

    def note_and_save(folder, model, figures):
        kept[figures["step"]] = figures["bits"]
        save_best(folder, model, figures)

    monkeypatch.setattr(task, "evaluate", Figures(1.9, 1.7, 1.8, 1.7))
    monkeypatch.setattr(trainer, "save_best", note_and_save)
    train(new_model(settings), task, settings, folder)
    assert kept == {3: 1.9, 6: 1.7}  # an equal value is not better
    assert (folder.path / "valid.tsv").read_text() == "step\tbits\n3\t1.9\n6\t1.7\n9\t1.8\n12\t1.7\n"
    best, last = (load_file(folder.checkpoints / name / "model.safetensors") for name in ("best", "step-12"))
    assert best.keys() == last.keys()
    assert not np.array_equal(best["backbone.ln_f.bias"], last["backbone.ln_f.bias"])


@once
def test_a_run_stops_when_it_gets_no_better_also_after_a_resume(task, new_run, monkeypatch):
    settings, folder = replace(config(), valid_every=2, patience=2), new_run()
    monkeypatch.setattr(task, "evaluate", Figures(1.9, 1.95, 1.93))
    train(new_model(settings), task, settings, folder)
    assert folder.read_log()[-1].step == 6
    train(new_model(settings), task, settings, folder)
    assert folder.read_log()[-1].step == 6


@once
def test_a_validation_is_the_likelihood_of_the_split(task, new_run):
    model = new_model(config())
    task.seq_len = 32
    expected = held_out_likelihood(model, task, task.held_out_windows(32, 10**6), 32, 4)
    np.testing.assert_allclose(task.evaluate(model, "valid")["bits"], expected.bits, rtol=1e-6)
    with pytest.raises(HyenaDNAError, match="No interval is marked test"):
        task.evaluate(model, "test")


@once
def test_watchers_see_lines_and_validations(task, new_run):
    seen = []

    class Watcher:
        def logged(self, line):
            seen.append(line.step)

        def validated(self, step, figures):
            seen.append((step, sorted(figures)))

    task.seq_len = 32
    train(new_model(config()), task, replace(config(), valid_every=12), new_run(), [Watcher()])
    assert seen == [6, 10, 12, (12, ["bits", "perplexity"])]


@pytest.mark.parametrize("precision", [BFLOAT16, pytest.param("mixed_float16", marks=scales_its_loss)])
def test_half_precision_resumes_to_the_same_weights(task, new_run, precision, monkeypatch):
    settings = config([Stage(16, 8, 4)], dtype=precision)
    whole, folder = new_run("whole"), new_run("run")
    train(new_model(settings), task, settings, whole)
    monkeypatch.setattr(trainer, "updates", signalling(2))
    with pytest.raises(Interrupted):
        train(new_model(settings), task, settings, folder)
    monkeypatch.undo()
    train(new_model(settings), task, settings, folder)
    np.testing.assert_equal(weights_of(folder), weights_of(whole))


@once
def test_a_run_starts_from_weights(task, new_run):
    first = new_run("first")
    train(new_model(config()), task, config(), first)
    settings = replace(config(), start=str(first.checkpoints / "step-12"))
    tensors = state_dict(make_model(settings, task))
    expected = load_file(first.checkpoints / "step-12" / "model.safetensors")
    np.testing.assert_equal(tensors, expected)


@pytest.mark.skipif(not on_mlx, reason="the other backends scale a loss")
def test_float16_is_refused_where_there_is_no_scaling(task, new_run):
    settings = config(dtype="mixed_float16")
    with pytest.raises(HyenaDNAError, match="which float16 needs: choose --precision bfloat16"):
        train(new_model(settings), task, settings, new_run())


@once
def test_a_run_that_has_begun_does_not_need_the_weights_it_started_from(task, tmp_path):
    settings = replace(config(), start=str(tmp_path / "gone"))
    with pytest.raises(HyenaDNAError, match="gone"):
        make_model(settings, task)
    assert state_dict(make_model(settings, task, starts=False)).keys() == state_dict(new_model(config())).keys()


@once
def test_a_checkpoint_in_between_has_a_line_of_its_own(task, new_run):
    folder = new_run()
    train(new_model(config()), task, replace(config(), log_every=100, checkpoint_every=0.0), folder)
    assert [line.step for line in folder.read_log()] == list(range(1, 13))


@once
def test_what_compiling_took_is_said_apart(task, new_run, capsys):
    train(new_model(config()), task, config(), new_run("run"))
    notice = capsys.readouterr().err.splitlines()[-1]
    match = re.fullmatch(
        r"Training took (.*) s, with the first step at each length, which compiles: (.*) s at 16, (.*) s at 32\.",
        notice,
    )
    whole, first, second = map(float, match.groups())
    assert first + second <= whole + 0.2
