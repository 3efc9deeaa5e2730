"""Whether a kernel of the long convolution is right: against its definition, on the backend that runs.

For our own kernels and for those of plug-ins: `hyenadna bench --check-kernel NAME`, or in a test
`for check in check_kernel(my_fft_conv): assert check.passed, check`.
"""

import warnings
from collections.abc import Callable, Iterator

import keras
import numpy as np
from keras import ops

from hyenadna_backends import BACKENDS, fft_conv
from hyenadna_backends.kernels import definition
from hyenadna_core.backend import check_backend
from hyenadna_core.checks.gradients import RecordedGradients
from hyenadna_core.checks.self_check import Check, convolution_error
from hyenadna_core.registry import select_fft_conv

LENGTHS = (1, 2, 3, 7, 16, 33, 97, 100, 255, 256, 509)  # against the definition, O(L^2)
LONG_LENGTHS = (1_025, 16_381, 131_072)  # against an FFT in float64
ROUNDING = {"bfloat16": 2.0**-8, "float16": 2.0**-11}  # of a value, where it is rounded once

# In parts of the largest value.
GATE = 2e-6
LONG_GATE = 5e-6
GRADIENT_GATE = 5e-6


def check_named(session, name: str) -> Iterator[Check]:
    """The checks of the kernel that is registered under a name, which `fft_conv` computes with from now on.

    Raises:
        HyenaDNAError: there is no such kernel, or not for this backend.
    """
    check_backend(session.backend)
    select_fft_conv(session.plugins, name)
    yield from check_kernel(fft_conv)


def check_kernel(fft_conv: Callable) -> Iterator[Check]:
    """Values, gradients where the backend has them, causality, and half precision in and out.

    A kernel that raises an error at some length fails that check, which then says what the error was.
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


def value_error(fft_conv: Callable, L: int, B: int) -> float:
    """The largest difference from the definition, in parts of the largest value."""
    inputs = _draw(L, B)
    return _relative(_run(fft_conv, *inputs), definition.fft_conv(*inputs))


def leak(fft_conv: Callable, L: int) -> float:
    """How much the first half of the output changes with the second half of the input, in parts of the largest."""
    u, k, bias = _draw(L)
    later = u.copy()
    later[..., L // 2 :] = _draw(L, seed=1)[0][..., L // 2 :]
    before, after = _run(fft_conv, u, k, bias), _run(fft_conv, later, k, bias)
    return float(np.abs(after - before)[..., : L // 2].max() / np.abs(before).max())


def rounding_error(fft_conv: Callable, L: int, dtype: str) -> float:
    """What differs beyond the rounding of the output, in parts of the largest value; infinite for another dtype."""
    u, k, bias = _draw(L)
    rounded = ops.cast(ops.convert_to_tensor(u), dtype)
    y = fft_conv(rounded, ops.convert_to_tensor(k), ops.convert_to_tensor(bias))
    if keras.backend.standardize_dtype(y.dtype) != dtype:
        return float("inf")
    expected = definition.fft_conv(ops.convert_to_numpy(ops.cast(rounded, "float32")), k, bias)
    beyond = np.abs(ops.convert_to_numpy(ops.cast(y, "float32")) - expected) - ROUNDING[dtype] * np.abs(expected)
    return float(max(beyond.max(), 0.0) / np.abs(expected).max())


def gradient_error(fft_conv: Callable, L: int) -> float:
    """The largest difference of a gradient in u, k or bias from the definition's, in parts of each one's largest."""
    inputs, dy = _draw(L), _draw(L, seed=1)[0]
    pairs = zip(gradients(fft_conv, inputs, dy), definition.gradients(*inputs, dy), strict=True)
    return max(_relative(found, expected) for found, expected in pairs)


def gradients(fft_conv: Callable, inputs: tuple, dy: np.ndarray) -> list[np.ndarray]:
    """What the loss sum(y * dy) hands back to u, k and bias, by the means of whichever backend runs."""
    model = _Loss(fft_conv, inputs, dy)
    optimizer = RecordedGradients()
    model.compile(optimizer=optimizer, loss=lambda _, loss: loss)
    nothing = np.zeros((1, 1), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a variable has no gradient: it counts as zero here
        model.train_on_batch(nothing, nothing)
    return [ops.convert_to_numpy(gradient.value) for gradient in optimizer.recorded]


class _Loss(keras.Model):
    """sum(y * dy), with u, k and bias as what is trained; the input is not used."""

    def __init__(self, fft_conv, inputs, dy):
        super().__init__(dtype="float32")
        self.fft_conv, self.dy = fft_conv, dy
        self.arguments = [self.add_weight(shape=value.shape, dtype="float32") for value in inputs]
        for variable, value in zip(self.arguments, inputs, strict=True):
            variable.assign(value)

    def compute_output_spec(self, x):
        return keras.KerasTensor((1, 1), "float32")

    def call(self, x):
        y = self.fft_conv(*(ops.convert_to_tensor(variable.value) for variable in self.arguments))
        return ops.reshape(ops.sum(y * ops.convert_to_tensor(self.dy)), (1, 1))


def _check(name: str, gate: float, measure: Callable[..., float], *arguments) -> Check:
    try:
        return Check(name, measure(*arguments), gate)
    except Exception as error:  # whatever a kernel may raise
        reason = str(error).splitlines()[0] if str(error) else ""
        return Check(f"{name}: {type(error).__name__}: {reason}", float("inf"), gate)


def _draw(L: int, B: int = 2, D: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng([L, seed])
    u, k, bias = (random.normal(size=shape).astype(np.float32) for shape in ((B, D, L), (D, L), (D,)))
    return u, k, bias


def _run(fft_conv: Callable, *inputs: np.ndarray) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(fft_conv(*map(ops.convert_to_tensor, inputs))))


def _relative(found: np.ndarray, expected: np.ndarray) -> float:
    if found.shape != expected.shape:
        raise ValueError(f"the shape is {found.shape} instead of {expected.shape}")
    return float(np.abs(found - expected).max() / np.abs(expected).max())
