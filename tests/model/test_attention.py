"""The Transformer with `mixer="attention"`: its formula, and the uses it shares with Hyena."""

import json
import shutil

import keras
import numpy as np
import pytest
from keras import ops

import hyenadna_core as hyenadna
from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError
from hyenadna_core.checks.gradients import loss_and_gradients
from hyenadna_core.model.attention import CausalAttention, rotate
from hyenadna_core.model.sizes import heads
from hyenadna_core.weights.state_dict import load_state_dict, state_dict

pytestmark = pytest.mark.keras


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def drawn_layer(d_model, num_heads=None):
    """Make a layer with weights so large that attention is far from even, biases included."""
    layer = CausalAttention(d_model, num_heads)
    layer.build((None, None, d_model))
    for index, variable in enumerate(layer.weights):
        variable.assign(0.4 * numbers(*variable.shape, seed=index))
    return layer


def drawn_model(**config):
    model = CausalLM(HyenaBackbone(2, 16, 66, mixer="attention", **config))
    weights = {name: 0.3 * numbers(*value.shape, seed=i) for i, (name, value) in enumerate(state_dict(model).items())}
    load_state_dict(model, weights | {"lm_head.weight": weights["backbone.embeddings.word_embeddings.weight"]})
    return model


def some_ids(length=50):
    return np.random.default_rng(0).integers(7, 12, (2, length))


def by_definition(layer, x):
    """Compare with float64, position by position; a pair of channels is a complex number."""
    weights = [ops.convert_to_numpy(variable.value).astype(np.float64) for variable in layer.weights]
    qkv_kernel, qkv_bias, out_kernel, out_bias = weights
    B, L, D = x.shape
    W = D // layer.num_heads
    q, k, v = np.moveaxis((x @ qkv_kernel + qkv_bias).reshape(B, L, 3, layer.num_heads, W), 2, 0)
    rates = 10_000.0 ** (-2 * np.arange(W // 2) / W)
    turns = np.exp(1j * np.arange(L)[:, None, None] * rates)  # (L, 1, W/2)
    q, k = ((part[..., : W // 2] + 1j * part[..., W // 2 :]) * turns for part in (q, k))
    y = np.zeros((B, L, layer.num_heads, W))
    for t in range(L):
        scores = (q[:, t, None] * k[:, : t + 1].conj()).real.sum(axis=-1) / np.sqrt(W)  # (B, t + 1, H)
        weight = np.exp(scores - scores.max(axis=1, keepdims=True))
        y[:, t] = ((weight / weight.sum(axis=1, keepdims=True))[..., None] * v[:, : t + 1]).sum(axis=1)
    return y.reshape(B, L, D) @ out_kernel + out_bias


@pytest.mark.parametrize(("d_model", "num_heads"), [(128, None), (8, None), (24, 3), (6, 1)])
@pytest.mark.parametrize("L", [1, 2, 31, 64])
def test_attention_is_its_formula(L, d_model, num_heads, compiled):
    layer, x = drawn_layer(d_model, num_heads), numbers(2, L, d_model)
    expected = by_definition(layer, x.astype(np.float64))
    output = ops.convert_to_numpy(compiled(layer)(x))
    np.testing.assert_allclose(output, expected, atol=2e-5 * np.abs(expected).max(), rtol=0)


def test_the_future_does_not_leak(compiled):
    layer, x = compiled(drawn_layer(16)), numbers(2, 20, 16)
    later = x.copy()
    later[:, 9] += 1
    change = np.abs(ops.convert_to_numpy(layer(later)) - ops.convert_to_numpy(layer(x))).max(axis=(0, 2))
    assert change[:9].max() == 0 < 1e-3 < change[9:].min()


@pytest.mark.parametrize(("d_model", "expected"), [(256, 4), (128, 2), (64, 1), (96, 3), (16, 1), (24, 3), (6, 3)])
def test_heads_are_64_wide_or_the_next_power_of_two(d_model, expected):
    assert heads(d_model) == expected


@pytest.mark.parametrize(("d_model", "num_heads"), [(7, None), (16, 3), (6, 2), (16, 0)])
def test_heads_that_cannot_be_turned_in_pairs_are_an_error(d_model, num_heads):
    with pytest.raises(ValueError, match=rf"even width.* Received: d_model={d_model}, num_heads="):
        CausalAttention(d_model, num_heads)


@pytest.mark.parametrize("shift", [1, 13, 500])
def test_scores_depend_on_the_distance_alone(shift):
    q, k = numbers(1, 12, 2, 16), numbers(1, 12, 2, 16, seed=1)

    def scores(offset):
        turned = (
            ops.convert_to_numpy(rotate(np.pad(x, ((0, 0), (offset, 0), (0, 0), (0, 0)))))[:, offset:] for x in (q, k)
        )
        return np.einsum("bthw,bshw->bhts", *turned)

    plain = np.einsum("bthw,bshw->bhts", q, k)
    np.testing.assert_allclose(scores(shift), scores(0), atol=1e-3)
    assert np.abs(scores(0) - plain).max() > 1  # though distance does matter
    np.testing.assert_allclose(*(np.einsum("bhtt->bht", each) for each in (scores(0), plain)), atol=1e-5)


def test_angles_stay_in_float32_under_half_precision():
    """Rotate at position 257, which would be 256 in bfloat16."""
    x = ops.cast(np.ones((1, 258, 1, 2), np.float32), "bfloat16")
    output = rotate(x)
    assert keras.backend.standardize_dtype(output.dtype) == "bfloat16"
    turned = ops.convert_to_numpy(ops.cast(output, "float32"))[0, 257, 0]
    expected = [np.cos(257) - np.sin(257), np.cos(257) + np.sin(257)]
    np.testing.assert_allclose(turned, expected, rtol=2**-8)


@pytest.mark.usefixtures("trains")
def test_gradients_flow_to_every_weight():
    model = drawn_model(embed_dropout=0.0)
    ids = some_ids(33)
    _, gradients = loss_and_gradients(model, ids[:, :-1].astype(np.int32), ids[:, 1:].astype(np.int32))
    assert gradients.keys() == state_dict(model).keys() - {"lm_head.weight"}
    for name, gradient in gradients.items():
        part = np.split(gradient, 3) if "Wqkv" in name else [gradient]
        if name.endswith("Wqkv.bias"):
            part = [part[0], part[2]]  # a bias of the keys hardly changes attention: its gradient is small
        assert min(np.abs(each).max() for each in part) > 1e-6, name


@pytest.mark.usefixtures("trains")
def test_the_gradient_is_the_slope_of_the_loss():
    model = drawn_model(embed_dropout=0.0)
    ids = some_ids(33).astype(np.int32)
    before = state_dict(model)
    _, gradients = loss_and_gradients(model, ids[:, :-1], ids[:, 1:])
    for name in ("backbone.layers.0.mixer.Wqkv.weight", "backbone.layers.1.mixer.out_proj.bias"):
        direction = gradients[name] / np.linalg.norm(gradients[name])
        losses = []
        for step in (-1e-2, 1e-2):
            load_state_dict(model, before | {name: before[name] + step * direction})
            losses.append(loss_and_gradients(model, ids[:, :-1], ids[:, 1:])[0])
        slope = (losses[1] - losses[0]) / 2e-2
        np.testing.assert_allclose(slope, np.linalg.norm(gradients[name]), rtol=1e-2)


def test_the_layer_comes_back_from_its_config():
    layer = CausalAttention(16, num_heads=4, out_stddev=0.01, seed=4)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    first, second = (ops.convert_to_numpy(made(numbers(1, 9, 16))) for made in (layer, again))
    np.testing.assert_array_equal(first, second)


def test_the_backbone_comes_back_from_its_config():
    model = HyenaBackbone(2, 8, 66, mixer="attention", seed=9)
    assert model.get_config()["mixer"] == "attention"
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    assert again.get_config() == model.get_config()
    np.testing.assert_array_equal(model.predict_on_batch(some_ids()), again.predict_on_batch(some_ids()))


def test_configs_of_before_there_was_a_choice_are_hyena():
    config = HyenaBackbone(1, 8, 66).get_config()
    assert config.pop("mixer") == "hyena"
    assert HyenaBackbone.from_config(config).get_config()["mixer"] == "hyena"


def test_the_arguments_of_filters_are_ignored():
    others = {"order": 3, "window_shift": 0.5, "trained_positions": True, "emb_dim": 7, "short_filter_order": 5}
    plain, other = (HyenaBackbone(1, 8, 66, mixer="attention", **config) for config in ({}, others))
    np.testing.assert_array_equal(plain.predict_on_batch(some_ids()), other.predict_on_batch(some_ids()))


def test_no_positional_features_are_made(monkeypatch):
    def make(*_, **__):
        raise AssertionError("positional features were made")

    monkeypatch.setattr("hyenadna_core.model.backbone.PositionalFeatures", make)
    HyenaBackbone(1, 8, 66, mixer="attention")
    with pytest.raises(AssertionError, match="positional features were made"):
        HyenaBackbone(1, 8, 66)


def test_an_unknown_mixer_is_an_error():
    with pytest.raises(HyenaDNAError, match=r"mixer must be one of hyena, attention\. Received: mixer='mamba'"):
        HyenaBackbone(1, 8, 66, mixer="mamba")


@pytest.mark.parametrize("tie_embeddings", [True, False])
def test_a_saved_model_comes_back_with_its_logits(tmp_path, tie_embeddings):
    model = CausalLM(HyenaBackbone(2, 8, 66, mixer="attention", seed=1), tie_embeddings)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(again.predict_on_batch(some_ids()), model.predict_on_batch(some_ids()))


def test_one_model_takes_every_length_up_to_its_own():
    model = drawn_model()
    ids = some_ids(66)
    whole = model.predict_on_batch(ids)
    for L in (1, 65):
        np.testing.assert_allclose(model.predict_on_batch(ids[:, :L]), whole[:, :L], atol=1e-4, rtol=0)
    with pytest.raises(HyenaDNAError, match="The input has 67 positions, this model takes at most 66"):
        model.predict_on_batch(some_ids(67))


@pytest.mark.parametrize(("policy", "allowed"), [("mixed_bfloat16", 0.05), ("mixed_float16", 0.006)])
def test_logits_lose_little_in_half_precision(policy, allowed):
    expected, output = (drawn_model(dtype=dtype).predict_on_batch(some_ids()) for dtype in ("float32", policy))
    assert output.dtype == np.float32
    assert 0 < np.sqrt(((output - expected) ** 2).mean()) / expected.std() <= allowed


@pytest.mark.parametrize(("n_layer", "d_model"), [(2, 128), (3, 16)])
def test_the_number_of_parameters(n_layer, d_model):
    model = CausalLM(HyenaBackbone(n_layer, d_model, 1026, mixer="attention"))
    mixer, mlp, norms = 4 * d_model**2 + 4 * d_model, 8 * d_model**2 + 5 * d_model, 4 * d_model
    expected = 16 * d_model + n_layer * (mixer + mlp + norms) + 2 * d_model
    assert sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) == expected
    assert not any("pos_emb" in variable.path for variable in model.variables)


def test_the_initial_weights_are_drawn_as_those_of_hyena():
    weights = state_dict(CausalLM.from_preset("tiny-1k", weights=None, mixer="attention", seed=3))
    assert weights["backbone.layers.1.mixer.Wqkv.weight"].shape == (3 * 128, 128)
    np.testing.assert_allclose(weights["backbone.layers.1.mixer.Wqkv.weight"].std(), 0.02, rtol=0.02)
    np.testing.assert_allclose(weights["backbone.layers.1.mixer.out_proj.weight"].std(), 0.02 / 2, rtol=0.02)
    assert not weights["backbone.layers.1.mixer.Wqkv.bias"].any()
    for name in ("Wqkv", "out_proj"):
        first, second = (weights[f"backbone.layers.{i}.mixer.{name}.weight"] for i in range(2))
        assert np.abs(first - second).max() > 0.02
    hyena = state_dict(CausalLM.from_preset("tiny-1k", weights=None, seed=3))
    same = "backbone.layers.1.mlp.fc1.weight"
    np.testing.assert_array_equal(weights[same], hyena[same])


@pytest.mark.parametrize("tie_embeddings", [True, False])
def test_what_is_saved_loads_with_its_options_and_its_bits(tmp_path, tie_embeddings):
    backbone = HyenaBackbone(2, 8, 66, mixer="attention", seed=3, embed_dropout=0.2, layer_norm_epsilon=1e-4)
    model = CausalLM(backbone, tie_embeddings)
    hyenadna.save(model, tmp_path / "saved")
    again = hyenadna.load(tmp_path / "saved")
    assert again.architecture == model.architecture
    for name, value in state_dict(model).items():
        np.testing.assert_array_equal(state_dict(again)[name], value, err_msg=name)
    np.testing.assert_array_equal(again.predict_on_batch(some_ids()), model.predict_on_batch(some_ids()))


@pytest.mark.parametrize(
    ("name", "layout", "message"),
    [
        ("saved", "hub", "The layout 'hub' is only for Hyena models, but this one has attention: use plain"),
        ("saved", "original", "The layout 'original' is only for Hyena models"),
        ("saved", "checkpointed", "The layout 'checkpointed' is only for Hyena models"),
        ("saved.ckpt", None, "A single file cannot state the max_seq_len of a model with attention: give a folder"),
        ("saved.safetensors", None, "A single file cannot state the max_seq_len"),
    ],
)
def test_what_cannot_hold_attention_refuses(tmp_path, name, layout, message):
    with pytest.raises(HyenaDNAError, match=message) as caught:
        hyenadna.save(drawn_model(), tmp_path / name, layout)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_another_model_is_one_line(tmp_path):
    hyenadna.save(drawn_model(), tmp_path / "saved")
    config_path = tmp_path / "saved" / "config.json"
    config = json.loads(config_path.read_text())

    def change(**values):
        config_path.write_text(json.dumps(config | {"backbone": config["backbone"] | values}))

    change(mixer="hyena")
    with pytest.raises(HyenaDNAError, match="it has mixer 'hyena', but the weights have attention"):
        hyenadna.load(tmp_path / "saved")
    change(d_model=1 << 30)  # a model of this size is never made
    with pytest.raises(HyenaDNAError, match="it has d_model 1073741824, but the weights have 16"):
        hyenadna.load(tmp_path / "saved")
    change(max_seq_len="long")
    with pytest.raises(HyenaDNAError, match=r"max_seq_len must be a whole number from .* Received: max_seq_len='long'"):
        hyenadna.load(tmp_path / "saved")
    shutil.copy(tmp_path / "saved" / "model.safetensors", tmp_path / "alone.safetensors")
    with pytest.raises(HyenaDNAError, match=r"a model with attention needs max_seq_len in the config\.json"):
        hyenadna.load(tmp_path / "alone.safetensors")
