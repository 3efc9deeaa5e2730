"""Inference uses the settings that each layer has at the time of the call."""

import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_core import CausalLM, HyenaBackbone

pytestmark = pytest.mark.keras

IDS = np.random.default_rng(0).integers(7, 12, (2, 50))


def model_of(**config):
    """Return a model whose layers all count: the weights are far larger than the initial ones."""
    model, random = CausalLM(HyenaBackbone(2, 8, 66, seed=2, **config)), np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(ops.convert_to_numpy(variable.value) + random.normal(0, 0.3, variable.shape))
    return model


def slowly(model, ids=IDS):
    """Compute the output as Keras does, without kept spectra and compiled layers."""
    return ops.convert_to_numpy(ops.stop_gradient(model(ops.convert_to_tensor(ids, "int32"))))


def agrees(model, ids=IDS):
    output = model.predict_on_batch(ids)
    np.testing.assert_allclose(output, slowly(model, ids), atol=1e-4 * np.abs(output).max(), rtol=0)
    return output


def adapt(dense, alpha=None):
    dense.enable_lora(2, alpha)
    for variable in (dense.lora_kernel_a, dense.lora_kernel_b):
        variable.assign(np.random.default_rng(3).normal(0, 0.05, variable.shape))


def activate(block):
    block.mlp.fc1.activation = keras.activations.relu


def activate_with_a_function_of_the_same_name(block):
    def linear(x):
        return 0.5 * x

    block.mlp.fc1.activation = linear


def widen_norm(block):
    block.norm1.epsilon = 0.5


def activate_filter(block):
    block.mixer.filter_fn.linears[1].activation = keras.activations.tanh


def shift_window(block):
    block.mixer.filter_fn.window_shift = 0.5


CHANGES = [
    activate,
    activate_with_a_function_of_the_same_name,
    widen_norm,
    activate_filter,
    shift_window,
]


@pytest.mark.parametrize("first", [True, False], ids=["before any use", "after the first use"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_setting_of_one_block_counts_for_this_block_only(change, first):
    model = model_of()
    before = slowly(model)
    if not first:
        agrees(model)
    change(model.backbone.blocks[1])
    assert np.abs(agrees(model) - before).max() > 1e-2


@pytest.mark.parametrize("dense_of", [lambda block: block.mlp.fc1, lambda block: block.mixer.filter_fn.linears[1]])
def test_adapters_of_each_block_have_their_own_strength(dense_of):
    model = model_of()
    for number, block in enumerate(model.backbone.blocks):
        adapt(dense_of(block), alpha=1 + 3 * number)
    before = agrees(model)
    dense_of(model.backbone.blocks[1]).lora_alpha = 9
    assert np.abs(agrees(model) - before).max() > 1e-2


def test_a_new_length_is_computed_with_the_settings_of_its_own_layer():
    model = model_of()
    agrees(model)
    activate(model.backbone.blocks[0])  # the others keep what was compiled for this block
    agrees(model)
    agrees(model, IDS[:, :30])
