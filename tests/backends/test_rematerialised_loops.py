"""Loops whose blocks are computed again: the values and the gradients of the whole."""

import gc
import weakref

import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_backends.rematerialised import rematerialised
from hyenadna_backends.rematerialised_loops import map_rows_again, sum_products_again

pytestmark = [pytest.mark.keras, pytest.mark.usefixtures("trains")]

BACKEND = keras.config.backend()
RANDOM = np.random.default_rng(0)


def gradients(function, *arrays):
    """Return the value of a function of arrays, and the gradients of a weighted sum of it."""
    shape = function(*map(ops.convert_to_tensor, arrays)).shape
    weights = np.random.default_rng(1).normal(size=tuple(shape)).astype(np.float32)
    return GRADIENTS[BACKEND](lambda *inputs: ops.sum(function(*inputs) * ops.convert_to_tensor(weights)), *arrays)


def _jax(loss, *arrays):
    import jax

    return jax.jit(jax.value_and_grad(loss, argnums=tuple(range(len(arrays)))))(*arrays)


def _torch(loss, *arrays):
    import torch

    inputs = [torch.from_numpy(array.copy()).requires_grad_() for array in arrays]
    value = loss(*inputs)
    return value.detach(), torch.autograd.grad(value, inputs)


def _mlx(loss, *arrays):
    import mlx.core as mx

    value, found = mx.value_and_grad(loss, argnums=list(range(len(arrays))))(*map(mx.array, arrays))
    return value, found if len(arrays) > 1 else [found]


GRADIENTS = {"jax": _jax, "torch": _torch, "mlx": _mlx}


def assert_equal(ours, theirs):
    (value, found), (expected_value, expected) = ours, theirs
    np.testing.assert_allclose(ops.convert_to_numpy(value), ops.convert_to_numpy(expected_value), rtol=1e-5)
    for one, other in zip(found, expected, strict=True):
        other = ops.convert_to_numpy(other)
        np.testing.assert_allclose(ops.convert_to_numpy(one), other, atol=1e-5 * np.abs(other).max(), rtol=0)


@pytest.mark.parametrize("rows", [4, 6, 13, 99])
def test_rows_have_the_values_and_gradients_of_the_whole(rows):
    dense = keras.layers.Dense(5, activation="tanh")
    dense.build((None, 3))
    x = RANDOM.normal(size=(13, 3)).astype(np.float32)
    assert_equal(gradients(lambda x: map_rows_again(dense, x, rows, dense), x), gradients(dense, x))


@pytest.mark.parametrize("rows", [4, 99])
def test_weights_get_the_gradient_of_all_rows(rows):
    x, target = RANDOM.normal(size=(13, 3)).astype(np.float32), RANDOM.normal(size=(13, 5)).astype(np.float32)
    dense = keras.layers.Dense(5, activation="tanh")
    dense.build((None, 3))
    first, steps = dense.get_weights(), []

    class InRows(keras.Model):
        def __init__(self, again):
            super().__init__()
            self.dense, self.again = dense, again

        def call(self, x):
            return map_rows_again(self.dense, x, rows, self.dense) if self.again else self.dense(x)

    for again in (True, False):
        dense.set_weights(first)
        model = InRows(again)
        model.compile(keras.optimizers.SGD(1.0), "mse", run_eagerly=BACKEND == "mlx")
        model.train_on_batch(x, target)
        steps.append(dense.get_weights())
    for ours, theirs, before in zip(*steps, first, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6, rtol=0)
        assert np.abs(ours - before).max() > 1e-3


@pytest.mark.parametrize("count", [1, 4])
def test_a_sum_of_products_has_the_values_and_gradients_of_a_plain_one(count):
    shapes = ((13, 3), (count, 3, 2), (count, 2, 5), (5,))
    arrays = [RANDOM.normal(size=shape).astype(np.float32) for shape in shapes]

    def again(x, left, right, bias):
        def product(shared, block):
            return ops.tanh(shared[0] @ block[0]), block[1]

        return sum_products_again(product, (x,), (left, right), 13, bias)

    def plainly(x, left, right, bias):
        return bias + sum(ops.tanh(x @ left[index]) @ right[index] for index in range(count))

    assert_equal(gradients(again, *arrays), gradients(plainly, *arrays))


@pytest.mark.skipif(BACKEND != "torch", reason="PyTorch asks only for gradients of what was read")
def test_a_function_need_not_read_the_layers_that_it_names():
    import torch

    dense = keras.layers.Dense(3)
    dense.build((None, 3))
    rematerialised(lambda x: x * 2.0, dense)(torch.ones((2, 3))).sum().backward()
    assert dense.kernel.value.grad is None


@pytest.mark.skipif(BACKEND != "torch", reason="the others free what nothing needs")
def test_what_was_computed_again_is_freed_without_a_search_for_cycles():
    import torch

    dense, seen = keras.layers.Dense(3, activation="tanh"), []
    dense.build((None, 3))

    def watched(x):
        y = x * ops.sum(x)
        seen.append(weakref.ref(y))
        return dense(y)

    gc.collect()
    gc.disable()
    try:
        x = torch.ones((2, 3), requires_grad=True)
        rematerialised(watched, dense)(x).sum().backward()
        assert len(seen) == 2
        assert not any(reference() is not None for reference in seen)
    finally:
        gc.enable()
    assert x.grad is not None
    assert dense.kernel.value.grad is not None
