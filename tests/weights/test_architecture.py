import numpy as np
import pytest

from hyenadna_core import CausalLM, HyenaBackbone, HyenaConfig, HyenaDNAError
from hyenadna_core.presets import PRESETS
from hyenadna_core.weights.architecture import read_architecture, read_config, shapes
from hyenadna_core.weights.positions import has_trained_positions
from hyenadna_core.weights.state_dict import state_dict

pytestmark = pytest.mark.keras

MODELS = {
    "usual": {"n_layer": 2, "d_model": 8, "max_seq_len": 66},
    "order 3": {"n_layer": 1, "d_model": 8, "max_seq_len": 30, "order": 3, "d_inner": 24},
    "another filter network": {
        **{"n_layer": 3, "d_model": 4, "max_seq_len": 9, "emb_dim": 7, "filter_order": 12},
        **{"num_inner_mlps": 0, "short_filter_order": 5},
    },
    "attention": {"n_layer": 2, "d_model": 8, "max_seq_len": 66, "d_inner": 24, "mixer": "attention"},
}
TINY = {
    **{"n_layer": 2, "d_model": 16, "d_inner": 64, "max_seq_len": 66, "order": 2, "emb_dim": 5, "filter_order": 64},
    **{
        "num_inner_mlps": 2,
        "short_filter_order": 3,
        "vocab_size": 16,
        "mixer": "hyena",
    },
}


@pytest.mark.parametrize("name", MODELS)
def test_the_architecture_is_read_from_shapes(name):
    model = CausalLM(HyenaBackbone(**MODELS[name]))
    architecture = read_architecture(state_dict(model))
    assert architecture == {part: model.architecture[part] for part in architecture}
    assert MODELS[name].keys() - architecture.keys() <= {"max_seq_len"}


@pytest.mark.parametrize("name", MODELS)
def test_shapes_are_those_of_the_model(name):
    model = CausalLM(HyenaBackbone(**MODELS[name]))
    assert shapes(model.hyena_config) == {part: value.shape for part, value in state_dict(model).items()}


def test_the_golden_architecture(golden_weights):
    assert read_architecture(golden_weights) == TINY


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_presets_have_the_parameters_and_buffers_that_were_counted_in_the_original(preset):
    d_model, L = preset.config["d_model"], preset.config["max_seq_len"]
    named = shapes(preset.hyena_config)
    buffers = {name for name in named if name.endswith((".z", ".t", ".deltas"))}
    once = {
        name for name in named.keys() - buffers if not name.endswith((".3.freq", ".5.freq")) and "lm_head" not in name
    }
    assert sum(int(np.prod(named[name])) for name in once) == preset.parameters
    counted = {1_026: {128: 12_568, 256: 12_824}, 16_386: {128: 196_888}, 32_770: {256: 787_504}}
    counted |= {
        160_002: {256: 7_682_144},
        450_002: {256: 21_602_144},
        1_000_002: {256: 48_002_144},
    }  # docs/model.md section 4
    assert sum(int(np.prod(named[name])) for name in buffers) == counted[L][d_model]


def test_positions_are_trained_where_they_differ_from_the_formula_or_between_layers(golden, golden_weights):
    z = "backbone.layers.{}.mixer.filter_fn.pos_emb.z"
    config = HyenaConfig(**TINY)
    assert not has_trained_positions(golden_weights, config)
    changed = {z.format(i): golden[f"layer{i}_perturbed_positional_features"] for i in range(2)}
    assert has_trained_positions(golden_weights | changed, config)
    other = golden_weights[z.format(1)].copy()
    other[0, 5, 1] = np.nextafter(other[0, 5, 1], 2)
    assert has_trained_positions(golden_weights | {z.format(1): other}, config)


def layers(start, stop):
    return {f"backbone.layers.{i}.norm1.bias": np.zeros(16, np.float32) for i in range(start, stop)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("backbone.layers.1.norm2.bias"), r"it lacks backbone\.layers\.1\.norm2\.bias \(1 in all\)"),
        (
            lambda w: w.clear(),
            r"it lacks backbone\.embeddings\.word_embeddings\.weight: these are not the weights of a HyenaDNA",
        ),
        (
            lambda w: w.update({"backbone.layers.0.extra": np.zeros(1)}),
            r"unlike any Hyena model, backbone\.layers\.0\.extra",
        ),
        (lambda w: w.update({"backbone.layers.7.norm1.bias": np.zeros(16)}), r"not numbered from 0 on: 0, 1, 7"),
        (
            lambda w: w.update({"backbone.ln_f.bias": np.zeros(3)}),
            r"ln_f\.bias has the shape \(3,\) instead of \(16,\)",
        ),
        (lambda w: w.update({"backbone.ln_f.bias": np.zeros(16, np.int64)}), "holds int64 instead of real numbers"),
        (lambda w: w.update({"backbone.embeddings.word_embeddings.weight": np.zeros(3)}), "not one of 2 axes"),
        (
            lambda w: w.update({"backbone.layers.0.mixer.in_proj.weight": np.zeros((16, 16))}),
            "no Hyena model: order must be a whole number from 2",
        ),
        # models of these shapes would take terabytes: they are never made
        (lambda w: w.update({"backbone.layers.0.mlp.fc1.weight": np.zeros((1 << 20, 1))}), "d_inner must be a whole"),
        (lambda w: w.update({"backbone.layers.0.mlp.fc1.weight": np.zeros((1 << 16, 1))}), "has the shape"),
        (lambda w: w.update(layers(2, 257)), "n_layer must be a whole number from 1 to 256"),
        (lambda w: w.update({f"backbone.layers.{'9' * 5000}.norm1.bias": np.zeros(16)}), "not numbered from 0 on"),
        (lambda w: w.update({"backbone.layers.01.norm1.bias": np.zeros(16)}), "not numbered from 0 on: 0, 1, 01"),
        (lambda w: w.update({"backbone.ln_f.bias": np.zeros(16, np.complex64)}), "holds complex64 instead of real"),
        (lambda w: w.pop("backbone.layers.1.mixer.filter_fn.pos_emb.z"), r"it lacks backbone\.layers\.1\..*pos_emb\.z"),
    ],
)
def test_weights_that_fit_no_model_are_an_error(golden_weights, change, message):
    weights = dict(golden_weights)
    change(weights)
    with pytest.raises(HyenaDNAError, match=message):
        read_architecture(weights)


def test_the_originals_config_is_read():
    layer = {"_name_": "hyena", "l_max": 66, "w": 7, "modulate": True, "local_order": 3}
    architecture = read_config(
        {"d_model": 16, "n_layer": 2, "vocab_size": 12, "embed_dropout": 0.2, "layer": layer}, TINY
    )
    assert architecture == {"n_layer": 2, "d_model": 16, "max_seq_len": 66, "activation_freq": 7, "embed_dropout": 0.2}


def test_the_hubs_config_is_read():
    config = {"max_seq_len": 66, "hyena_order": 2, "layer_norm_epsilon": 1e-6, "activation_freq": 10, "vocab_size": 12}
    architecture = read_config(config, TINY)
    assert architecture == {"max_seq_len": 66, "order": 2, "layer_norm_epsilon": 1e-6, "activation_freq": 10}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"n_layer": 3}, "it has n_layer 3, but the weights have 2"),
        ({"layer": {"l_max": 1026}}, "it has max_seq_len 1026, but the weights have 66"),
        ({"layer": {"modulate": False}}, "no decaying window"),
        ({"layer": 3}, "instead of a table"),
    ],
)
def test_a_config_of_another_model_is_an_error(config, message):
    with pytest.raises(HyenaDNAError, match=message):
        read_config(config, TINY)
