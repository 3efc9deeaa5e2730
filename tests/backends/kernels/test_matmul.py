"""The long convolution in matrix products, beyond the cases of test_convolution.py."""

import math

import numpy as np
import pytest
import scipy.fft
from keras import ops

from hyenadna_backends.kernels import definition, matmul

pytestmark = pytest.mark.keras


def arrays(L, B=2, D=3, seed=0):
    random = np.random.default_rng(seed)
    return tuple(random.normal(size=shape).astype(np.float32) for shape in ((B, D, L), (D, L), (D,)))


@pytest.fixture
def run(compiled):
    fft_conv = compiled(matmul.fft_conv)
    return lambda *inputs: ops.convert_to_numpy(fft_conv(*map(ops.convert_to_tensor, inputs)))


@pytest.mark.parametrize("L", [1, 2, 127, 128, 129, 16_384, 16_385, 160_002, 1_000_001, 1 << 22])
def test_sides_are_balanced_and_small(L):
    sides = matmul.inner_sides(L)
    rows = math.ceil(L / math.prod(sides))
    assert rows <= 4 * matmul.LARGEST_SIDE
    for side in sides:
        assert side <= matmul.LARGEST_SIDE
        assert rows <= 8 * side


@pytest.mark.parametrize(
    ("L", "sides"), [(128, ()), (129, (16,)), (16_384, (128,)), (16_385, (32, 32)), (1_000_002, (64, 64))]
)
def test_longer_inputs_take_more_steps(L, sides):
    assert matmul.inner_sides(L) == sides


@pytest.mark.parametrize("largest", [4, 16])
@pytest.mark.parametrize("L", [61, 257])
def test_many_steps_give_the_values_of_the_definition(monkeypatch, largest, L, run):
    monkeypatch.setattr(matmul, "LARGEST_SIDE", largest)
    inputs = arrays(L)
    expected = definition.fft_conv(*inputs)
    np.testing.assert_allclose(run(*inputs), expected, atol=2e-6 * np.abs(expected).max(), rtol=0)


@pytest.mark.usefixtures("trains")
def test_many_steps_give_the_gradients_of_the_definition(monkeypatch, gradients):
    monkeypatch.setattr(matmul, "LARGEST_SIDE", 4)
    inputs, dy = arrays(61), arrays(61, seed=1)[0]
    for gradient, expected in zip(
        gradients(matmul.fft_conv, inputs, dy), definition.gradients(*inputs, dy), strict=True
    ):
        np.testing.assert_allclose(gradient, expected, atol=5e-6 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize("L", [1_025, 16_381, 131_072])
def test_long_inputs_are_as_exact_as_short_ones(L, run):
    u, k, bias = arrays(L, B=1, D=2)
    spectrum = scipy.fft.rfft(u.astype(np.float64), 2 * L) * scipy.fft.rfft(k.astype(np.float64), 2 * L)
    expected = scipy.fft.irfft(spectrum, 2 * L)[..., :L] + bias[:, None].astype(np.float64) * u
    np.testing.assert_allclose(run(u, k, bias), expected, atol=2e-6 * np.abs(expected).max(), rtol=0)


def test_tables_are_exact_to_float32():
    real, imaginary = matmul._roots(1 << 18, 129, 2048)
    angle = np.outer(np.arange(129.0), np.arange(2048.0)) * (-2 * np.pi / (1 << 18))
    np.testing.assert_allclose(real, np.cos(angle), atol=2.0**-24, rtol=0)
    np.testing.assert_allclose(imaginary, np.sin(angle), atol=2.0**-24, rtol=0)


def test_on_jax_it_is_compiled_to_matrix_products_of_full_precision_and_no_fft():
    from keras import config

    if config.backend() != "jax":
        pytest.skip("only JAX multiplies with less by default")
    import jax

    loss = jax.value_and_grad(lambda *inputs: (matmul.fft_conv(*inputs) ** 2).sum(), argnums=(0, 1, 2))
    traced = str(jax.make_jaxpr(jax.jit(loss))(*arrays(300)))
    products = traced.count("= dot_general[")
    assert products > 20
    assert traced.count("precision=(Precision.HIGHEST, Precision.HIGHEST)") == products
    assert " fft[" not in traced
    value = jax.jit(matmul.fft_conv)(*arrays(300))
    np.testing.assert_allclose(value, definition.fft_conv(*arrays(300)), atol=1e-4, rtol=0)
