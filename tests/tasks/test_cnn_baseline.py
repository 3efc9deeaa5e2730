import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_core.tasks.cnn_baseline import build_cnn, shortest

pytestmark = pytest.mark.keras

IDS = np.random.default_rng(0).integers(7, 12, (5, 70)).astype(np.int32)


def definition(weights, ids, training=False, moving=None):
    """Compute the network in NumPy, (B, L) -> (B, K), and the means and variances in it."""
    embedding, *rest = weights
    x = embedding[ids]
    if (lacks := 57 - x.shape[1]) > 0:
        x = np.pad(x, ((0, 0), (0, lacks), (0, 0)))
    met = []
    for layer in range(3):
        kernel, bias, gamma, beta = rest[4 * layer : 4 * layer + 4]
        windows = np.lib.stride_tricks.sliding_window_view(x, 8, axis=1)  # (B, L - 7, C, 8)
        x = np.einsum("blck,kcd->bld", windows, kernel) + bias
        met += [x.mean((0, 1)), x.var((0, 1))]
        mean, variance = met[-2:] if training else moving[2 * layer : 2 * layer + 2]
        x = np.maximum((x - mean) / np.sqrt(variance + 1e-5) * gamma + beta, 0)
        x = x[:, : x.shape[1] // 2 * 2].reshape(len(x), -1, 2, x.shape[-1]).max(axis=2)
    linear, bias, last, last_bias = rest[12:]
    return (x.reshape(len(x), -1) @ linear + bias) @ last + last_bias, met


def arrays(variables):
    return [ops.convert_to_numpy(variable.value).astype(np.float64) for variable in variables]


@pytest.mark.parametrize("length", [20, 57, 70])
def test_the_logits_are_those_of_the_definition(length):
    model = build_cnn(length, 3, seed=1)
    ids = IDS[:, :length]
    wanted, _ = definition(arrays(model.trainable_variables), ids, moving=arrays(model.non_trainable_variables))
    assert wanted.shape == (5, 3)
    np.testing.assert_allclose(model.predict_on_batch(ids), wanted, atol=2e-5 * abs(wanted).max())


def test_57_bases_leave_one_position():
    assert shortest() == 57
    assert build_cnn(57, 1).get_layer("linear").kernel.shape == (4, 512)
    assert build_cnn(64, 1).get_layer("linear").kernel.shape == (4, 512)
    assert build_cnn(65, 1).get_layer("linear").kernel.shape == (8, 512)


def test_it_has_the_parameters_of_the_original():
    # embedding 16 x 100; convolutions; two for each channel of a norm; linear layers (300 bases
    # leave 31 positions)
    convolutions = (8 * 100 + 1) * 16 + (8 * 16 + 1) * 8 + (8 * 8 + 1) * 4
    wanted = 16 * 100 + convolutions + 2 * (16 + 8 + 4) + (31 * 4 + 1) * 512 + (512 + 1) * 2
    model = build_cnn(300, 2)
    assert sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) == wanted


def test_one_seed_gives_one_model():
    first, same, other = (arrays(build_cnn(70, 2, seed=seed).trainable_variables) for seed in (3, 3, 4))
    for a, b in zip(first, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert abs(first[0] - other[0]).max() > 0.1
    np.testing.assert_allclose(first[0].std(), 1.0, rtol=0.1)
    np.testing.assert_allclose(abs(first[1]).max(), 800**-0.5, rtol=0.01)


@pytest.mark.usefixtures("trains")
def test_gradients_are_those_of_the_definition_in_every_weight(gradients):
    model = build_cnn(70, 2, seed=2)
    weights = arrays(model.trainable_variables)
    rest = [variable.value for variable in model.non_trainable_variables]
    dy = np.random.default_rng(1).normal(size=(5, 2)).astype(np.float32)

    def logits(*weights):
        return model.stateless_call(list(weights), rest, ops.convert_to_tensor(IDS), training=True)[0]

    results = gradients(logits, [weight.astype(np.float32) for weight in weights], dy)
    random = np.random.default_rng(2)
    for number, gradient in enumerate(results):
        direction = random.normal(size=gradient.shape)
        step = 1e-6
        ends = []
        for sign in (1, -1):
            moved = [*weights]
            moved[number] = weights[number] + sign * step * direction
            ends.append((definition(moved, IDS, training=True)[0] * dy).sum())
        wanted = (ends[0] - ends[1]) / (2 * step)
        size = np.linalg.norm(gradient) * np.linalg.norm(direction) / np.sqrt(direction.size)
        np.testing.assert_allclose((gradient * direction).sum(), wanted, atol=2e-4 * size + 1e-4)


@pytest.mark.usefixtures("trains")
def test_our_updates_train_it_and_its_norms_remember_what_they_met():
    from hyenadna_backends.updates import updates
    from hyenadna_core.model.losses import cross_entropy

    model = build_cnn(70, 2, seed=5)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    _, met = definition(arrays(model.trainable_variables), IDS, training=True)
    update = updates(model, cross_entropy)
    part = (IDS, np.array([0, 1, 0, 1, 1], np.int32), np.ones(5, np.float32))
    losses = [float(update([part], 5.0))]
    update.settle()
    start = [np.zeros_like, np.ones_like] * 3
    for variable, wanted, at_first in zip(arrays(model.non_trainable_variables), met, start, strict=True):
        np.testing.assert_allclose(variable, 0.9 * at_first(wanted) + 0.1 * wanted, atol=1e-5)
    losses += [float(update([part], 5.0)) for _ in range(20)]
    assert losses[-1] < 0.1 * losses[0]
