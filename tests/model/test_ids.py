"""Ids outside the vocabulary are one error, on every backend and on every way into a model."""

import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_core import CausalLM, Head, HyenaBackbone, HyenaDNAError
from hyenadna_core.model.task_model import TaskModel

pytestmark = pytest.mark.keras

IDS = np.random.default_rng(0).integers(7, 12, (2, 9))
BAD = [16, 10**6, 2**31 + 7, -1, 7.9, np.nan]
MESSAGE = r"^Token ids are whole numbers from 0 to 15, but ids\[1, 3\] is {}: hyenadna_core.encode makes them"


@pytest.fixture(scope="module")
def model():
    model = CausalLM(HyenaBackbone(1, 8, 34))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def with_one(bad):
    ids = IDS.astype(np.float64 if isinstance(bad, float) else np.int64)
    ids[1, 3] = bad
    return ids


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("way", ["predict_on_batch", "__call__"])
def test_one_error_names_the_place_and_the_value(model, way, bad):
    with pytest.raises(HyenaDNAError, match=MESSAGE.format(bad)):
        getattr(model, way)(with_one(bad))


def test_an_array_of_the_backend_is_checked_too(model):
    with pytest.raises(HyenaDNAError, match=MESSAGE.format(16)):
        model(ops.convert_to_tensor(with_one(16), "int32"))


@pytest.mark.parametrize("make", [lambda: HyenaBackbone(1, 8, 34), lambda: TaskModel(HyenaBackbone(1, 8, 34), Head(2))])
def test_the_other_models_check_as_well(make):
    with pytest.raises(HyenaDNAError, match=MESSAGE.format(-1)):
        make().predict_on_batch(with_one(-1))


def test_floats_that_are_whole_are_ids(model):
    np.testing.assert_array_equal(model.predict_on_batch(IDS.astype(np.float64)), model.predict_on_batch(IDS))


def test_text_is_no_ids(model):
    with pytest.raises(HyenaDNAError, match=r"^Token ids are numbers, not <U1: hyenadna_core\.encode makes them"):
        model.predict_on_batch(np.array([list("ACGT")]))


class Batches(keras.utils.PyDataset):
    """One batch with a bad id."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return with_one(16), IDS


DATA = {
    "arrays": lambda: {"x": with_one(16), "y": IDS},
    "dataset": lambda: {"x": Batches()},
    "generator": lambda: {"x": ((with_one(16), IDS) for _ in range(2)), "steps": 1},
}


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("way", ["evaluate", "predict"])
def test_batches_of_keras_are_checked(model, way, data):
    arguments = DATA[data]()
    if way == "predict":
        arguments.pop("y", None)
    with pytest.raises(HyenaDNAError, match=MESSAGE.format(16)):
        getattr(model, way)(**arguments, verbose=0)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("way", ["fit", "train_on_batch"])
def test_a_training_step_checks_its_ids(model, way):
    before = model.get_weights()
    with pytest.raises(HyenaDNAError, match=MESSAGE.format(16)):
        getattr(model, way)(with_one(16), IDS, **({"shuffle": False} if way == "fit" else {}))
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_good_batches_pass(model):
    predicted = model.predict(IDS, batch_size=1, verbose=0)
    np.testing.assert_allclose(predicted, model.predict_on_batch(IDS), atol=1e-5)
