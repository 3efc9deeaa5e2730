import keras
import numpy as np
import pytest

from hyenadna_core.model.losses import LOSSES, binary_cross_entropy, cross_entropy, squared_error

pytestmark = [pytest.mark.keras, pytest.mark.core]

RANDOM = np.random.default_rng(0)
OUTPUTS = RANDOM.normal(size=(5, 3)).astype(np.float32) * 3
WEIGHTS = np.array([1, 0.5, 0, 2, 1], np.float32)


def value(loss, targets, **smoothing):
    return float(
        keras.ops.convert_to_numpy(loss(*map(keras.ops.convert_to_tensor, (OUTPUTS, targets, WEIGHTS)), **smoothing))
    )


def log_probabilities(logits):
    logits = logits.astype(np.float64)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def test_cross_entropy_of_classes():
    classes = np.array([0, 2, 1, 1, 0], np.int32)
    of_each = -log_probabilities(OUTPUTS)[np.arange(5), classes]
    assert value(cross_entropy, classes) == pytest.approx((of_each * WEIGHTS).sum(), rel=1e-5)
    smoothed = 0.9 * of_each - 0.1 * log_probabilities(OUTPUTS).mean(axis=1)
    assert value(cross_entropy, classes, label_smoothing=0.1) == pytest.approx((smoothed * WEIGHTS).sum(), rel=1e-5)


def test_cross_entropy_of_labels():
    labels = RANDOM.integers(2, size=(5, 3)).astype(np.float32)
    p = 1 / (1 + np.exp(-OUTPUTS.astype(np.float64)))

    def expected(targets):
        of_each = -(targets * np.log(p) + (1 - targets) * np.log(1 - p))
        return (of_each.mean(axis=1) * WEIGHTS).sum()

    assert value(binary_cross_entropy, labels) == pytest.approx(expected(labels), rel=1e-5)
    smoothed = expected(labels * 0.8 + 0.1)
    assert value(binary_cross_entropy, labels, label_smoothing=0.2) == pytest.approx(smoothed, rel=1e-5)


def test_squared_error_of_quantities():
    values = RANDOM.normal(size=(5, 3)).astype(np.float32)
    expected = (((OUTPUTS - values) ** 2).mean(axis=1) * WEIGHTS).sum()
    assert value(squared_error, values) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", LOSSES)
def test_parts_add_up_to_the_whole(kind):
    targets = RANDOM.integers(2, size=5 if kind in ("classes", "bases") else (5, 3))
    targets = targets.astype(np.int32 if targets.ndim == 1 else np.float32)
    arrays = (OUTPUTS, targets, WEIGHTS)

    def of(rows):
        parts = (keras.ops.convert_to_tensor(array[rows]) for array in arrays)
        return float(keras.ops.convert_to_numpy(LOSSES[kind](*parts)))

    assert of(slice(None)) == pytest.approx(of(slice(2)) + of(slice(2, None)), rel=1e-5)
