"""The config.json of a folder of weights: each field is checked once; each fault is one line."""

import json
import shutil
import subprocess
import sys

import pytest
from safetensors.numpy import load_file, save_file

from hyenadna_core import HyenaDNAError
from hyenadna_core.weights.sources import CONFIG_KEY, read_weights

OURS = {"n_layer": 2, "d_model": 16, "max_seq_len": 66}


@pytest.fixture
def folder(tmp_path, golden_folder):
    shutil.copy(golden_folder / "tiny_order2.weights.safetensors", tmp_path / "model.safetensors")
    return tmp_path


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"backbone": OURS | {"window_shift": "x"}},
            "window_shift must be a number from .* Received: window_shift='x'",
        ),
        ({"backbone": OURS | {"window_shift": None}}, "window_shift must be a number"),
        ({"backbone": OURS | {"window_shift": float("nan")}}, "window_shift must be a number .* Received: .*=nan"),
        ({"backbone": OURS | {"activation_freq": float("inf")}}, "activation_freq must be a number"),
        ({"backbone": OURS | {"embed_dropout": -0.1}}, "embed_dropout must be a number from 0 to 1"),
        ({"backbone": OURS | {"layer_norm_epsilon": "1e-5"}}, "layer_norm_epsilon must be a number"),
        ({"backbone": OURS | {"filter_layout": 3}}, "filter_layout must be one of channel_major, step_major"),
        ({"backbone": OURS | {"trained_positions": 1}}, "trained_positions must be True or False"),
        ({"backbone": OURS | {"seed": 1.5}}, "seed must be a whole number"),
        ({"backbone": OURS | {"n_layer": 1_000_000_000}}, "it has n_layer 1000000000, but the weights have 2"),
        ({"backbone": OURS | {"n_layer": 2.0}}, "n_layer must be a whole number"),
        ({"backbone": OURS | {"mixer": ["hyena"]}}, r"it has mixer \['hyena'\], but the weights have hyena"),
        ({"backbone": OURS, "tie_embeddings": "yes"}, "tie_embeddings must be True or False"),
        ({"backbone": OURS | {"attention_dropout": 0.1}}, "'attention_dropout' is not an argument of a model"),
        ({"layer_norm_epsilon": True}, "layer_norm_epsilon must be a number"),
        ({"layer": {"w": [10]}}, "activation_freq must be a number"),
    ],
)
def test_a_field_with_a_wrong_value_is_named(folder, config, message):
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(HyenaDNAError, match=rf"config\.json: {message}") as caught:
        read_weights(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"backbone": ' + b"[" * 100_000, "deep"),
        (b'{"n_layer": "\xff"}', "not UTF-8"),
        (b'{"n_layer": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[]", "no JSON object"),
        (b"3", "no JSON object"),
        (b"{", "not JSON"),
        (b'{"a": "' + b" " * (1 << 20) + b'"}', "bytes"),
        (None, "not a file"),
    ],
)
def test_a_config_that_cannot_be_read_is_one_line(folder, content, message):
    if content is None:
        (folder / "config.json").mkdir()
    else:
        (folder / "config.json").write_bytes(content)
    with pytest.raises(HyenaDNAError, match=rf"config\.json: .*{message}") as caught:
        read_weights(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "the config.json in .* deep"),
        ("[]", "the config.json in .* no JSON object"),
        (json.dumps({"backbone": OURS | {"window_shift": "x"}}), r"x\.safetensors: window_shift must be a number"),
    ],
)
def test_the_config_inside_a_file_is_checked_too(folder, text, message):
    save_file(load_file(folder / "model.safetensors"), folder / "x.safetensors", {CONFIG_KEY: text})
    with pytest.raises(HyenaDNAError, match=message):
        read_weights(folder / "x.safetensors")


def test_numbers_in_the_config_have_the_types_of_the_model(folder):
    (folder / "config.json").write_text(json.dumps({"backbone": OURS | {"window_shift": 0, "activation_freq": 7}}))
    architecture = read_weights(folder).architecture
    assert (architecture["window_shift"], architecture["activation_freq"]) == (0.0, 7.0)
    assert type(architecture["activation_freq"]) is float


def test_a_config_does_not_make_a_table_of_its_own_size(folder):
    """A small file without positions must not make arrays of terabytes."""
    tensors = load_file(folder / "model.safetensors")
    save_file({name: tensor for name, tensor in tensors.items() if "pos_emb" not in name}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"max_seq_len": 1 << 40}))
    with pytest.raises(HyenaDNAError, match="max_seq_len must be a whole number from 1 to 16,777,216"):
        read_weights(folder)
    (folder / "config.json").write_text(json.dumps({"max_seq_len": 70}))
    assert read_weights(folder).tensors["backbone.layers.1.mixer.filter_fn.pos_emb.t"].shape == (1, 70, 1)


def test_reading_needs_neither_keras_nor_ml_dtypes(folder):
    code = (
        "import sys; sys.modules.update(keras=None, ml_dtypes=None)\n"
        f"from hyenadna_core.weights.sources import read_weights; read_weights({str(folder)!r})"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
