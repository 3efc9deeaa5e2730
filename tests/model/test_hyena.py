import keras
import numpy as np
import pytest

from hyenadna_backends.kernels import definition
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.hyena import HyenaOperator

pytestmark = [pytest.mark.keras, pytest.mark.core]


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("filter_layout", ["channel_major", "step_major"])
@pytest.mark.parametrize("order", [2, 3, 4])
@pytest.mark.parametrize("L", [1, 31, 64])
def test_the_operator_is_its_formula(order, L, filter_layout):
    """Compare with the formulas of docs/model.md section 2, step by step in float64."""
    D = 4
    layer = HyenaOperator(HyenaConfig(1, D, 66, order=order, filter_layout=filter_layout), seed=5)
    x = numbers(2, L, D)
    output = keras.ops.convert_to_numpy(layer(x))

    def value(variable):
        return keras.ops.convert_to_numpy(variable.value).astype(np.float64)

    y = x @ value(layer.in_proj.kernel) + value(layer.in_proj.bias)
    taps = value(layer.short_filter.taps)
    padded = np.pad(y, ((0, 0), (2, 0), (0, 0)))
    y = value(layer.short_filter.bias) + sum(taps[i] * padded[:, i : i + L] for i in range(3))
    *gates, v = np.split(y.transpose(0, 2, 1), order + 1, axis=1)
    k = keras.ops.convert_to_numpy(layer.filters(x))
    skip = value(layer.filter_fn.bias)
    skip = skip.reshape(order - 1, D) if filter_layout == "step_major" else skip.reshape(D, order - 1).T
    for step in range(order - 1):
        v = definition.fft_conv(v * gates[order - 1 - step], k[step], skip[step])
    expected = (v * gates[0]).transpose(0, 2, 1) @ value(layer.out_proj.kernel) + value(layer.out_proj.bias)
    np.testing.assert_allclose(output, expected, atol=1e-5 * np.abs(expected).max(), rtol=0)


def test_too_long_an_input_says_so():
    layer = HyenaOperator(HyenaConfig(1, 4, 66))
    with pytest.raises(ValueError, match="67 positions, the model takes at most 66"):
        layer(numbers(1, 67, 4))


def test_the_operator_comes_back_from_its_config():
    layer = HyenaOperator(HyenaConfig(2, 8, 66, order=3, trained_positions=True), seed=4)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    first, second = (keras.ops.convert_to_numpy(made(numbers(1, 9, 8))) for made in (layer, again))
    np.testing.assert_array_equal(first, second)
