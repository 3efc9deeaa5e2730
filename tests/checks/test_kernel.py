"""The checks that a kernel must pass, on a right one and on wrong ones."""

import math

import numpy as np
import pytest
from keras import config, ops

from hyenadna_backends import BACKENDS, Choice, current_kernel
from hyenadna_backends.convolution import kernel
from hyenadna_core import HyenaDNAError
from hyenadna_core.checks import kernel as kernel_check
from hyenadna_core.checks.kernel import check_kernel, check_named
from hyenadna_core.cli import Session
from hyenadna_plugins import plugin_manager

pytestmark = pytest.mark.keras

BACKEND = config.backend()
VALUES, PAST, GRADIENTS = "values, 7 bases, batch of 2", "the past without the future", "gradients, 7 bases"
ROUNDED = {f"{dtype} in and out, float32 between" for dtype in ("bfloat16", "float16")}
right = kernel("generic")


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(kernel_check, "LENGTHS", (1, 7))
    monkeypatch.setattr(kernel_check, "LONG_LENGTHS", (257,))


def failed(fft_conv):
    return {check.name for check in check_kernel(fft_conv) if not check.passed}


def flipped(u, k, bias):
    return ops.flip(right(ops.flip(u, -1), k, bias), -1)


def without_bias(u, k, bias):
    return right(u, k, 0 * bias)


def half_inside(u, k, bias):
    return right(u, ops.cast(k, "bfloat16"), bias)


def float32_out(u, k, bias):
    return right(ops.cast(u, "float32"), k, bias)


def rounded_twice(u, k, bias):
    return right(u, k, 0 * bias) + ops.cast(bias, u.dtype)[:, None] * u


def leaking(u, k, bias):
    return right(u, k, bias) + 1e-2 * ops.cast(ops.mean(u, axis=-1, keepdims=True), u.dtype)


def of_another_shape(u, k, bias):
    return right(u, k, bias)[:1]


def even_lengths_only(u, k, bias):
    if u.shape[-1] % 2:
        raise RuntimeError("L must be even\nat line 3")
    return right(u, k, bias)


@pytest.mark.usefixtures("few")
def test_a_right_kernel_passes_all_checks():
    checks = list(check_kernel(right))
    assert [check.name for check in checks if not check.passed] == []
    values = ["values, 1 bases, batch of 1", "values, 1 bases, batch of 2", "values, 7 bases, batch of 1", VALUES]
    expected = {*values, "values, 257 bases", PAST, *ROUNDED}
    if BACKENDS[BACKEND].trains:
        expected |= {"gradients, 1 bases", GRADIENTS}
    assert {check.name for check in checks} == expected


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        (flipped, {VALUES, "values, 257 bases", PAST, *ROUNDED}),
        (without_bias, {"values, 1 bases, batch of 1", VALUES, "values, 257 bases", *ROUNDED}),
        (half_inside, {VALUES, "values, 257 bases", *ROUNDED}),
        (float32_out, ROUNDED),
        (rounded_twice, ROUNDED),
        (leaking, {VALUES, "values, 257 bases", PAST}),
    ],
)
@pytest.mark.one_backend
def test_a_wrong_kernel_fails_the_checks_of_what_is_wrong(wrong, names):
    failures = failed(wrong)
    assert names <= failures
    assert (PAST in failures) == (PAST in names)
    if names is ROUNDED:
        assert failures == ROUNDED


@pytest.mark.usefixtures("few", "trains")
@pytest.mark.parametrize("wrong", [flipped, without_bias, half_inside])
@pytest.mark.one_backend
def test_wrong_gradients_are_found(wrong):
    assert GRADIENTS in failed(wrong)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_gradient_that_is_lost_is_found(place):
    def stopped(*arguments):
        return right(*(ops.stop_gradient(x) if place == index else x for index, x in enumerate(arguments)))

    assert kernel_check.gradient_error(stopped, 7) == 1.0
    assert kernel_check.gradient_error(right, 7) < 1e-6


def test_what_is_no_number_or_of_another_shape_does_not_pass():
    assert math.isnan(kernel_check.value_error(lambda u, k, bias: u * np.nan, 3, 1))
    with pytest.raises(ValueError, match=r"the shape is \(1, 3, 7\) instead of \(2, 3, 7\)"):
        kernel_check.value_error(of_another_shape, 7, 2)


@pytest.mark.usefixtures("few")
@pytest.mark.one_backend
def test_a_kernel_that_raises_fails_with_what_it_said():
    checks = {check.name: check for check in check_kernel(even_lengths_only)}
    assert not checks[VALUES + ": RuntimeError: L must be even"].passed
    assert checks[PAST].passed


@pytest.mark.usefixtures("few", "fresh_kernel")
@pytest.mark.one_backend
def test_a_kernel_is_checked_by_its_name(capsys):
    session = Session(plugin_manager(names=[]), Choice(BACKEND, "test"))
    assert all(check.passed for check in check_named(session, "matmul"))
    assert current_kernel().name == "matmul"
    assert f"Backend: {BACKEND}" in capsys.readouterr().err
    with pytest.raises(HyenaDNAError, match="Unknown kernel 'cuda'"):
        next(check_named(session, "cuda"))
