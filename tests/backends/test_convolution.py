"""The kernels of the backend that runs, compared with the definition."""

import numpy as np
import pytest
from keras import config, ops

from hyenadna_backends import FFTConv, current_kernel, fft_conv, use_kernel
from hyenadna_backends.convolution import KERNELS, kernel
from hyenadna_backends.kernels import definition

pytestmark = pytest.mark.keras

BACKEND = config.backend()
LENGTHS = [1, 2, 3, 7, 16, 33, 97, 100, 255, 256, 509]


@pytest.fixture(params=["native", "generic", "matmul"])
def conv(request, compiled):
    return compiled(kernel(BACKEND if request.param == "native" else request.param))


def arrays(L, B=2, D=3, seed=0):
    random = np.random.default_rng(seed)
    return tuple(random.normal(size=shape).astype(np.float32) for shape in ((B, D, L), (D, L), (D,)))


def run(conv, *inputs):
    return ops.convert_to_numpy(conv(*map(ops.convert_to_tensor, inputs)))


@pytest.mark.parametrize("L", LENGTHS)
@pytest.mark.parametrize("B", [1, 2])
def test_values_are_those_of_the_definition(conv, L, B):
    u, k, bias = arrays(L, B)
    expected = definition.fft_conv(u, k, bias)
    np.testing.assert_allclose(run(conv, u, k, bias), expected, atol=2e-6 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize("L", LENGTHS)
@pytest.mark.usefixtures("trains")
def test_gradients_are_those_of_the_definition(conv, L, gradients):
    inputs = arrays(L)
    dy = arrays(L, seed=1)[0]
    for gradient, expected in zip(gradients(conv, inputs, dy), definition.gradients(*inputs, dy), strict=True):
        np.testing.assert_allclose(gradient, expected, atol=5e-6 * np.abs(expected).max(), rtol=0)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("blocks", [1, 3])
def test_the_gradient_of_the_input_is_the_same_if_the_filter_is_frozen(gradients, monkeypatch, kept, blocks):
    if BACKEND == "torch":
        from hyenadna_backends.kernels import torch

        monkeypatch.setattr(torch, "KEPT_BYTES", torch.KEPT_BYTES * kept)
        monkeypatch.setattr(torch, "_blocks", lambda x: [slice(i, i + 2) for i in (0, 2, 4)] if blocks > 1 else [])
    (u, k, bias), dy = arrays(100, D=6), arrays(100, D=6, seed=1)[0]
    frozen = [ops.convert_to_tensor(array) for array in (k, bias)]
    (gradient,) = gradients(lambda u: kernel(BACKEND)(u, *frozen), (u,), dy)
    expected = definition.gradients(u, k, bias, dy)[0]
    np.testing.assert_allclose(gradient, expected, atol=5e-6 * np.abs(expected).max(), rtol=0)


@pytest.mark.skipif(BACKEND != "torch", reason="for PyTorch, which keeps what its gradients need")
def test_a_frozen_filter_keeps_neither_the_input_nor_its_spectrum():
    import torch

    u, k, bias = (torch.tensor(array) for array in arrays(100))
    kept = []
    for trained in (False, True):
        tensors: list[torch.Tensor] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x, tensors=tensors: tensors.append(x) or x, lambda x: x):
            kernel("torch")(u.clone().requires_grad_(), k.clone().requires_grad_(trained), bias)
        kept.append([tuple(tensor.shape) for tensor in tensors])
    assert kept[0] == [k.shape, bias.shape, kept[0][-1]]
    assert u.shape not in kept[0]
    assert len(kept[1]) == 5


def test_the_future_does_not_leak(conv):
    u, k, bias = arrays(33)
    later = u.copy()
    later[..., 20] += 1
    change = np.abs(run(conv, later, k, bias) - run(conv, u, k, bias)).max(axis=(0, 1))
    assert change[:20].max() < 1e-5 < change[20]


def test_bfloat16_goes_in_and_comes_out_with_float32_between(conv):
    u, k, bias = arrays(255)
    rounded = ops.cast(ops.convert_to_tensor(u), "bfloat16")
    y = conv(rounded, ops.convert_to_tensor(k), ops.convert_to_tensor(bias))
    expected = definition.fft_conv(ops.convert_to_numpy(ops.cast(rounded, "float32")), k, bias)
    assert str(y.dtype).split(".")[-1] == "bfloat16"
    output = ops.convert_to_numpy(ops.cast(y, "float32"))
    np.testing.assert_allclose(output, expected, rtol=2**-8, atol=2e-6 * np.abs(expected).max())


def test_the_definition_by_hand():
    u, k, bias = np.array([[[1.0, 2.0, 3.0]]]), np.array([[10.0, 100.0, 1000.0]]), np.array([0.5])
    np.testing.assert_allclose(definition.fft_conv(u, k, bias), [[[10.5, 20 + 100 + 1, 30 + 200 + 1000 + 1.5]]])


def test_the_gradients_of_the_definition_are_its_slopes():
    inputs = [x.astype(np.float64) for x in arrays(7)]
    dy = arrays(7, seed=1)[0].astype(np.float64)
    for place, slope in enumerate(definition.gradients(*inputs, dy)):
        index = (-1,) * slope.ndim
        moved = [x.copy() for x in inputs]
        moved[place][index] += 1e-3
        rise = ((definition.fft_conv(*moved) - definition.fft_conv(*inputs)) * dy).sum() / 1e-3
        np.testing.assert_allclose(slope[index], rise, rtol=1e-6)


@pytest.mark.usefixtures("fresh_kernel")
def test_fft_conv_is_the_kernel_of_the_backend():
    u, k, bias = map(ops.convert_to_tensor, arrays(16))
    assert BACKEND in KERNELS
    assert current_kernel().name == BACKEND
    np.testing.assert_array_equal(
        ops.convert_to_numpy(fft_conv(u, k, bias)), ops.convert_to_numpy(kernel(BACKEND)(u, k, bias))
    )


@pytest.mark.usefixtures("fresh_kernel")
def test_fft_conv_is_the_kernel_that_was_chosen():
    double = FFTConv("double", lambda: lambda u, k, bias: 2 * u, source="a test")
    u, k, bias = map(ops.convert_to_tensor, arrays(16))
    use_kernel(double)
    assert current_kernel() is double
    np.testing.assert_array_equal(ops.convert_to_numpy(fft_conv(u, k, bias)), 2 * ops.convert_to_numpy(u))
    use_kernel("matmul")
    assert (current_kernel().name, current_kernel().load()) == ("matmul", kernel("matmul"))
    use_kernel(None)
    assert current_kernel().name == BACKEND


@pytest.mark.skipif(BACKEND != "torch", reason="for PyTorch, whose gradient keeps spectra")
def test_a_second_derivative_is_refused():
    import torch

    u, k, bias = (torch.tensor(array, requires_grad=True) for array in arrays(5)[:3])
    (first,) = torch.autograd.grad(fft_conv(u, k, bias).square().sum(), k, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


@pytest.mark.usefixtures("fresh_kernel")
def test_the_environment_names_the_kernel_at_the_start(monkeypatch):
    monkeypatch.setenv("HYENADNA_FFT_CONV", "generic")
    assert current_kernel().name == "generic"
    monkeypatch.setenv("HYENADNA_FFT_CONV", "matmul")
    assert current_kernel().name == "generic"  # the variable is read only once


@pytest.mark.usefixtures("fresh_kernel")
def test_an_empty_environment_names_none(monkeypatch):
    monkeypatch.setenv("HYENADNA_FFT_CONV", "")
    assert current_kernel().name == BACKEND


@pytest.mark.usefixtures("fresh_kernel")
def test_a_wrong_name_in_the_environment_is_an_error(monkeypatch):
    monkeypatch.setenv("HYENADNA_FFT_CONV", "cuda")
    with pytest.raises(ValueError, match="Unknown kernel 'cuda'"):
        fft_conv(*map(ops.convert_to_tensor, arrays(3)))


@pytest.mark.usefixtures("fresh_kernel")
@pytest.mark.parametrize(
    ("choice", "problem"),
    [
        ("cuda", "Unknown kernel 'cuda'"),
        (FFTConv("tpu", lambda: None, ("tensorflow", "openvino")), "Kernel 'tpu' runs on tensorflow, openvino"),
        (next(name for name in ("torch", "mlx") if name != BACKEND), "Kernel '(torch|mlx)' runs on (torch|mlx)"),
    ],
)
def test_a_kernel_that_does_not_run_here_is_an_error_that_lists_those_that_do(choice, problem):
    expected = f"^{problem}: on backend {BACKEND} choose one of {BACKEND}, generic, matmul\\.$"
    with pytest.raises(ValueError, match=expected):
        use_kernel(choice)
    assert current_kernel().name == BACKEND
