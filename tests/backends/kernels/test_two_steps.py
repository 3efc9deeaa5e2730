"""Transforms in two steps, and the kernels that use them, on CPUs and on Metal."""

from importlib import import_module

import numpy as np
import pytest
from keras import config, ops

from hyenadna_backends.fft_length import OVERRIDE, planned_length
from hyenadna_backends.kernels import definition, two_steps

pytestmark = pytest.mark.keras

LIBRARIES = {"jax": "jax.numpy", "mlx": "mlx.core"}
BACKEND = config.backend()


@pytest.fixture(params=sorted({"numpy", LIBRARIES.get(BACKEND, "numpy")}))
def library(request):
    return import_module(request.param)


@pytest.mark.parametrize(("L", "steps"), [(1, (2, 1)), (5, (4, 3)), (32, (8, 8)), (50, (4, 25)), (100, (16, 15))])
def test_products_of_spectra_are_convolutions(library, L, steps):
    random = np.random.default_rng(L)
    x, k = (random.normal(size=(2, 3, L)).astype(np.float32) for _ in range(2))
    factors, conjugate = (library.array(two_steps.twiddle(*steps, conjugate)) for conjugate in (False, True))
    X, K = (two_steps.transform(library, library.array(t), steps, factors) for t in (x, k))
    y = np.asarray(two_steps.inverse(library, X * K, L, steps, conjugate))
    expected = [[np.convolve(a, b)[:L] for a, b in zip(u, v, strict=True)] for u, v in zip(x, k, strict=True)]
    np.testing.assert_allclose(y, expected, atol=2e-5, rtol=0)


# settings for two steps at short lengths, the first such length, and the plan below it
SHORT = {
    "jax": ({"TWO_STEPS_FROM": 32, "ROWS_DOUBLE_FROM": 200, "ROWS": 8}, 16, "smooth"),
    "mlx": ({"TWO_STEPS_FROM": 32, "ROWS": 8, "PAIRS_FROM": 0}, 16, "smooth"),
    "mlx on metal": ({"_on_metal": lambda: True, "METAL_LARGEST_N": 32}, 17, "power_of_two"),
    "numpy": ({"TWO_STEPS_FROM": 32, "ROWS": 8}, 16, "smooth"),
    "torch": ({"TWO_STEPS_FROM": 32, "ROWS": 8}, 16, "smooth"),
}


@pytest.fixture(params=[name for name in SHORT if name.startswith(BACKEND)])
def kernel(request, monkeypatch):
    """Return the kernel of the backend that runs, in two steps even at short lengths."""
    module = import_module(f"hyenadna_backends.kernels.{BACKEND}")
    for name, value in SHORT[request.param][0].items():
        monkeypatch.setattr(module, name, value)
    return module


@pytest.mark.parametrize("L", [15, 16, 17, 33, 100, 509])
def test_a_kernel_in_two_steps_is_the_definition(kernel, L, compiled):
    u, k, bias, _ = arrays(L)
    y = ops.convert_to_numpy(compiled(kernel.fft_conv)(*map(ops.convert_to_tensor, (u, k, bias))))
    np.testing.assert_allclose(y, definition.fft_conv(u, k, bias), atol=3e-5, rtol=0)
    K = compiled(kernel.spectrum)(ops.convert_to_tensor(k))
    kept = ops.convert_to_numpy(
        compiled(kernel.fft_conv_spectrum)(ops.convert_to_tensor(u), K, ops.convert_to_tensor(bias))
    )
    np.testing.assert_allclose(kept, y, atol=1e-5, rtol=0)


def test_a_kernel_takes_two_steps_for_long_inputs_alone(kernel, request):
    _, first, rule = SHORT[request.node.callspec.params["kernel"]]
    for L in (first - 1, first):
        in_one = planned_length(L, rule) // 2 + 1  # in two it has more columns
        assert (kernel.spectrum(ops.ones((3, L))).shape[-1] == in_one) == (first > L)


@pytest.mark.parametrize("rule", ["smooth", "power_of_two"])
@pytest.mark.parametrize("L", [17, 33, 50, 77, 509])
def test_a_plan_that_is_overridden_is_taken_in_two_steps_too(kernel, L, rule, monkeypatch, fresh_plan, compiled):
    monkeypatch.setenv(OVERRIDE, rule)
    fresh_plan()
    u, k, bias, _ = arrays(L)
    y = ops.convert_to_numpy(compiled(kernel.fft_conv)(*map(ops.convert_to_tensor, (u, k, bias))))
    np.testing.assert_allclose(y, definition.fft_conv(u, k, bias), atol=3e-5, rtol=0)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("L", [15, 16, 17, 33, 100, 509])
def test_gradients_in_two_steps_are_those_of_the_definition(kernel, gradients, L):
    u, k, bias, dy = arrays(L)
    for gradient, expected in zip(
        gradients(kernel.fft_conv, (u, k, bias), dy), definition.gradients(u, k, bias, dy), strict=True
    ):
        np.testing.assert_allclose(gradient, expected, atol=5e-6 * np.abs(expected).max(), rtol=0)


def arrays(L):
    random = np.random.default_rng(L)
    return [random.normal(size=shape).astype(np.float32) for shape in ((2, 3, L), (3, L), (3,), (2, 3, L))]
