"""Compare a kernel of the long convolution with its definition, on the backend that runs.

It checks our own kernels and the kernels of plug-ins: `hyenadna bench --check-kernel NAME`, or in a
test `for check in check_kernel(my_fft_conv): assert check.passed, check`.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from hyenadna_backends import BACKENDS, fft_conv
from hyenadna_backends.kernels import definition
from hyenadna_core.backend import check_backend
from hyenadna_core.checks.gradients import RecordedGradients
from hyenadna_core.checks.self_check import Check, convolution_error
from hyenadna_core.registry import select_fft_conv
from hyenadna_plugins import reason_of

Kernel = Callable[..., Any]
LENGTHS = (1, 2, 3, 7, 16, 33, 97, 100, 255, 256, 509)  # compared with the definition, O(L^2)
LONG_LENGTHS = (1_025, 16_381, 131_072)  # compared with an FFT in float64
ROUNDING = {"bfloat16": 2.0**-8, "float16": 2.0**-11}  # relative error of one rounding

# Largest differences, relative to the largest value.
GATE = 2e-6
LONG_GATE = 5e-6
GRADIENT_GATE = 5e-6


def check_named(session: Any, name: str) -> Iterator[Check]:
    """Check the kernel that is registered under a name; `fft_conv` uses it from now on.

    Raises:
        HyenaDNAError: there is no such kernel, or it does not run on this backend.
    """
    check_backend(session.backend)
    select_fft_conv(session.plugins, name)
    yield from check_kernel(fft_conv)


def check_kernel(fft_conv: Kernel) -> Iterator[Check]:
    """Yield checks of values, causality, half precision, and gradients if the backend has them.

    If a kernel raises an error, that check fails, and its name has the error.
    """
    for L in LENGTHS:
        for B in (1, 2):
            yield _check(f"values, {L} bases, batch of {B}", GATE, value_error, fft_conv, L, B)
    for L in LONG_LENGTHS:
        yield _check(f"values, {L:,} bases", LONG_GATE, convolution_error, fft_conv, L)
    yield _check("the past without the future", GATE, leak, fft_conv, 100)
    for dtype in ROUNDING:
        yield _check(f"{dtype} in and out, float32 between", GATE, rounding_error, fft_conv, 255, dtype)
    if BACKENDS[keras.config.backend()].trains:
        for L in LENGTHS:
            yield _check(f"gradients, {L} bases", GRADIENT_GATE, gradient_error, fft_conv, L)


def value_error(fft_conv: Kernel, L: int, B: int) -> float:
    """Return the largest difference from the definition, relative to the largest value."""
    inputs = _draw(L, B)
    return _relative(_run(fft_conv, *inputs), definition.fft_conv(*inputs))


def leak(fft_conv: Kernel, L: int) -> float:
    """Return the change of the first half of the output if the second half of the input changes.

    It is relative to the largest value. For a causal kernel it is 0, apart from rounding.
    """
    u, k, bias = _draw(L)
    later = u.copy()
    later[..., L // 2 :] = _draw(L, seed=1)[0][..., L // 2 :]
    before, after = _run(fft_conv, u, k, bias), _run(fft_conv, later, k, bias)
    return float(np.abs(after - before)[..., : L // 2].max() / np.abs(before).max())


def rounding_error(fft_conv: Kernel, L: int, dtype: str) -> float:
    """Return the difference beyond the rounding of the output, relative to the largest value.

    It is infinite if the output has another dtype than the input.
    """
    u, k, bias = _draw(L)
    rounded = ops.cast(ops.convert_to_tensor(u), dtype)
    y = fft_conv(rounded, ops.convert_to_tensor(k), ops.convert_to_tensor(bias))
    if keras.backend.standardize_dtype(y.dtype) != dtype:
        return float("inf")
    expected = definition.fft_conv(ops.convert_to_numpy(ops.cast(rounded, "float32")), k, bias)
    beyond = np.abs(ops.convert_to_numpy(ops.cast(y, "float32")) - expected) - ROUNDING[dtype] * np.abs(expected)
    return float(max(beyond.max(), 0.0) / np.abs(expected).max())


def gradient_error(fft_conv: Kernel, L: int) -> float:
    """Return the largest error of the gradients, each relative to its largest value."""
    inputs, dy = _draw(L), _draw(L, seed=1)[0]
    pairs = zip(gradients(fft_conv, inputs, dy), definition.gradients(*inputs, dy), strict=True)
    return max(_relative(gradient, expected) for gradient, expected in pairs)


def gradients(fft_conv: Kernel, inputs: Sequence[np.ndarray], dy: np.ndarray) -> list[np.ndarray]:
    """Return the gradients of sum(y * dy) in u, k and bias, computed by the backend."""
    model = _Loss(fft_conv, inputs, dy)
    optimizer = RecordedGradients()
    model.compile(optimizer=optimizer, loss=lambda _, loss: loss)
    nothing = np.zeros((1, 1), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variable without a gradient counts as zero here
        model.train_on_batch(nothing, nothing)
    return [ops.convert_to_numpy(gradient.value) for gradient in optimizer.recorded]


class _Loss(keras.Model):
    """A model with the output sum(y * dy) and the weights u, k, bias; it ignores its input."""

    def __init__(self, fft_conv: Kernel, inputs: Sequence[np.ndarray], dy: np.ndarray) -> None:
        super().__init__(dtype="float32")
        self.fft_conv, self.dy = fft_conv, dy
        self.arguments = [self.add_weight(shape=value.shape, dtype="float32") for value in inputs]
        for variable, value in zip(self.arguments, inputs, strict=True):
            variable.assign(value)

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor((1, 1), "float32")

    def call(self, x: Any) -> Any:
        y = self.fft_conv(*(ops.convert_to_tensor(variable.value) for variable in self.arguments))
        return ops.reshape(ops.sum(y * ops.convert_to_tensor(self.dy)), (1, 1))


def _check(name: str, gate: float, measure: Callable[..., float], *arguments: Any) -> Check:
    try:
        return Check(name, measure(*arguments), gate)
    except Exception as error:  # a kernel may raise anything
        return Check(f"{name}: {type(error).__name__}: {reason_of(error)}", float("inf"), gate)


def _draw(L: int, B: int = 2, D: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng([L, seed])
    u, k, bias = (random.normal(size=shape).astype(np.float32) for shape in ((B, D, L), (D, L), (D,)))
    return u, k, bias


def _run(fft_conv: Kernel, *inputs: np.ndarray) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(fft_conv(*map(ops.convert_to_tensor, inputs))))


def _relative(computed: np.ndarray, expected: np.ndarray) -> float:
    if computed.shape != expected.shape:
        raise ValueError(f"the shape is {computed.shape} instead of {expected.shape}")
    return float(np.abs(computed - expected).max() / np.abs(expected).max())
