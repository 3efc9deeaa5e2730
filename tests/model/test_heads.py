import keras
import numpy as np
import pytest

from hyenadna_core import HyenaBackbone
from hyenadna_core.model.heads import POOLING, Head
from hyenadna_core.model.task_model import TaskModel
from hyenadna_core.tokens import PAD, A, T

pytestmark = [pytest.mark.keras, pytest.mark.core]

REAL = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]], np.float32)


def by_hand(hidden, real, pooling):
    """Pool each sequence separately, without its padding."""
    rows = [states[: int(mask.sum())] for states, mask in zip(hidden, real, strict=True)]
    of = {"mean": lambda x: x.mean(0), "last": lambda x: x[-1], "first": lambda x: x[0], "max": lambda x: x.max(0)}
    return np.stack([of[pooling](row) for row in rows])


@pytest.mark.parametrize("pooling", POOLING)
def test_pooling_is_that_of_the_bases_alone(pooling):
    hidden = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    pooled = POOLING[pooling](*map(keras.ops.convert_to_tensor, (hidden, REAL)))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(pooled), by_hand(hidden, REAL, pooling), rtol=1e-6)


def model(pooling, units=3):
    made = TaskModel(HyenaBackbone(1, 8, 34), lambda hidden, real: Head(units, pooling)(hidden, real))
    random = np.random.default_rng(1)
    for weight in made.head.weights:
        weight.assign(random.normal(size=weight.shape))
    return made


@pytest.mark.parametrize("pooling", [*POOLING, "none"])
def test_padding_on_the_right_changes_nothing(pooling):
    made = model(pooling)
    ids = np.random.default_rng(0).integers(A, T + 1, (2, 20)).astype(np.int32)
    padded = np.pad(ids, ((0, 0), (0, 12)), constant_values=PAD)
    outputs, expected = made.predict_on_batch(padded), made.predict_on_batch(ids)
    np.testing.assert_allclose(outputs[:, :20] if pooling == "none" else outputs, expected, rtol=2e-4, atol=2e-5)
    assert np.abs(expected).max() > 0.1


@pytest.mark.parametrize("pooling", ["mean", "none"])
def test_inference_gives_what_the_layers_give(pooling):
    made = model(pooling)
    ids = np.random.default_rng(0).integers(A, T + 1, (2, 20)).astype(np.int32)
    ids[1, 15:] = PAD
    expected = keras.ops.convert_to_numpy(made(ids, training=False))
    np.testing.assert_allclose(made.predict_on_batch(ids), expected, rtol=1e-4, atol=1e-5)


def test_a_head_starts_with_all_classes_alike():
    made = TaskModel(HyenaBackbone(1, 8, 34), lambda hidden, real: Head(3)(hidden, real))
    assert not made.predict_on_batch(np.full((1, 9), A, np.int32)).any()


def test_a_head_comes_back_from_its_config():
    head = Head(3, "last", dropout=0.2, seed=4)
    assert Head.from_config(head.get_config()).get_config() == head.get_config()


def test_dropout_is_for_training_alone():
    head = Head(2, dropout=0.5)
    hidden, real = np.ones((1, 4, 8), np.float32), np.ones((1, 4), bool)
    head(hidden, real)
    head.projection.kernel.assign(1.5 ** np.arange(16).reshape(8, 2))  # no two sets of channels have the same sum
    whole = keras.ops.convert_to_numpy(head.projection.kernel).sum(axis=0)
    still, dropped = (keras.ops.convert_to_numpy(head(hidden, real, training=training)) for training in (False, True))
    np.testing.assert_allclose(still[0], whole, rtol=1e-6)
    assert not np.allclose(dropped[0], whole, rtol=1e-3)


def test_pooling_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="pooling must be one of mean, last, first, max, none"):
        Head(2, "median")
