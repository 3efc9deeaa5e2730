import keras
import numpy as np
import pytest

from hyenadna_core import CausalLM, HyenaBackbone
from hyenadna_core.model.initializers import NumpyNormal, NumpyUniform, child_seed
from hyenadna_core.weights.state_dict import state_dict

pytestmark = [pytest.mark.keras, pytest.mark.core]


def test_numbers_are_numpys_own():
    weights = keras.ops.convert_to_numpy(NumpyNormal(0.5, seed=7)((3, 4)))
    np.testing.assert_array_equal(weights, np.random.default_rng(7).normal(0, 0.5, (3, 4)).astype(np.float32))
    weights = keras.ops.convert_to_numpy(NumpyUniform(0.5, seed=7)((3, 4)))
    np.testing.assert_array_equal(weights, np.random.default_rng(7).uniform(-0.5, 0.5, (3, 4)).astype(np.float32))


def test_each_part_has_a_seed_of_its_own_that_no_process_changes():
    assert child_seed(0, "a") != child_seed(0, "b") != child_seed(1, "b")
    assert child_seed(0, "layers.0") == 1_569_340_185


def test_initial_weights_are_spread_as_in_the_original():
    n_layer, d_model = 8, 64
    weights = state_dict(CausalLM(HyenaBackbone(n_layer, d_model, 66, seed=3)))
    expected = {
        "in_proj.weight": 0.02,
        "implicit_filter.0.weight": 0.02,
        "implicit_filter.2.weight": 0.02,
        "implicit_filter.6.weight": 0.02,
        "fc1.weight": 0.02,
        "word_embeddings.weight": 0.02,
        "out_proj.weight": 0.02 / np.sqrt(2 * n_layer),
        "fc2.weight": 0.02 / np.sqrt(2 * n_layer),
        "short_filter.weight": 1 / np.sqrt(3) / np.sqrt(3),  # uniform up to 1/sqrt(3)
        "short_filter.bias": 1 / np.sqrt(3) / np.sqrt(3),
        "filter_fn.bias": 1.0,
    }
    for ending, spread in expected.items():
        drawn = np.concatenate([value.ravel() for name, value in weights.items() if name.endswith(ending)])
        assert len(drawn) >= 500
        np.testing.assert_allclose(drawn.std(), spread, rtol=0.1, err_msg=ending)
    assert np.abs(weights["backbone.layers.0.mixer.short_filter.weight"]).max() <= 1 / np.sqrt(3)


def test_constants_are_those_of_the_original():
    weights = state_dict(CausalLM(HyenaBackbone(2, 16, 66)))
    for name, value in weights.items():
        if name.endswith("freq"):
            np.testing.assert_array_equal(value, 10.0)
        if "norm" in name or "ln_f" in name:
            np.testing.assert_array_equal(value, 1.0 if name.endswith("weight") else 0.0)
        if name.endswith(".bias") and any(part in name for part in ("proj", "fc", "implicit_filter")):
            np.testing.assert_array_equal(value, 0.0)


def test_no_two_tensors_are_drawn_alike():
    weights = state_dict(CausalLM(HyenaBackbone(3, 16, 66)))
    drawn = [value.ravel()[:5] for name, value in weights.items() if name.endswith(("weight", "filter_fn.bias"))]
    drawn = [tuple(values) for values in drawn if values.std() > 0]
    tied = 1  # lm_head is the embedding
    assert len(set(drawn)) == len(drawn) - tied
