import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file

from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError
from hyenadna_core.files.cache import written_aside
from hyenadna_core.recipe import DEFAULT
from hyenadna_core.training.best import Best
from hyenadna_core.training.checkpoint import (
    State,
    load_best,
    load_checkpoint,
    save_best,
    save_checkpoint,
)
from hyenadna_core.training.optimizer import build_optimizer
from hyenadna_core.weights.sources import read_weights
from hyenadna_core.weights.state_dict import state_dict

pytestmark = [pytest.mark.keras, pytest.mark.usefixtures("trains")]

FILES = ["model.safetensors", "optimizer.safetensors", "config.json", "state.json"]


def new_model(n_layer=1, seed=0):
    model = CausalLM(HyenaBackbone(n_layer, 8, 66, seed=seed))
    model.compile(build_optimizer(model, DEFAULT, 10))
    return model


def assert_equal(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)


@pytest.mark.one_backend
def test_only_the_newest_checkpoints_stay(tmp_path):
    model = new_model()
    for step in (1, 2, 9, 10, 11):
        save_checkpoint(tmp_path, model, step, kept=3)
    assert sorted(path.name for path in tmp_path.glob("*")) == ["latest", "step-10", "step-11", "step-9"]
    assert load_checkpoint(tmp_path, model) == State(11, Best())


def test_weights_and_what_was_kept_with_them_come_back(tmp_path):
    written, model = new_model(seed=1), new_model(seed=2)
    save_checkpoint(tmp_path, written, 4, best=Best(1.5, 3, 1))
    assert load_checkpoint(tmp_path, model) == State(4, Best(1.5, 3, 1))
    assert_equal(state_dict(model), state_dict(written))


@pytest.mark.one_backend
def test_nothing_there_is_the_start(tmp_path):
    assert load_checkpoint(tmp_path / "none", new_model()) == State(0, Best())


def test_a_checkpoint_holds_the_state_of_dropout(tmp_path):
    save_checkpoint(tmp_path, new_model(), 1)
    assert "random_0" in load_file(tmp_path / "step-1" / "optimizer.safetensors")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.one_backend
def test_one_cut_off_at_any_byte_is_passed_over_for_the_one_before(tmp_path, name, capsys):
    model = new_model()
    for step in (1, 2):
        save_checkpoint(tmp_path, model, step)
    path = tmp_path / "step-2" / name
    whole = path.read_bytes()
    for length in sorted({0, 1, len(whole) // 3, len(whole) // 2, len(whole) - 2}):
        path.write_bytes(whole[:length])
        assert load_checkpoint(tmp_path, model).step == 1, length
        message = capsys.readouterr().err
        assert message.startswith(f"Skipped the checkpoint {tmp_path}/step-2: {name} is not as it was written")
        assert message.count("\n") == 1
    path.unlink()
    assert load_checkpoint(tmp_path, model).step == 1


@pytest.mark.parametrize("name", FILES)
@pytest.mark.one_backend
def test_one_with_a_flipped_byte_is_passed_over(tmp_path, name):
    model = new_model()
    for step in (1, 2):
        save_checkpoint(tmp_path, model, step)
    path = tmp_path / "step-2" / name
    whole = path.read_bytes()
    for place in np.linspace(0, len(whole) - 2, 12).astype(int):  # the last byte of a JSON file is a line end
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert load_checkpoint(tmp_path, model).step == 1, (name, place)
    path.write_bytes(whole)
    assert load_checkpoint(tmp_path, model).step == 2


@pytest.mark.one_backend
def test_where_none_is_whole_it_is_an_error(tmp_path):
    model = new_model()
    save_checkpoint(tmp_path, model, 1)
    (tmp_path / "step-1" / "state.json").write_text("{")
    with pytest.raises(HyenaDNAError, match=r"No checkpoint in .* is whole: start again with another --out"):
        load_checkpoint(tmp_path, model)


@pytest.mark.one_backend
def test_what_a_killed_run_left_half_written_is_removed(tmp_path):
    model = new_model()
    save_checkpoint(tmp_path, model, 1)
    with written_aside(tmp_path / "step-2") as aside:
        shutil.copytree(tmp_path / "step-1", aside, dirs_exist_ok=True)
        left = tmp_path / aside.name.replace("step-2", "step-3")
        shutil.copytree(aside, left)
    assert load_checkpoint(tmp_path, model).step == 1
    assert not left.exists()


@pytest.mark.one_backend
def test_a_checkpoint_of_another_model_is_an_error(tmp_path):
    save_checkpoint(tmp_path, new_model(), 1)
    with pytest.raises(HyenaDNAError, match="The weights lack"):
        load_checkpoint(tmp_path, new_model(n_layer=2))
    other = new_model()
    other.compile(keras.optimizers.SGD(1e-3))
    with pytest.raises(HyenaDNAError, match="belongs to another model: start a new run"):
        load_checkpoint(tmp_path, other)


@pytest.mark.one_backend
def test_the_best_weights_take_the_place_of_the_best_before(tmp_path):
    first, second, model = new_model(seed=1), new_model(seed=2), new_model()
    save_best(tmp_path, first, {"step": 1, "bits": 1.9})
    save_best(tmp_path, second, {"step": 2, "bits": 1.8})
    load_best(tmp_path, model)
    assert_equal(state_dict(model), state_dict(second))
    assert json.loads((tmp_path / "best" / "state.json").read_text())["state"] == {"step": 2, "bits": 1.8}


FULL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from hyenadna_backends import choose
choose(None)
from test_checkpoint import new_model
from hyenadna_core.training.checkpoint import save_checkpoint
from hyenadna_core import HyenaDNAError
model = new_model()
save_checkpoint(Path(sys.argv[1]), model, 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    save_checkpoint(Path(sys.argv[1]), model, 2)
except HyenaDNAError as error:
    print(error)
"""


@pytest.mark.one_backend
def test_a_full_disk_is_one_line_and_leaves_the_one_before(tmp_path):
    """Limit the size of files, so that writing fails in the middle of the weights."""
    command = [sys.executable, "-B", "-c", FULL, str(tmp_path), str(Path(__file__).parent)]
    run = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1].startswith(f"Cannot write the checkpoint {tmp_path}/step-2: ")
    assert run.stdout.splitlines()[-1].endswith(
        f"step-1 is whole: make room, then continue with --resume {tmp_path.parent}."
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "step-1"]
    assert load_checkpoint(tmp_path, new_model()).step == 1


@pytest.mark.usefixtures("trains")
@pytest.mark.one_backend
def test_training_with_attention_goes_on_from_a_checkpoint(tmp_path):
    def trained(steps, model=None):
        if model is None:
            model = CausalLM(HyenaBackbone(1, 8, 66, mixer="attention", embed_dropout=0.0))
            model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        ids = np.random.default_rng(0).integers(7, 11, (2, 33))
        losses = [float(model.train_on_batch(ids[:, :-1], ids[:, 1:])) for _ in range(steps)]
        return model, losses

    _, whole = trained(4)
    first, before = trained(2)
    save_checkpoint(tmp_path, first, 2)
    assert read_weights(tmp_path).architecture["mixer"] == "attention"
    second, _ = trained(0)
    assert load_checkpoint(tmp_path, second).step == 2
    assert before + trained(2, second)[1] == whole
    assert whole[3] < whole[0]
