"""`load` from every kind of file, and `save`, compared by the original's golden logits."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import hyenadna_core as hyenadna
from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError
from hyenadna_core.weights.state_dict import state_dict

pytestmark = pytest.mark.keras

DATA = Path(__file__).parents[1] / "data"
LAYOUTS = ["tiny_order2.lightning_layout.ckpt", "tiny_order2.lightning_checkpointed_layout.ckpt"]


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize(
    ("overrides", "expected"), [({}, "logits"), ({"window_shift": 0.0}, "logits_with_modulation_shift_0")]
)
def test_a_checkpoint_of_the_original_gives_its_logits(golden, name, overrides, expected):
    model = hyenadna.load(DATA / name, **overrides)
    np.testing.assert_allclose(model.predict_on_batch(golden["input_ids"]), golden[expected], atol=5e-5, rtol=0)


def test_a_bare_state_dict_gives_the_originals_logits(golden, golden_folder):
    model = hyenadna.load(golden_folder / "tiny_order2.weights.safetensors")
    np.testing.assert_allclose(model.predict_on_batch(golden["input_ids"]), golden["logits"], atol=5e-5, rtol=0)
    assert model.tie_embeddings


def test_positions_that_differ_from_the_formula_are_used(golden, golden_weights, tmp_path):
    z = {
        f"backbone.layers.{i}.mixer.filter_fn.pos_emb.z": golden[f"layer{i}_perturbed_positional_features"]
        for i in range(2)
    }
    save_file(golden_weights | z, tmp_path / "x.safetensors")
    model = hyenadna.load(str(tmp_path / "x.safetensors"))
    expected = golden["logits_with_perturbed_positional_features"]
    np.testing.assert_allclose(model.predict_on_batch(golden["input_ids"]), expected, atol=5e-5, rtol=0)
    with pytest.raises(HyenaDNAError, match=r"pos_emb\.z differs from .*, but this model has one variable for both"):
        hyenadna.load(tmp_path / "x.safetensors", trained_positions=False)


def test_the_hubs_layout_gives_the_originals_logits():
    model = hyenadna.load(DATA / "tiny_order2.hf_layout_untied_head.safetensors")
    with np.load(DATA / "tiny_order2.hf_layout_expected.npz") as expected:
        logits = model.predict_on_batch(expected["input_ids"])
        np.testing.assert_allclose(logits, expected["logits"], atol=5e-5, rtol=0)
    assert not model.tie_embeddings


def test_the_hubs_folder_is_read_with_its_config(tmp_path):
    shutil.copy(DATA / "tiny_order2.hf_layout_untied_head.safetensors", tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(
        '{"max_seq_len": 66, "n_layer": 2, "layer_norm_epsilon": 1e-3, "embed_dropout": 0.3}'
    )
    config = hyenadna.load(tmp_path).backbone.get_config()
    assert (config["layer_norm_epsilon"], config["embed_dropout"], config["window_shift"]) == (1e-3, 0.3, 0.05)
    (tmp_path / "config.json").write_text('{"max_seq_len": 1026}')
    with pytest.raises(HyenaDNAError, match=r"config\.json: it has max_seq_len 1026, but the weights have 66"):
        hyenadna.load(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(HyenaDNAError, match=r"config\.json: it is not JSON \(Expecting"):
        hyenadna.load(tmp_path)


def test_a_backbone_alone_takes_its_embedding_as_head(golden, golden_weights, tmp_path):
    save_file(
        {name: tensor for name, tensor in golden_weights.items() if name != "lm_head.weight"},
        tmp_path / "x.safetensors",
    )
    model = hyenadna.load(tmp_path / "x.safetensors")
    np.testing.assert_allclose(model.predict_on_batch(golden["input_ids"]), golden["logits"], atol=5e-5, rtol=0)


def test_bfloat16_weights_are_read_as_the_numbers_they_are(golden_weights, tmp_path):
    import ml_dtypes

    rounded = {name: tensor.astype(ml_dtypes.bfloat16) for name, tensor in golden_weights.items()}
    save_file(rounded, tmp_path / "x.safetensors")
    for name, tensor in state_dict(hyenadna.load(tmp_path / "x.safetensors")).items():
        np.testing.assert_array_equal(tensor, rounded[name].astype(np.float32), err_msg=name)


def test_a_classifiers_head_is_left_out_and_said(golden_weights, tmp_path, caplog):
    save_file(
        golden_weights | {"decoder.0.output_transform.weight": np.zeros((2, 16), np.float32)},
        tmp_path / "x.safetensors",
    )
    hyenadna.load(tmp_path / "x.safetensors")
    assert (
        "1 tensors are not part of the language model and were left out, for example decoder.0.output_transform.weight"
        in caplog.text
    )
    caplog.clear()
    hyenadna.load(DATA / LAYOUTS[0])  # has the state of a metric
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"windowshift": 0.0}, "'windowshift' is not an argument of a model: choose from activation_freq, d_inner"),
        ({"filter_layout": "fast"}, "filter_layout must be one of channel_major, step_major"),
        ({"window_shift": "x"}, "window_shift must be a number from .* Received: window_shift='x'"),
        ({"d_model": 32}, r"word_embeddings\.weight has the shape \(16, 16\) instead of \(16, 32\)"),
        ({"dtype": "float99"}, "Cannot load .* with these arguments: .*float99"),
        ({"tie_embeddings": True}, r"lm_head\.weight differs from backbone\.embeddings"),
    ],
)
def test_an_override_that_does_not_fit_is_one_line(overrides, message):
    with pytest.raises(HyenaDNAError, match=message):
        hyenadna.load(DATA / "tiny_order2.hf_layout_untied_head.safetensors", **overrides)


@pytest.mark.parametrize(
    "config", [{}, {"window_shift": 0.0, "order": 3, "filter_layout": "step_major", "trained_positions": True}]
)
@pytest.mark.parametrize("tie_embeddings", [True, False])
def test_what_is_saved_loads_with_its_options_and_its_bits(tmp_path, config, tie_embeddings):
    model = CausalLM(HyenaBackbone(2, 8, 66, seed=3, embed_dropout=0.2, **config), tie_embeddings)
    hyenadna.save(model, tmp_path / "saved")
    again = hyenadna.load(tmp_path / "saved")
    assert again.architecture == model.architecture
    ids = np.random.default_rng(0).integers(7, 12, (2, 50))
    np.testing.assert_array_equal(again.predict_on_batch(ids), model.predict_on_batch(ids))


@pytest.mark.parametrize("name", ["hyenadna-tiny-1k", "tiny-1k"])
def test_a_preset_without_weights_is_initialised_as_the_original(name):
    model = CausalLM.from_preset(name, weights=None, window_shift=0.0, seed=4)
    assert model.backbone.get_config()["window_shift"] == 0.0
    assert sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) == 436_096
    expected = state_dict(CausalLM(HyenaBackbone(2, 128, 1026, seed=4)))["backbone.layers.0.mixer.in_proj.weight"]
    np.testing.assert_array_equal(state_dict(model)["backbone.layers.0.mixer.in_proj.weight"], expected)
    assert HyenaBackbone.from_preset(name, weights=None).max_seq_len == 1026


def test_a_preset_takes_weights_from_elsewhere(golden, golden_folder):
    model = CausalLM.from_preset("tiny-1k", weights=golden_folder / "tiny_order2.weights.safetensors")
    np.testing.assert_allclose(model.predict_on_batch(golden["input_ids"]), golden["logits"], atol=5e-5, rtol=0)


def test_an_unknown_preset_is_one_line():
    with pytest.raises(HyenaDNAError, match="Unknown preset 'tiny-2k': choose one of hyenadna-tiny-1k, "):
        CausalLM.from_preset("tiny-2k", weights=None)


def random_values(layout, random):
    """Draw the tensors of a real checkpoint's key list; tensors with one storage are equal."""
    stored, tensors = {}, {}
    for name, entry in layout["state_dict"].items():
        shape = tuple(entry["shape"])
        value = stored.setdefault(entry["storage"], random.normal(0, 0.1, shape).astype(np.float32))
        assert value.shape == shape
        tensors[name] = value
    return tensors


@pytest.mark.parametrize("name", ["tiny-1k_d128", "tiny-1k_d256", "small-32k_d256"])
def test_real_checkpoints_names_and_surviving_tensors_load(shared_data, tmp_path, name):
    import gzip
    import json

    folder = shared_data / "data" / "pretrained_partial"
    layout = json.loads(gzip.decompress((folder / "hyenadna_checkpoint_layouts.json.gz").read_bytes()))[name]
    tensors = random_values(layout, np.random.default_rng(0))
    with np.load(folder / f"hyenadna_{name}_intact_tensors.npz") as stored:
        intact = dict(stored)
    assert len(intact) >= 4
    for key, value in intact.items():
        same_storage = layout["state_dict"][key]["storage"]
        tensors |= {other: value for other, entry in layout["state_dict"].items() if entry["storage"] == same_storage}
    path = tmp_path / "weights.ckpt"
    try:
        import torch
    except ModuleNotFoundError:
        path = path.with_suffix(".safetensors")
        save_file(tensors, path)
    else:
        made = {id(value): torch.from_numpy(value.copy()) for value in tensors.values()}
        torch.save(
            {"state_dict": {key: made[id(value)] for key, value in tensors.items()}, "epoch": layout["epoch"]}, path
        )
    model = hyenadna.load(path)
    hyper = layout["hyper_parameters"]["model"]
    config = model.backbone.get_config()
    assert (config["n_layer"], config["d_model"], config["d_inner"]) == (
        hyper["n_layer"],
        hyper["d_model"],
        hyper["d_inner"],
    )
    assert config["max_seq_len"] == hyper["layer"]["l_max"]
    tensors = state_dict(model)
    plain = {
        key.removeprefix("model.").replace(".layer.", "."): value for key, value in tensors.items() if "backbone" in key
    }
    assert len(plain) == len(tensors) - 1  # all but the head
    for key, value in plain.items():
        np.testing.assert_array_equal(tensors[key], value, err_msg=key)
    logits = model.predict_on_batch(np.full((1, 9), 7))
    assert np.isfinite(logits).all()


def test_loading_does_not_change_the_file(golden_folder):
    before = load_file(golden_folder / "tiny_order2.weights.safetensors")
    hyenadna.load(golden_folder / "tiny_order2.weights.safetensors").predict_on_batch(np.full((1, 9), 7))
    for name, tensor in load_file(golden_folder / "tiny_order2.weights.safetensors").items():
        np.testing.assert_array_equal(tensor, before[name])
