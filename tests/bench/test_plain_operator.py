"""The operator and its gradients, compared with the same formulas in the original's layout."""

import keras
import numpy as np
import pytest

from hyenadna_core.bench import cases as bench_cases
from hyenadna_core.bench.measure import Case
from hyenadna_core.bench.plain_operator import plain_operator
from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.hyena import HyenaOperator

pytestmark = pytest.mark.keras

CASES = [(2, "channel_major", 64), (2, "channel_major", 1), (3, "channel_major", 31), (4, "step_major", 50)]


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def built(order, layout):
    layer = HyenaOperator(HyenaConfig(1, 8, 66, order=order, filter_layout=layout), seed=5)
    layer.build((None, None, 8))
    return layer


def near(actual, expected):
    np.testing.assert_allclose(actual, expected, atol=1e-5 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize(("order", "layout", "L"), CASES)
def test_values_are_those_of_the_formula(order, layout, L, compiled):
    layer, x = built(order, layout), keras.ops.convert_to_tensor(numbers(2, L, 8))
    output, expected = compiled(layer)(x), compiled(lambda x: plain_operator(layer, x))(x)
    near(keras.ops.convert_to_numpy(output), keras.ops.convert_to_numpy(expected))


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize(("order", "layout", "L"), CASES)
def test_gradients_are_those_of_the_formula(order, layout, L, gradients):
    layer = built(order, layout)
    variables = layer.trainable_variables

    def of(call):
        def with_weights(x, *weights):
            with keras.StatelessScope(state_mapping=zip(variables, weights, strict=True)):
                return call(x)

        return with_weights

    arrays = [numbers(2, L, 8), *(keras.ops.convert_to_numpy(variable.value) for variable in variables)]
    dy = numbers(2, L, 8, seed=1)
    actual = gradients(of(lambda x: layer(x, training=True)), arrays, dy)
    expected = gradients(of(lambda x: plain_operator(layer, x)), arrays, dy)
    assert len(actual) == 1 + len(variables)
    for one, other in zip(actual, expected, strict=True):
        near(one, other)


def test_the_model_of_the_plain_side_computes_with_plain_operators(monkeypatch):
    asked = []

    def counted(layer, x, training=False, **inference):
        asked.append(layer.path)
        return plain_operator(layer, x)

    monkeypatch.setattr(bench_cases, "plain_operator", counted)
    model = {"n_layer": 2, "d_model": 8, "max_seq_len": 40}
    case = Case(what="forward", length=33, batch_size=1, channels=8, model=model)
    fast = bench_cases.make(case)()
    assert asked == []
    plainly = bench_cases.make(case, "plain")()
    assert asked
    np.testing.assert_allclose(plainly, fast, atol=1e-5, rtol=0)
