"""The short convolution, compared with its definition in float64, tap by tap."""

import numpy as np
import pytest
from keras import ops

from hyenadna_backends.short_convolution import short_conv

pytestmark = pytest.mark.keras

SHAPES = [(width, L) for width in (1, 2, 3, 5) for L in (1, 2, 3, 4, 50)]


def arrays(width, L, seed=0):
    random = np.random.default_rng(seed)
    return tuple(random.normal(size=shape).astype(np.float32) for shape in ((4, 2, L), (width, 4), (4,)))


def late(x, positions):
    """Shift each base of x to `positions` later, with zeros before it."""
    L = x.shape[2]
    return np.pad(x, ((0, 0), (0, 0), (positions, 0)))[:, :, :L]


def define(x, taps, bias):
    x, taps, bias = (array.astype(np.float64) for array in (x, taps, bias))
    return bias[:, None, None] + sum(tap[:, None, None] * late(x, len(taps) - 1 - i) for i, tap in enumerate(taps))


def test_by_hand():
    y = short_conv(*map(ops.convert_to_tensor, (np.array([[[1.0, 2, 3]]]), np.array([[1.0], [10], [100]]), [0.5])))
    np.testing.assert_allclose(ops.convert_to_numpy(y), [[[100.5, 10 + 200 + 0.5, 1 + 20 + 300 + 0.5]]])


@pytest.mark.parametrize(("width", "L"), SHAPES)
def test_values_are_those_of_the_definition(width, L):
    inputs = arrays(width, L)
    output = ops.convert_to_numpy(short_conv(*map(ops.convert_to_tensor, inputs)))
    np.testing.assert_allclose(output, define(*inputs), atol=1e-5, rtol=0)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize(("width", "L"), SHAPES)
def test_gradients_are_those_of_the_definition(width, L, gradients):
    x, taps, bias = arrays(width, L)
    dy = arrays(width, L, seed=1)[0]
    dx, dtaps, dbias = gradients(short_conv, (x, taps, bias), dy)
    backwards = define(dy[:, :, ::-1], taps, np.zeros(4))[:, :, ::-1]  # the adjoint runs from the end to the start
    np.testing.assert_allclose(dx, backwards, atol=1e-5, rtol=0)
    sums = [(late(x, width - 1 - i).astype(np.float64) * dy).sum(axis=(1, 2)) for i in range(width)]
    np.testing.assert_allclose(dtaps, sums, atol=3e-5, rtol=0)
    np.testing.assert_allclose(dbias, dy.sum(axis=(1, 2), dtype=np.float64), atol=3e-5, rtol=0)


@pytest.mark.usefixtures("trains")
def test_the_gradient_of_the_input_is_the_same_if_the_taps_are_frozen(gradients):
    x, taps, bias = arrays(3, 50)
    dy = arrays(3, 50, seed=1)[0]
    frozen = [ops.convert_to_tensor(array) for array in (taps, bias)]
    (dx,) = gradients(lambda x: short_conv(x, *frozen), (x,), dy)
    np.testing.assert_allclose(dx, define(dy[:, :, ::-1], taps, np.zeros(4))[:, :, ::-1], atol=1e-5, rtol=0)


def test_bfloat16_stays_bfloat16():
    inputs = [ops.cast(ops.convert_to_tensor(array), "bfloat16") for array in arrays(3, 50)]
    y = short_conv(*inputs)
    assert str(y.dtype).split(".")[-1] == "bfloat16"
    expected = define(*(ops.convert_to_numpy(ops.cast(tensor, "float32")) for tensor in inputs))
    np.testing.assert_allclose(ops.convert_to_numpy(ops.cast(y, "float32")), expected, atol=0.05, rtol=2**-7)
