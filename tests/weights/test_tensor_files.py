"""Files of weights that people have: wrapped names, several files with an index, missing parts."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import hyenadna_core as hyenadna
from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError
from hyenadna_core.weights.sources import read_weights
from hyenadna_core.weights.state_dict import load_state_dict, state_dict

pytestmark = pytest.mark.keras

CKPT = Path(__file__).parents[1] / "data" / "tiny_order2.lightning_layout.ckpt"
Z, T, DELTAS = "pos_emb.z", "pos_emb.t", "modulation.deltas"


def without(tensors, *ends):
    return {name: tensor for name, tensor in tensors.items() if not name.endswith(ends)}


def written_in_parts(folder, tensors, parts=2):
    """Write tensors to several files with an index, as transformers does; return their map."""
    names = [f"model-{i + 1:05}-of-{parts:05}.safetensors" for i in range(parts)]
    files = {name: names[i % parts] for i, name in enumerate(tensors)}
    folder.mkdir()
    for file in names:
        save_file({name: tensor for name, tensor in tensors.items() if files[name] == file}, folder / file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}))
    return files


def same(tensors, expected):
    assert tensors.keys() == expected.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(tensor, expected[name], err_msg=name)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda name: f"_orig_mod.{name}",
        lambda name: f"module.{name}",
        lambda name: f"module._orig_mod.model.{name}",
        lambda name: f"model._orig_mod.module.{name}",
        lambda name: name.replace("backbone.", "backbone._orig_mod."),
        lambda name: name.replace(".mixer.", "._orig_mod.mixer._checkpoint_wrapped_module."),
    ],
)
def test_names_that_a_wrapper_changed_are_read(tmp_path, golden_weights, wrapped):
    save_file({wrapped(name): tensor for name, tensor in golden_weights.items()}, tmp_path / "x.safetensors")
    weights = read_weights(tmp_path / "x.safetensors")
    same(weights.tensors, golden_weights)
    assert weights.left_out == []


def test_several_files_with_an_index_are_read_as_one(tmp_path, golden_weights):
    written_in_parts(tmp_path / "parts", golden_weights)
    (tmp_path / "parts" / "config.json").write_text('{"layer_norm_epsilon": 0.001}')
    for source in (tmp_path / "parts", tmp_path / "parts" / "model.safetensors.index.json"):
        weights = read_weights(source)
        same(weights.tensors, golden_weights)
        assert weights.architecture["layer_norm_epsilon"] == 1e-3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.update({"backbone.x": "model-00001-of-00002.safetensors"}), "'backbone.x' is not in model-00001-"),
        (lambda f: f.update({"backbone.x": "missing.safetensors"}), "missing.safetensors: it is not a file"),
        (lambda f: f.update({"backbone.x": "../x.safetensors"}), r"'\.\./x\.safetensors' is not the name of a file in"),
        (lambda f: f.update({"backbone.x": "/etc/passwd"}), "'/etc/passwd' is not the name of a file in its folder"),
        (lambda f: f.update({"backbone.x": "model.safetensors.index.json"}), "is not the name of a file in its folder"),
        (lambda f: f.update({"backbone.x": 3}), "3 is not the name of a file in its folder"),
        (lambda f: f.clear(), "it has no weight_map"),
    ],
)
def test_an_index_that_does_not_fit_its_files_is_one_line(tmp_path, golden_weights, change, message):
    files = written_in_parts(tmp_path / "parts", golden_weights)
    change(files)
    (tmp_path / "parts" / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))
    with pytest.raises(HyenaDNAError, match=message):
        read_weights(tmp_path / "parts")


def test_a_folder_with_a_pytorch_model_bin_is_read_with_its_config(tmp_path, golden_weights):
    shutil.copy(CKPT, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text('{"embed_dropout": 0.3}')
    weights = read_weights(tmp_path)
    same(weights.tensors, golden_weights)
    assert weights.architecture["embed_dropout"] == 0.3


@pytest.mark.parametrize(("number", "kind"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "inf")])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_tensor_with_nan_or_infinity_is_named(tmp_path, golden_weights, number, kind, dtype):
    import ml_dtypes  # noqa: F401 (teaches NumPy the name bfloat16)

    name = "backbone.embeddings.word_embeddings.weight"
    weights = {each: tensor.astype(dtype) for each, tensor in golden_weights.items()}
    weights[name][3, 5:7] = number
    save_file(weights, tmp_path / "x.safetensors")
    with pytest.raises(HyenaDNAError, match=rf"x\.safetensors: {name} holds {kind} \(2 of 256 numbers\)"):
        read_weights(tmp_path / "x.safetensors")
    model = CausalLM(HyenaBackbone(2, 16, 66, d_inner=64))
    with pytest.raises(HyenaDNAError, match=f"^{name} holds {kind}"):
        load_state_dict(model, weights)


@pytest.mark.parametrize("missing", [(Z, T, DELTAS), (Z, T), (Z,), (T,), (DELTAS,)])
def test_positions_and_decay_rates_that_a_file_lacks_come_from_their_formulas(tmp_path, caplog, missing):
    model = CausalLM(HyenaBackbone(2, 8, 66, order=3, seed=2))
    save_file(without(state_dict(model), *missing), tmp_path / "model.safetensors")
    if {Z, T} <= set(missing):
        with pytest.raises(HyenaDNAError, match=r"without positions \(pos_emb\.z\) needs max_seq_len in the config"):
            read_weights(tmp_path)
    (tmp_path / "config.json").write_text('{"max_seq_len": 66, "hyena_order": 3}')
    same(read_weights(tmp_path).tensors, state_dict(model))
    assert f"has no {missing[0]}" in caplog.text
    assert "computed by their formulas" in caplog.text


def test_a_larger_max_seq_len_computes_the_positions_by_the_formula(golden_folder, golden_weights, caplog):
    model = hyenadna.load(golden_folder / "tiny_order2.weights.safetensors", max_seq_len=2050)
    assert "max_seq_len is 2,050 instead of 66. The positions are computed by the formula:" in caplog.text
    expected = state_dict(CausalLM(HyenaBackbone(2, 16, 2050)))
    for name, tensor in state_dict(model).items():
        np.testing.assert_array_equal(tensor, (expected if name.endswith((Z, T)) else golden_weights)[name])
    assert model.predict_on_batch(np.full((1, 2050), 7)).shape == (1, 2050, 16)


def test_another_max_seq_len_is_refused_for_trained_positions(tmp_path):
    hyenadna.save(CausalLM(HyenaBackbone(1, 8, 66, trained_positions=True)), tmp_path / "saved")
    hyenadna.load(tmp_path / "saved", max_seq_len=66)
    with pytest.raises(HyenaDNAError, match=r"max_seq_len is 100, but its positions are trained values for 66"):
        hyenadna.load(tmp_path / "saved", max_seq_len=100)


def test_a_file_of_something_else_names_its_tensors(tmp_path):
    save_file({f"encoder.{i}.weight": np.zeros(1, np.float32) for i in range(10)}, tmp_path / "x.safetensors")
    with pytest.raises(HyenaDNAError, match=r"such as backbone\..*; its tensors are 'encoder.0.weight', .* and 2 more"):
        read_weights(tmp_path / "x.safetensors")


@pytest.mark.parametrize("name", ["x.safetensors", "x.ckpt"])
def test_a_folder_with_the_name_of_a_file_is_one_line(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(HyenaDNAError, match="there are no weights"):
        read_weights(tmp_path / name)
    (tmp_path / "model.safetensors").mkdir()
    with pytest.raises(HyenaDNAError, match=r"model\.safetensors: it is not a file"):
        read_weights(tmp_path)
    with pytest.raises(HyenaDNAError, match="/dev/zero: it is not a file"):
        read_weights("/dev/zero")
