"""Prompts, files and data that do not fit: one line each, before any work."""

import json

import keras
import numpy as np
import pytest
from hyenadna_icl.prompt_file import open_prompt, read_about, save_prompt
from hyenadna_icl.soft_prompt import SoftPromptTask, prompt_of
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from hyenadna_core import CausalLM, HyenaDNAError, encode, save, save_part, train
from hyenadna_core.testing import tiny_backbone


@pytest.fixture(scope="module")
def prompt(tmp_path_factory):
    """A prompt of four vectors for a model of 40 positions."""
    path = tmp_path_factory.mktemp("prompt") / "prompt.safetensors"
    options = {"of": "data.csv", "prompt_length": 4}
    state = {"classes": ["a", "b"], "both_strands": False}
    task = SoftPromptTask.from_options(options, state)
    model = task.model(CausalLM(tiny_backbone(40)))
    size = save_prompt(task, model, path)
    assert size == "1 kB"
    return path


def refused(path, language_model, message):
    with pytest.raises(HyenaDNAError, match=message) as caught:
        open_prompt(path, language_model)
    assert "\n" not in str(caught.value)


def changed(path, folder, **about):
    """Copy a prompt, with other metadata."""
    with safe_open(path, framework="np") as file:
        metadata = dict(file.metadata())
    copy = folder / "changed.safetensors"
    save_file(load_file(path), copy, metadata | about)
    return copy


def test_a_prompt_of_another_backbone(prompt):
    refused(prompt, CausalLM(tiny_backbone(40, seed=1)), "belongs to a backbone with other weights")
    refused(prompt, CausalLM(tiny_backbone(40, d_model=16)), "belongs to a backbone with d_model 8, this one has 16")
    refused(prompt, CausalLM(tiny_backbone(40, n_layer=2)), "belongs to a backbone with n_layer 1, this one has 2")


def test_a_prompt_of_another_head(prompt, tmp_path):
    untied = CausalLM(tiny_backbone(40), tie_embeddings=False)
    refused(prompt, untied, "belongs to a model with another head: load the weights")
    untied.lm_head.kernel.assign(keras.ops.convert_to_numpy(untied.backbone.embeddings.embeddings).T)
    ids = encode(["ACGT"])
    tied = open_prompt(prompt, CausalLM(tiny_backbone(40)))[1].predict_on_batch(ids)
    np.testing.assert_allclose(open_prompt(prompt, untied)[1].predict_on_batch(ids), tied, atol=1e-6)
    with safe_open(prompt, framework="np") as file:
        about = json.loads(file.metadata()["about"])
    del about["head_sha256"]  # as of an older version
    task, model = open_prompt(prompt, CausalLM(tiny_backbone(40)))
    save_part(task.trained_part(model), tmp_path / "older.safetensors", backbone=model, about=about)
    open_prompt(tmp_path / "older.safetensors", CausalLM(tiny_backbone(40)))


def test_a_prompt_that_is_too_long_for_the_model(prompt):
    refused(prompt, CausalLM(tiny_backbone(5)), "has 4 vectors, and the model takes 5 positions: load the weights")


def test_a_damaged_prompt(prompt, tmp_path):
    content, path = prompt.read_bytes(), tmp_path / "damaged.safetensors"
    path.write_bytes(content[:-7])
    refused(path, CausalLM(tiny_backbone(40)), "not a complete .safetensors file")
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    refused(path, CausalLM(tiny_backbone(40)), "is not as it was written: its checksum differs")
    refused(tmp_path / "nothing", CausalLM(tiny_backbone(40)), "it is not a file")


def test_a_file_that_is_no_prompt(prompt, tmp_path):
    model = SoftPromptTask.from_options({"of": "x", "prompt_length": 2}, {"classes": ["a", "b"], "both_strands": True})
    made = model.model(CausalLM(tiny_backbone(40)))
    save_part(prompt_of(made), tmp_path / "part.safetensors", backbone=made)
    with pytest.raises(HyenaDNAError, match="is no soft prompt: hyenadna train --task soft-prompt writes one"):
        read_about(tmp_path / "part.safetensors")
    path = changed(prompt, tmp_path, about='{"task": "soft-prompt", "classes": 3}')
    with pytest.raises(HyenaDNAError, match="is not as it was written: its classes cannot be read"):
        read_about(path)


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("classes", [], "its classes are not two or more different names"),
        ("classes", ["a"], "its classes are not two or more different names"),
        ("classes", ["a", "a"], "its classes are not two or more different names"),
        ("classes", ["a", " "], "its classes are not two or more different names"),
        ("classes", ["a", "b\n"], "its classes are not two or more different names"),
        ("classes", ["a", ["b"]], "its classes are not two or more different names"),
        ("classes", ["a", "b", "c"], "it has 2 label tokens for 3 classes"),
        ("label_tokens", ["A", "X"], "its label_tokens are not different label tokens"),
        ("label_tokens", ["A", "N"], "its label_tokens are not different label tokens"),
        ("label_tokens", ["A", "A"], "its label_tokens are not different label tokens"),
        ("label_tokens", ["A,C", ""], "its label_tokens are not different label tokens"),
        ("label_tokens", ["A", None], "its label_tokens are not different label tokens"),
        ("prompt_length", 0, "its prompt_length is not 1 or more"),
        ("protocol", "mine", "its protocol is not holdout or paper"),
    ],
)
def test_a_prompt_whose_description_was_changed(prompt, tmp_path, field, value, fault):
    path = changed(prompt, tmp_path, about=json.dumps(read_about(prompt) | {field: value}))
    refused(path, CausalLM(tiny_backbone(40)), f"changed.safetensors is not as it was written: {fault}; copy or save")


def test_a_prompt_with_a_token_that_the_model_lacks(prompt, tmp_path):
    path = changed(prompt, tmp_path, about=json.dumps(read_about(prompt) | {"label_tokens": ["A", "15"]}))
    model = CausalLM(tiny_backbone(40, vocab_size=12))
    refused(
        path, model, "reads the logits of the token 15, and the embedding of the model has 12 rows: load the weights"
    )


def test_a_prompt_that_leaves_no_room_for_a_sequence(tables, tmp_path):
    save(CausalLM(tiny_backbone(40)), tmp_path / "weights")
    options = tables | {"baseline": ["none"], "reverse_complements": False}
    settings = {"weights": tmp_path / "weights", "out": tmp_path / "run"}
    for length, message in (
        (39, "--prompt-length 39 and .SEP. leave no room for a sequence: the model takes 40 positions. Use at most 19"),
        (32_768, "--prompt-length 32,768 and .SEP. leave no room for a sequence: the model takes 40 positions"),
    ):
        with pytest.raises(HyenaDNAError, match=message) as caught:
            train(SoftPromptTask, options | {"prompt_length": length}, **settings)
        assert "\n" not in str(caught.value)
    with pytest.raises(
        HyenaDNAError, match="A stage has 36 bases, but the model of the task soft-prompt takes at most 35"
    ):
        train(SoftPromptTask, options | {"prompt_length": 4}, stages="36x2@1", **settings)
    assert not (tmp_path / "run").exists()
    with pytest.raises(HyenaDNAError, match="--prompt-length is 0: a soft prompt has at least one vector"):
        SoftPromptTask(tables["of"], prompt_length=0)


def test_a_model_without_rows_for_the_tokens(tables):
    task = SoftPromptTask(**tables, label_tokens="A,15")
    with pytest.raises(HyenaDNAError, match="has 12 rows of its embedding, and a class has the token 15"):
        task.model(CausalLM(tiny_backbone(40, vocab_size=12)))


def test_more_classes_than_tokens(table, tmp_path):
    lines = [f"ACGTACGT,{number}" for number in range(9)] * 3
    path = tmp_path / "nine.csv"
    path.write_text("sequence,label\n" + "\n".join(lines) + "\n")
    with pytest.raises(HyenaDNAError, match="The data have 9 classes, and each needs a label token; there are 8"):
        train(SoftPromptTask, {"of": str(path), "baseline": "none"}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
