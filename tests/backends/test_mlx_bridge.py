"""Keras 3.15 on MLX: the parts that the model needs, compiled as users run them."""

from importlib.machinery import PathFinder

import keras
import numpy as np
import pytest

from hyenadna_backends import mlx_bridge

pytestmark = [pytest.mark.keras, pytest.mark.core]

BACKEND = keras.config.backend()
on_mlx = pytest.mark.skipif(BACKEND != "mlx", reason="the bridge is for backend mlx")


def small_model():
    inputs = keras.Input((8,))
    x = keras.layers.Dropout(0.1)(keras.layers.Dense(16, activation="gelu")(inputs))
    return keras.Model(inputs, keras.layers.Dense(1)(x))


@on_mlx
def test_keras_says_that_mlx_runs():
    assert keras.config.backend() == "mlx"
    assert type(keras.ops.ones(2)).__module__ == "mlx.core"


@on_mlx
def test_a_compiled_fit_learns_and_a_saved_model_comes_back(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(256, 8)).astype(np.float32)
    model = small_model()
    model.compile(keras.optimizers.AdamW(1e-2), "mse")
    losses = model.fit(x, x[:, :1] * 2, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))


@on_mlx
@pytest.mark.parametrize(("shift", "axis"), [(2, 0), ((1, 2), (0, 1)), (1, (0, 1))])
def test_roll_has_the_function_that_keras_3_15_lacks(shift, axis):
    x = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(keras.ops.roll(x, shift, axis)), np.roll(x, shift, axis))


def test_a_keras_with_pluggable_backends_is_left_alone(tmp_path):
    config = tmp_path / "keras" / "src" / "backend" / "config.py"
    config.parent.mkdir(parents=True)
    (tmp_path / "keras" / "__init__.py").touch()
    spec = PathFinder.find_spec("keras", [str(tmp_path)])
    assert not mlx_bridge.knows_pluggable_backends(spec)
    config.write_text("PLUGGABLE_BACKENDS = frozenset()")
    assert mlx_bridge.knows_pluggable_backends(spec)
