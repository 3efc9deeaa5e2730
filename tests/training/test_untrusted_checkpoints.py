"""Checkpoints that somebody changed: only what a run wrote, by its exact name, is ours."""

import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError
from hyenadna_core.recipe import DEFAULT
from hyenadna_core.training.checkpoint import (
    OF_STEP,
    check_best,
    load_best,
    load_checkpoint,
    save_best,
    save_checkpoint,
)
from hyenadna_core.training.optimizer import build_optimizer
from hyenadna_core.weights.checkpoints import write_state
from hyenadna_core.weights.sources import read_weights

pytestmark = [pytest.mark.one_backend, pytest.mark.usefixtures("trains")]


def new_model():
    model = CausalLM(HyenaBackbone(1, 8, 66))
    model.compile(build_optimizer(model, DEFAULT, 10))
    return model


FOREIGN = [
    ".git",
    ".ssh",
    ".step-2",
    ".step-2-short",
    ".step-x-12345678",
    ".notes-12345678",
    "step-1 (copy)",
    "step-abc",
]


def test_what_others_put_there_is_neither_removed_nor_read(tmp_path):
    model = new_model()
    names = [*FOREIGN, "step-007", "step-\u0663", "step--1", "step-" + "9" * 200]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_text("mine")
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, model, step, kept=1)
        assert load_checkpoint(tmp_path, model).step == step
    assert {path.name for path in tmp_path.iterdir()} == {*names, "latest", "step-3"}
    assert all((tmp_path / name / "model.safetensors").read_text() == "mine" for name in names)


@pytest.mark.parametrize("name", ["step-1", ".step-1-12345678", ".new-best", "best"])
def test_a_link_in_the_place_of_a_checkpoint_is_not_followed(tmp_path, name):
    model, mine = new_model(), tmp_path / "mine"
    save_checkpoint(mine, model, 1)
    before = sorted(path.name for path in (mine / "step-1").iterdir())
    checkpoints = tmp_path / "checkpoints"
    checkpoints.mkdir()
    (checkpoints / name).symlink_to(mine / "step-1")
    assert load_checkpoint(checkpoints, model).step == 0
    if name == "step-1":
        with pytest.raises(HyenaDNAError, match="step-1: something else has this name; there is none before"):
            save_checkpoint(checkpoints, model, 1)
    if "best" in name:
        with pytest.raises(HyenaDNAError, match="best: something else has this name; there is none before"):
            save_best(checkpoints, model, {"step": 1})
    save_checkpoint(checkpoints, model, 2, kept=1)
    assert sorted(path.name for path in (mine / "step-1").iterdir()) == before


def test_a_file_of_somebody_else_in_a_checkpoint_stays(tmp_path):
    model = new_model()
    save_checkpoint(tmp_path, model, 1)
    (tmp_path / "step-1" / "notes.txt").write_text("mine")
    save_checkpoint(tmp_path, model, 2, kept=1)
    assert [path.name for path in (tmp_path / "step-1").iterdir()] == ["notes.txt"]
    with pytest.raises(HyenaDNAError, match=r"Cannot write the checkpoint .*step-1: something else has this name"):
        save_checkpoint(tmp_path, model, 1)


WRONG_STATES = {
    "a step that is text": {"step": "2", "best": {}},
    "another step": {"step": 3, "best": {}},
    "no step": {"best": {}},
    "a best that is a list": {"step": 2, "best": []},
    "a value that is text": {"step": 2, "best": {"value": "low"}},
    "a count that is negative": {"step": 2, "best": {"since": -1}},
    "a name that is unknown": {"step": 2, "best": {}, "colour": "red"},
}


@pytest.mark.parametrize("wrong", WRONG_STATES)
def test_a_state_with_a_wrong_field_is_passed_over_though_its_checksum_is_right(tmp_path, wrong, capsys):
    model = new_model()
    for step in (1, 2):
        save_checkpoint(tmp_path, model, step)
    write_state(tmp_path / "step-2", WRONG_STATES[wrong], OF_STEP)
    assert load_checkpoint(tmp_path, model).step == 1
    message = capsys.readouterr().err
    assert message.startswith(f"Skipped the checkpoint {tmp_path}/step-2: state.json")
    assert message.count("\n") == 1


@pytest.mark.parametrize("damage", ["[]", "1", "[" * 100_000, '"\\ud800"', "{", '{"state": {}, "sha256": []}'])
def test_a_state_that_is_no_object_is_passed_over(tmp_path, damage):
    model = new_model()
    for step in (1, 2):
        save_checkpoint(tmp_path, model, step)
    (tmp_path / "step-2" / "state.json").write_text(damage)
    assert load_checkpoint(tmp_path, model).step == 1


def test_weights_that_are_no_tensors_are_passed_over_though_their_checksum_is_right(tmp_path):
    model = new_model()
    for step in (1, 2):
        save_checkpoint(tmp_path, model, step)
    (tmp_path / "step-2" / "optimizer.safetensors").write_bytes(b"what?")
    write_state(tmp_path / "step-2", {"step": 2, "best": {}}, OF_STEP)
    assert load_checkpoint(tmp_path, model).step == 1


def test_an_optimizer_of_other_shapes_belongs_to_another_model(tmp_path):
    model = new_model()
    save_checkpoint(tmp_path, model, 1)
    path = tmp_path / "step-1" / "optimizer.safetensors"
    save_file({name: np.zeros(7, np.float32) for name in load_file(path)}, path)
    write_state(tmp_path / "step-1", {"step": 1, "best": {}}, OF_STEP)
    with pytest.raises(HyenaDNAError, match="belongs to another model: start a new run"):
        load_checkpoint(tmp_path, model)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "state.json"])
def test_best_weights_with_a_flipped_byte_are_not_loaded(tmp_path, name):
    model = new_model()
    save_best(tmp_path / "checkpoints", model, {"step": 1, "bits": 1.9})
    path = tmp_path / "checkpoints" / "best" / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:])
    assert check_best(tmp_path / "checkpoints") == f"{name} is not as it was written"
    with pytest.raises(HyenaDNAError, match=f"{name} is not as it was written.*: move this folder away"):
        load_best(tmp_path / "checkpoints", model)
    with pytest.raises(HyenaDNAError, match=f"{name} is not as it was written: move it away to use the newest"):
        read_weights(tmp_path)


@pytest.mark.parametrize("text", ["../../x", "/etc", "", "step-1/../../x", "step-1 (copy)", "x" * 10**6])
def test_the_name_of_the_latest_checkpoint_is_that_of_a_step(tmp_path, text):
    checkpoints = tmp_path / "run" / "checkpoints"
    save_checkpoint(checkpoints, new_model(), 1)
    shutil.copytree(checkpoints / "step-1", tmp_path / "x")
    (checkpoints / "latest").write_text(text)
    with pytest.raises(HyenaDNAError, match="latest") as error:
        read_weights(tmp_path / "run")
    assert len(str(error.value)) < 1000
