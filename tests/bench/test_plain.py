"""The plain formula, which `hyenadna bench` compares the kernels with."""

import numpy as np
import pytest
from keras import ops

from hyenadna_backends.kernels import definition, plain

pytestmark = [pytest.mark.keras, pytest.mark.core]

LENGTHS = [1, 2, 3, 16, 97, 255, 256]


def arrays(L, B=2, D=3, seed=0):
    random = np.random.default_rng(seed)
    return tuple(random.normal(size=shape).astype(np.float32) for shape in ((B, D, L), (D, L), (D,)))


@pytest.mark.parametrize("L", LENGTHS)
def test_the_plain_formula_is_the_definition(L):
    u, k, bias = arrays(L)
    expected = definition.fft_conv(u, k, bias)
    output = ops.convert_to_numpy(plain.fft_conv(*map(ops.convert_to_tensor, (u, k, bias))))
    assert output.dtype == np.float32
    np.testing.assert_allclose(output, expected, atol=2e-6 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize("L", LENGTHS)
@pytest.mark.usefixtures("trains")
def test_the_gradients_of_the_plain_formula_are_those_of_the_definition(L, gradients):
    inputs, dy = arrays(L), arrays(L, seed=1)[0]
    for gradient, expected in zip(
        gradients(plain.fft_conv, inputs, dy), definition.gradients(*inputs, dy), strict=True
    ):
        np.testing.assert_allclose(gradient, expected, atol=5e-6 * np.abs(expected).max(), rtol=0)


def test_the_plain_formula_computes_in_float32_and_answers_in_the_dtype_of_its_input():
    u, k, bias = arrays(97)
    rounded = ops.cast(ops.convert_to_tensor(u), "bfloat16")
    y = plain.fft_conv(rounded, ops.convert_to_tensor(k), ops.convert_to_tensor(bias))
    assert str(y.dtype).split(".")[-1] == "bfloat16"
    expected = definition.fft_conv(ops.convert_to_numpy(ops.cast(rounded, "float32")), k, bias)
    output = ops.convert_to_numpy(ops.cast(y, "float32"))
    np.testing.assert_allclose(output, expected, rtol=2**-8, atol=2e-6 * np.abs(expected).max())
