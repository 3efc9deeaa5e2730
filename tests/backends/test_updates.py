"""Updates in parts, compared with updates of the whole and with Keras's own step."""

from functools import cache

import keras
import numpy as np
import pytest

from hyenadna_backends.updates import updates
from hyenadna_core import CausalLM, HyenaBackbone
from hyenadna_core.model.losses import cross_entropy
from hyenadna_core.recipe import DEFAULT
from hyenadna_core.training.optimizer import build_optimizer
from hyenadna_core.weights.state_dict import state_dict

pytestmark = [pytest.mark.keras, pytest.mark.core, pytest.mark.usefixtures("trains")]
scales_its_loss = pytest.mark.skipif(keras.config.backend() == "mlx", reason="on MLX, Keras cannot scale a loss")

STEPS = 4


def new_model(**overrides):
    model = CausalLM(HyenaBackbone(1, 8, 66, **{"embed_dropout": 0.0, "seed": 3} | overrides))
    model.compile(build_optimizer(model, DEFAULT, 20), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def batch(step, B=6, L=20):
    random = np.random.default_rng(step)
    tokens = random.integers(7, 11, (B, L + 1)).astype(np.int32)
    weights = (random.random((B, L)) < 0.7).astype(np.float32)
    weights[-1, :] = 0  # the parts have unequal weights
    return tokens[:, :-1].copy(), tokens[:, 1:].copy(), weights


def run(model, size, steps=STEPS):
    """Return the losses of a few updates of `size` sequences; leave the state in the model."""
    update = updates(model, cross_entropy)
    losses = []
    for step in range(steps):
        arrays = batch(step)
        parts = [tuple(array[row : row + size] for array in arrays) for row in range(0, 6, size)]
        losses.append(update(parts, float(arrays[2].sum())))
    update.settle()
    return [float(keras.ops.convert_to_numpy(loss)) for loss in losses]


@cache
def trained(size):
    """Return the losses of updates of `size` sequences, the model, and how far tensors moved."""
    model = new_model()
    before, losses = state_dict(model), run(model, size)
    return losses, model, {name: value - before[name] for name, value in state_dict(model).items()}


@pytest.mark.parametrize("size", [1, pytest.param(2, marks=pytest.mark.one_backend), 3])
def test_parts_add_up_to_the_whole(size):
    (losses, _, moved), (expected_losses, _, expected) = trained(size), trained(6)
    np.testing.assert_allclose(losses, expected_losses, rtol=2e-6)
    for name, distance in moved.items():
        tolerance = 0.02 * np.abs(expected[name]).max()  # the first steps of Adam follow the sign of a gradient
        np.testing.assert_allclose(distance, expected[name], atol=tolerance, rtol=0, err_msg=name)


def test_updates_are_those_of_keras():
    theirs, (losses, ours, _) = new_model(), trained(6)
    for step, loss in enumerate(losses):
        ids, targets, weights = batch(step)
        scaled = weights * weights.size / weights.sum()  # Keras divides by the number of targets
        np.testing.assert_allclose(float(theirs.train_on_batch(ids, targets, scaled)), loss, rtol=1e-4)
    np.testing.assert_allclose(*(model.predict_on_batch(batch(0)[0]) for model in (ours, theirs)), atol=2e-4)


def test_dropout_goes_on_from_part_to_part_and_from_step_to_step():
    model = new_model(embed_dropout=0.5)
    update = updates(model, cross_entropy)
    part = tuple(array[:3] for array in batch(0))
    # The rate of the first step is 0, so only dropout makes a difference.
    losses = [float(keras.ops.convert_to_numpy(update([part, part], 60.0))) for _ in range(2)]
    update.settle()
    one_part = updates(new_model(embed_dropout=0.5), cross_entropy)([part], 60.0)
    assert losses[0] != losses[1]
    assert losses[0] != 2 * float(keras.ops.convert_to_numpy(one_part))


def test_after_settling_the_model_and_its_optimizer_are_where_training_is():
    model = new_model()
    for steps in (2, 4):  # a new `updates` reads the state from the variables
        run(model, 6, steps=2)
        assert int(keras.ops.convert_to_numpy(model.optimizer.iterations)) == steps


@pytest.mark.parametrize(
    ("policy", "tolerance"),
    [("mixed_bfloat16", 0.02), pytest.param("mixed_float16", 0.003, marks=scales_its_loss)],
)
def test_half_precision_trains_to_nearly_the_same_losses(policy, tolerance):
    exact, rounded = trained(3)[0], run(new_model(dtype=policy), 3)
    assert max(np.abs(np.subtract(exact, rounded))) < tolerance
    assert exact != rounded


def test_float16_scales_its_loss():
    assert isinstance(new_model(dtype="mixed_float16").optimizer, keras.optimizers.LossScaleOptimizer)
    assert not isinstance(new_model(dtype="mixed_bfloat16").optimizer, keras.optimizers.LossScaleOptimizer)


def test_the_loss_by_hand():
    logits = np.log(np.array([[[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]], np.float32))
    targets, weights = np.array([[0, 2]]), np.array([[1.0, 0.5]], np.float32)
    arrays = [keras.ops.convert_to_tensor(array) for array in (logits, targets, weights)]
    plain = -np.log(0.5) - 0.5 * np.log(0.8)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(cross_entropy(*arrays)), plain, rtol=1e-5)
    even = -(np.log(0.5) + 2 * np.log(0.25)) / 3 - 0.5 * (2 * np.log(0.1) + np.log(0.8)) / 3
    smoothed = keras.ops.convert_to_numpy(cross_entropy(*arrays, label_smoothing=0.1))
    np.testing.assert_allclose(smoothed, 0.9 * plain + 0.1 * even, rtol=1e-5)
