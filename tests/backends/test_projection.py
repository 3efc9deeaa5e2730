"""The projection with channels first, compared with its product in float64."""

import numpy as np
import pytest
from keras import ops

from hyenadna_backends.projection import project

pytestmark = pytest.mark.keras

SHAPES = [(1, 3, 5), (2, 3, 5), (5, 4, 2), (50, 8, 24), (51, 24, 8)]  # R, D, C


def arrays(R, D, C):
    random = np.random.default_rng(R)
    return tuple(random.normal(size=shape).astype(np.float32) for shape in ((R, D), (D, C), (C, R)))


@pytest.mark.parametrize("shape", SHAPES)
def test_values_are_those_of_the_product_turned(shape):
    rows, matrix, _ = arrays(*shape)
    output = ops.convert_to_numpy(project(ops.convert_to_tensor(rows), ops.convert_to_tensor(matrix)))
    np.testing.assert_allclose(output, (rows.astype(np.float64) @ matrix).T, atol=1e-5, rtol=0)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_those_of_the_product(shape, gradients):
    rows, matrix, dy = arrays(*shape)
    drows, dmatrix = gradients(project, (rows, matrix), dy)
    np.testing.assert_allclose(drows, dy.T.astype(np.float64) @ matrix.T, atol=1e-5, rtol=0)
    np.testing.assert_allclose(dmatrix, rows.T.astype(np.float64) @ dy.T, atol=3e-5, rtol=0)
