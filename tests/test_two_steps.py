"""Transforms in two steps, and the MLX kernel as it runs on Metal past the longest transform there."""

from importlib import import_module

import numpy as np
import pytest
from keras import config, ops

from hyenadna_backends.kernels import definition, two_steps

LIBRARIES = {"jax": "jax.numpy", "mlx": "mlx.core"}
BACKEND = config.backend()


@pytest.fixture(params=sorted({"numpy", LIBRARIES.get(BACKEND, "numpy")}))
def library(request):
    return import_module(request.param)


@pytest.mark.parametrize(("L", "steps"), [(1, (2, 1)), (5, (4, 3)), (32, (8, 8)), (50, (4, 25)), (100, (16, 15))])
def test_products_of_spectra_are_convolutions(library, L, steps):
    random = np.random.default_rng(L)
    x, k = (random.normal(size=(2, 3, L)).astype(np.float32) for _ in range(2))
    factors = library.array(two_steps.twiddle(*steps))
    X, K = (two_steps.transform(library, library.array(t), steps, factors) for t in (x, k))
    y = np.asarray(two_steps.inverse(library, X * K, L, steps, factors))
    expected = [[np.convolve(a, b)[:L] for a, b in zip(u, v, strict=True)] for u, v in zip(x, k, strict=True)]
    np.testing.assert_allclose(y, expected, atol=2e-5, rtol=0)


@pytest.mark.skipif(BACKEND != "mlx", reason="the MLX kernel")
@pytest.mark.parametrize("L", [16, 33, 100, 509])
def test_mlx_goes_in_two_steps_where_metal_cannot_transform(monkeypatch, gradients, L):
    from hyenadna_backends.kernels import mlx

    monkeypatch.setattr(mlx, "_on_metal", lambda: True)
    monkeypatch.setattr(mlx, "METAL_LARGEST_N", 32)
    random = np.random.default_rng(L)
    u, k, bias, dy = (random.normal(size=shape).astype(np.float32) for shape in ((2, 3, L), (3, L), (3,), (2, 3, L)))
    y = ops.convert_to_numpy(mlx.fft_conv(*map(ops.convert_to_tensor, (u, k, bias))))
    np.testing.assert_allclose(y, definition.fft_conv(u, k, bias), atol=3e-5, rtol=0)
    K = mlx.spectrum(ops.convert_to_tensor(k))
    assert (K.shape[-1] > mlx._planned(L) // 2 + 1) == (L > 16)  # in two steps it has more columns
    kept = ops.convert_to_numpy(mlx.fft_conv_spectrum(ops.convert_to_tensor(u), K, ops.convert_to_tensor(bias)))
    np.testing.assert_allclose(kept, y, atol=1e-5, rtol=0)
    for found, expected in zip(
        gradients(mlx.fft_conv, (u, k, bias), dy), definition.gradients(u, k, bias, dy), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=5e-6 * np.abs(expected).max(), rtol=0)
