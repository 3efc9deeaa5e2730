import keras
import numpy as np
import pytest

from hyenadna_core import CausalLM, HyenaBackbone
from hyenadna_core.optimizer import FilterAdamW, build_optimizer, decays, in_filter_network, learning_rate_at
from hyenadna_core.presets import Recipe


def test_the_rate_rises_to_its_peak_and_falls_to_zero():
    optimizer = build_optimizer(CausalLM(HyenaBackbone(1, 8, 66)), Recipe(1.0, 1.0, 0.1, 0.999), steps=100)
    schedule = optimizer._learning_rate
    rates = [float(keras.ops.convert_to_numpy(schedule(step))) for step in (0, 5, 52, 100, 200)]
    np.testing.assert_allclose(rates, [0.0, 1.0, (1 + np.cos(np.pi * 47 / 95)) / 2, 0.0, 0.0], atol=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_the_rate_that_is_logged_is_the_rate_of_the_schedule(steps):
    recipe = Recipe(0.01, 1.0, 0.1, 0.999)
    schedule = build_optimizer(CausalLM(HyenaBackbone(1, 8, 66)), recipe, steps)._learning_rate
    expected = [float(keras.ops.convert_to_numpy(schedule(step))) for step in range(steps)]
    np.testing.assert_allclose([learning_rate_at(recipe, steps, step) for step in range(steps)], expected, atol=1e-8)


def test_which_weights_are_the_filter_networks_and_which_decay():
    variables = CausalLM(HyenaBackbone(1, 8, 66)).trainable_variables
    names = {variable.path.split("layers_0/")[-1]: variable for variable in variables}
    network = {name for name, variable in names.items() if in_filter_network(variable)}
    linears = [f"mixer/filter_fn/implicit_filter_{i}" for i in (0, 2, 4)]
    assert network == {
        "mixer/filter_fn/freq",
        "mixer/filter_fn/implicit_filter_6/kernel",
        *(f"{linear}/{part}" for linear in linears for part in ("kernel", "bias")),
    }
    assert {name for name, variable in names.items() if decays(variable)} == {
        "mixer/in_proj/kernel",
        "mixer/short_filter/taps",
        "mixer/out_proj/kernel",
        "mlp/fc1/kernel",
        "mlp/fc2/kernel",
    }


@pytest.mark.usefixtures("trains")
def test_the_filter_network_takes_smaller_steps():
    """The first step of Adam is the rate itself, whatever the gradient's size."""
    model = CausalLM(HyenaBackbone(1, 8, 66, embed_dropout=0.0))
    before = {variable.path: keras.ops.convert_to_numpy(variable.value) for variable in model.trainable_variables}
    model.compile(FilterAdamW(1e-2, 0.1, weight_decay=0.0, epsilon=0.0), "sparse_categorical_crossentropy")
    ids = np.random.default_rng(0).integers(7, 11, (4, 33))
    model.train_on_batch(ids[:, :-1], ids[:, 1:])
    for variable in model.trainable_variables:
        moved = np.abs(keras.ops.convert_to_numpy(variable.value) - before[variable.path]).max()
        expected = 1e-3 if in_filter_network(variable) else 1e-2
        np.testing.assert_allclose(moved, expected, rtol=1e-3, err_msg=variable.path)


def test_the_optimizer_comes_back_from_its_config():
    optimizer = FilterAdamW(1e-2, 0.1)
    assert FilterAdamW.from_config(optimizer.get_config()).filter_rate == 0.1
