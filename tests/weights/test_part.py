"""A part of a model in its own file: tests/data/prompt.safetensors was saved on PyTorch."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from safetensors.numpy import load_file, save_file

from hyenadna_core import (
    CausalLM,
    Head,
    HyenaDNAError,
    TaskModel,
    about_part,
    definition,
    load_part,
    model_sha256,
    save_part,
    weights_sha256,
)
from hyenadna_core.tokens import A, T
from hyenadna_core.weights.safetensors_file import open_safetensors
from hyenadna_core.weights.state_dict import EMBEDDING

pytestmark = [pytest.mark.keras, pytest.mark.core]

SAVED = Path(__file__).parents[1] / "data" / "prompt.safetensors"
SHA256 = "ea737fede3e570fe35ff65294f4d314262af712f7da36d2220b4170e83b49489"  # of the golden weights
MODEL_SHA256 = "341933e4d9dc57c15b79593e8e6074175ac0ead61432bd9e3845200b5db041af"  # and of the hyperparameters
IDS = np.random.default_rng(0).integers(A, T + 1, (2, 20)).astype(np.int32)


class Prompt(keras.layers.Layer):
    """Five vectors in front: (B, L, D) -> (B, 5 + L, D)."""

    def build(self, shape):
        self.vectors = self.add_weight(shape=(5, shape[-1]), name="vectors")

    def call(self, x):
        front = ops.broadcast_to(self.vectors, (ops.shape(x)[0], 5, x.shape[-1]))
        return ops.concatenate([front, x], axis=1)


def prompted(backbone):
    return TaskModel(backbone, lambda hidden, real: Head(3)(hidden, real), embed=lambda ids, x: Prompt()(x))


@pytest.fixture
def model(golden_model):
    return prompted(golden_model().backbone)


def expected(golden_weights):
    """Compute the outputs of the saved part in float64."""
    part = load_file(SAVED)
    table = golden_weights[EMBEDDING]
    tensors = golden_weights | {EMBEDDING: np.concatenate([table, part["0.vectors"]])}
    ids = np.concatenate([np.broadcast_to(np.arange(5) + len(table), (2, 5)), IDS], axis=1)
    hidden = definition.forward(tensors, ids)[0][:, 5:]
    return hidden.mean(axis=1) @ part["1.kernel"].astype(np.float64) + part["2.bias"]


def test_a_part_that_pytorch_saved_gives_the_same_outputs_here(model, golden_weights):
    load_part([model.embed, model.head], SAVED, model)
    np.testing.assert_allclose(model.predict_on_batch(IDS), expected(golden_weights), atol=1e-5)
    assert np.abs(model.predict_on_batch(IDS)).max() > 0.1


def test_what_is_saved_here_is_what_pytorch_saved(model, tmp_path):
    load_part([model.embed, model.head], SAVED, model)
    save_part([model.embed, model.head], tmp_path / "part.safetensors", backbone=model.backbone)
    ours, theirs = load_file(tmp_path / "part.safetensors"), load_file(SAVED)
    assert ours.keys() == theirs.keys() == {"0.vectors", "1.kernel", "2.bias"}
    for name, tensor in ours.items():
        np.testing.assert_array_equal(tensor, theirs[name])
    assert open_safetensors(tmp_path / "part.safetensors")[1] == open_safetensors(SAVED)[1]
    (tmp_path / "plain").touch()
    status = (tmp_path / "part.safetensors").stat()
    assert status.st_size < 3_000
    assert status.st_mode == (tmp_path / "plain").stat().st_mode


def test_the_checksum_of_weights_is_the_same_on_every_backend(golden_model):
    model = golden_model()
    assert weights_sha256(model) == weights_sha256(model.backbone) == SHA256
    bias = model.backbone.ln_f.beta
    bias.assign(np.nextafter(ops.convert_to_numpy(bias), 9))
    assert weights_sha256(model) != SHA256


def test_the_checksum_of_a_model_is_that_of_all_that_its_outputs_depend_on(golden_model):
    assert model_sha256(golden_model()) == MODEL_SHA256
    assert model_sha256(golden_model(seed=3, embed_dropout=0.5, rematerialise=True)) == MODEL_SHA256
    assert model_sha256(golden_model(window_shift=0.0)) != MODEL_SHA256
    model = CausalLM(golden_model().backbone, tie_embeddings=False)
    before = model_sha256(model)
    kernel = model.lm_head.kernel
    kernel.assign(ops.convert_to_numpy(kernel) + 1)
    assert model_sha256(model) != before
    assert weights_sha256(model) == SHA256


def test_a_layer_alone_is_a_part(model, tmp_path):
    save_part(model.embed, tmp_path / "prompt.safetensors", backbone=model)
    before = ops.convert_to_numpy(model.embed.weights[0])
    model.embed.weights[0].assign(np.zeros_like(before))
    load_part(model.embed, tmp_path / "prompt.safetensors", backbone=model)
    np.testing.assert_array_equal(ops.convert_to_numpy(model.embed.weights[0]), before)


def test_all_but_the_backbone_is_a_part(model, tmp_path):
    save_part(model, tmp_path / "part.safetensors", backbone=model)
    assert load_file(tmp_path / "part.safetensors").keys() == {"0.vectors", "1.kernel", "2.bias"}


def test_what_is_told_about_a_part_is_kept_and_checked(model, tmp_path):
    path, about = tmp_path / "part.safetensors", {"classes": ["é", "b"], "length": 5}
    save_part(model.embed, path, backbone=model, about=about)
    assert about_part(path) == about
    assert about_part(SAVED) == {}
    load_part(model.embed, path, model)
    tensors, (_, metadata) = load_file(path), open_safetensors(path)
    save_file(tensors, path, metadata | {"about": json.dumps(about | {"length": 6})})
    refused(model, path, "is not as it was written: its checksum differs", model.embed)
    for damaged in ("{", "[]"):
        save_file(tensors, path, metadata | {"about": damaged})
        with pytest.raises(HyenaDNAError, match="its description cannot be read; copy or save it again"):
            about_part(path)


def refused(model, path, message, part=None):
    part = [model.embed, model.head] if part is None else part
    before = [ops.convert_to_numpy(weight) for weight in model.weights]
    with pytest.raises(HyenaDNAError, match=message) as caught:
        load_part(part, path, backbone=model)
    assert "\n" not in str(caught.value)
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(weight), value)


@pytest.mark.one_backend
def test_another_backbone_is_refused(golden_model):
    other = golden_model().backbone
    other.blocks[1].mlp.fc2.bias.assign(np.ones(16))
    refused(prompted(other), SAVED, "belongs to a backbone with other weights: load those that it was trained on")
    shifted = golden_model(window_shift=0.0).backbone
    refused(prompted(shifted), SAVED, "belongs to a backbone with window_shift 0.05, this one has 0.0")
    from hyenadna_core.testing import tiny_backbone

    refused(prompted(tiny_backbone(d_model=32)), SAVED, "belongs to a backbone with n_layer 2, this one has 1")
    refused(prompted(tiny_backbone(n_layer=2)), SAVED, "belongs to a backbone with d_model 16, this one has 8")


@pytest.mark.one_backend
def test_another_part_is_refused(model, tmp_path):
    refused(model, SAVED, "has unknown 1.kernel, 2.bias: it holds another part", model.embed)
    refused(model, SAVED, "lacks 0.kernel, 1.bias: it holds another part", model.head)
    tensors, metadata = load_file(SAVED), open_safetensors(SAVED)[1]
    path = tmp_path / "part.safetensors"
    save_file(tensors | {"0.vectors": np.zeros((4, 16), np.float32)}, path, metadata)
    refused(model, path, r"0.vectors has the shape \(4, 16\), this part has \(5, 16\)")
    save_file(tensors | {"0.vectors": np.zeros((5, 16), np.float32)}, path, metadata)
    refused(model, path, "is not as it was written: its checksum differs")


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"format": "pt"}, "is not a part that hyenadna_core.save_part wrote"),
        ({"version": "2"}, "has version 2 of the format of parts"),
        ({"backbone": "[" * 100_000}, "its backbone cannot be read"),
        ({"backbone": "[]"}, "its backbone cannot be read"),
        ({"backbone_sha256": "0"}, "belongs to a backbone with other weights"),
        ({"sha256": "0"}, "its checksum differs"),
        ({"backbone": json.dumps({"n_layer": "\n" * 10_000})}, "belongs to a backbone with n_layer"),
    ],
)
def test_wrong_metadata_are_one_line(model, tmp_path, changed, message):
    metadata = open_safetensors(SAVED)[1] | changed
    save_file(load_file(SAVED), tmp_path / "part.safetensors", metadata)
    refused(model, tmp_path / "part.safetensors", message)


@pytest.mark.one_backend
def test_a_damaged_file_is_refused(model, tmp_path):
    content, path = SAVED.read_bytes(), tmp_path / "part.safetensors"
    header = 8 + int.from_bytes(content[:8], "little")
    for place in (0, 4, 9, header // 2, header - 1, header, len(content) - 1):
        path.write_bytes(content[:place])
        refused(model, path, "part.safetensors")
    for place in (*range(9, header, 37), *range(header, len(content), 41)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        refused(model, path, "part.safetensors|Safetensor")
    refused(model, tmp_path / "absent.safetensors", "Cannot read .*: it is not a file")


@pytest.mark.one_backend
def test_what_cannot_be_saved_is_one_error(model, tmp_path):
    path = tmp_path / "part.safetensors"
    for part, message in (
        ([], "The part has no weights: give a layer, or a list of layers"),
        (keras.layers.Dense(2, name="new"), "The part new has no weights yet: build it first"),
        ([model.embed, model.backbone.blocks[0]], "The part layers_0 has no weights outside the backbone"),
    ):
        with pytest.raises(HyenaDNAError, match=message):
            save_part(part, path, backbone=model)
    model.embed.weights[0].assign(np.full((5, 16), np.nan))
    with pytest.raises(HyenaDNAError, match=r"0.vectors holds nan \(80 of 80 numbers\)"):
        save_part(model, path, backbone=model)
    model.embed.weights[0].assign(np.zeros((5, 16)))
    for about, message in (
        ({"x": {1}}, r"`about` of a part cannot be written as JSON \(Object of type set is not .*\): give a dict"),
        ({"x": 1, 2: 3}, "`about` of a part cannot be written as JSON"),
        (["x"], "`about` of a part is of the type list: give a dict of text, numbers, lists and dicts"),
    ):
        with pytest.raises(HyenaDNAError, match=message) as caught:
            save_part(model, path, backbone=model, about=about)
        assert "\n" not in str(caught.value)
    (tmp_path / "file").touch()
    with pytest.raises(HyenaDNAError, match=r"Cannot write .*part.safetensors: "):
        save_part(model, tmp_path / "file" / "part.safetensors", backbone=model)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.one_backend
def test_a_backbone_with_another_head_keeps_its_checksum(golden_model):
    backbone = golden_model().backbone
    assert weights_sha256(CausalLM(backbone, tie_embeddings=False)) == weights_sha256(backbone)
