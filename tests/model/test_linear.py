"""The matrix of a Dense layer: plain, with an adapter, quantized."""

import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_core import CausalLM, HyenaBackbone
from hyenadna_core.model import sizes
from hyenadna_core.model.linear import matrix

pytestmark = [pytest.mark.keras, pytest.mark.core]

# Keras warns about layers that it does not quantize, and that NumPy and MLX have no gradient of a
# quantized layer. PyTorch warns about the way in which Keras transposes scales.
KERAS_SAYS = [
    "ignore:Layer .* does not have a `quantize` method",  # until Keras 3.15
    r"ignore:`model.quantize\(\)`. .* were skipped",  # from 3.16 on
    "ignore:(?s).*custom_gradient.* pass-through",
    r"ignore:(?s).*The use of `x\.T` on tensors of dimension other than 2",
]
IDS = np.random.default_rng(0).integers(7, 11, (2, 60)).astype(np.int32)


@pytest.fixture
def dense():
    layer = keras.layers.Dense(24, kernel_initializer=keras.initializers.RandomNormal(seed=1))
    layer.build((None, 8))
    layer.bias.assign(np.arange(24))
    return layer


def of(layer):
    return ops.convert_to_numpy(matrix(layer))


def test_it_is_the_kernel(dense):
    np.testing.assert_array_equal(of(dense), ops.convert_to_numpy(dense.kernel))


def test_it_has_what_low_rank_adapters_add(dense):
    before = of(dense)
    dense.enable_lora(2)
    dense.lora_kernel_a.assign(np.ones((8, 2)))
    dense.lora_kernel_b.assign(np.full((2, 24), 0.5))
    np.testing.assert_allclose(of(dense), before + 1, atol=1e-6, rtol=0)


@pytest.mark.filterwarnings(KERAS_SAYS[2])
def test_it_is_what_a_quantized_layer_multiplies_with(dense):
    before = of(dense)
    dense.quantize("int8")
    assert 0 < np.abs(of(dense) - before).max() <= np.abs(before).max() / 127


@pytest.mark.filterwarnings(*KERAS_SAYS)
@pytest.mark.parametrize("blocks", [pytest.param(False, marks=pytest.mark.one_backend), True])
def test_a_quantized_model_is_near_the_one_before(monkeypatch, blocks):
    if blocks:
        monkeypatch.setattr(sizes, "WORKING_BYTES", 1)
        monkeypatch.setattr(sizes, "NARROWEST", 8)
    model = CausalLM(HyenaBackbone(1, 32, 66))
    before = model.predict_on_batch(IDS)
    model.quantize("int8")
    after = model.predict_on_batch(IDS)
    assert 0 < np.abs(after - before).max() < 0.02 * np.abs(before).max()
