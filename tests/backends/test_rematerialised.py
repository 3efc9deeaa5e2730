"""Rematerialised blocks: the same gradient and less memory, also on XLA for CPUs and MLX."""

import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_backends.rematerialised import rematerialised
from hyenadna_backends.updates import updates
from hyenadna_core import CausalLM, HyenaBackbone
from hyenadna_core.model import sizes
from hyenadna_core.model.losses import cross_entropy
from hyenadna_core.weights.state_dict import state_dict

pytestmark = pytest.mark.keras

one_backend = pytest.mark.one_backend  # test_blocks.py has float32 on each backend
BACKEND = keras.config.backend()
L = 1024


@pytest.fixture
def in_parts(monkeypatch):
    """Let a rematerialised block compute four channels, and some positions, at a time."""
    for name, value in {"TRAINED_BYTES": 1, "NARROWEST": 4, "TRAINED_ROWS": 24, "ROWS": 24}.items():
        monkeypatch.setattr(sizes, name, value)


def gradient_bytes(n_layer, rematerialise):
    """Return the largest number of bytes that the compiled gradient of a model takes at once."""
    model = CausalLM(
        HyenaBackbone(n_layer, 32, max_seq_len=L + 2, embed_dropout=0.0, rematerialise=rematerialise, seed=0)
    )
    values = [
        [variable.value for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    ]

    def loss(trainable, rest, ids):
        return ops.sum(model.stateless_call(trainable, rest, ids, training=True)[0])

    return BYTES[BACKEND](loss, *values, np.full((1, L), 7, np.int32))


def bytes_on_jax(loss, trainable, rest, ids):
    import jax

    return jax.jit(jax.grad(loss)).lower(trainable, rest, ids).compile().memory_analysis().temp_size_in_bytes


def bytes_on_mlx(loss, trainable, rest, ids):
    import mlx.core as mx

    gradient, ids = mx.compile(mx.grad(loss)), mx.array(ids)
    mx.eval(gradient(trainable, rest, ids))
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    mx.eval(gradient(trainable, rest, ids))
    return mx.get_peak_memory() - before


BYTES = {"jax": bytes_on_jax, "mlx": bytes_on_mlx}


@pytest.mark.skipif(BACKEND not in BYTES, reason="the others do not tell what a gradient takes")
def test_a_block_in_parts_takes_less_than_a_whole_one(request, monkeypatch):
    whole = gradient_bytes(1, rematerialise=True)
    request.getfixturevalue("in_parts")
    monkeypatch.setattr(sizes, "TRAINED_ROWS", 256)
    monkeypatch.setattr(sizes, "ROWS", 256)
    assert gradient_bytes(1, rematerialise=True) < 2 / 3 * whole


@pytest.mark.skipif(BACKEND not in BYTES, reason="the others do not tell what a gradient takes")
def test_a_block_more_costs_its_input_and_its_weights_gradients():
    array = 4 * L * 32
    one, three = (gradient_bytes(n_layer, rematerialise=True) for n_layer in (1, 3))
    assert three - one < 2 * 8 * array
    assert gradient_bytes(3, rematerialise=False) > one + 2 * 40 * array


@pytest.mark.usefixtures("trains")
def test_gradients_are_those_of_the_function():
    dense = keras.layers.Dense(3, activation="tanh")
    dense.build((None, 2))
    x = np.array([[1.0, 2.0], [0.5, -1.0]], np.float32)

    class Once(keras.Model):
        def __init__(self, wrapped):
            super().__init__()
            self.dense, self.wrapped = dense, wrapped

        def call(self, x):
            return rematerialised(self.dense, self.dense)(x) if self.wrapped else self.dense(x)

    for target in (0.0, 1.0):
        steps = []
        for wrapped in (True, False):
            dense.set_weights([np.arange(6, dtype=np.float32).reshape(2, 3) / 10, np.zeros(3, np.float32)])
            model = Once(wrapped)
            model.compile(keras.optimizers.SGD(1.0), "mse")
            model.fit(x, np.full((2, 3), target), epochs=2, verbose=0)
            steps.append(dense.get_weights())
        for ours, theirs in zip(*steps, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


def step_of(policy, rematerialise):
    """Return the loss of a training step, and the change of each weight: its gradient."""
    backbone = HyenaBackbone(1, 16, 32, seed=1, rematerialise=rematerialise, embed_dropout=0.0, dtype=policy)
    model, random = CausalLM(backbone), np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(random.normal(0, 0.2, variable.shape))
    before = model.get_weights()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1.0), loss, run_eagerly=BACKEND != "jax")  # MLX compiles for many seconds
    ids = random.integers(7, 11, (2, 31))
    value = model.train_on_batch(ids[:, :-1], ids[:, 1:])
    return float(value), [new - old for new, old in zip(model.get_weights(), before, strict=True)]


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize(
    "policy", ["mixed_bfloat16", *(pytest.param(name, marks=one_backend) for name in ("float32", "mixed_float16"))]
)
def test_rematerialised_blocks_give_the_numbers_of_plain_ones_under_each_policy(policy):
    (loss, gradients), (again, others) = (step_of(policy, rematerialise) for rematerialise in (False, True))
    assert again == pytest.approx(loss, rel=1e-6)
    largest = max(np.abs(gradient).max() for gradient in gradients)
    for gradient, other in zip(gradients, others, strict=True):
        np.testing.assert_allclose(other, gradient, atol=1e-5 * largest, rtol=1e-3)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("parts", [False, True])
def test_a_step_of_a_run_changes_every_weight_as_without_rematerialisation(parts, request):
    if parts:
        request.getfixturevalue("in_parts")
    steps, ids = [], np.random.default_rng(0).integers(7, 11, (2, 31)).astype(np.int32)
    for rematerialise in (False, True):
        model = CausalLM(HyenaBackbone(1, 8, 32, seed=1, rematerialise=rematerialise, embed_dropout=0.0))
        model.compile(keras.optimizers.SGD(1.0))
        before = state_dict(model)
        update = updates(model, cross_entropy)
        update([(ids[:, :-1], ids[:, 1:], np.ones((2, 30), np.float32))], 60.0)
        update.settle()
        steps.append({name: tensor - before[name] for name, tensor in state_dict(model).items()})
    plain, again = steps
    for name, change in plain.items():
        np.testing.assert_allclose(again[name], change, atol=1e-5 * np.abs(change).max(), rtol=0, err_msg=name)
    assert np.abs(again["backbone.layers.0.mixer.out_proj.weight"]).max() > 1e-4


@one_backend
@pytest.mark.usefixtures("trains")
def test_blocks_in_parts_are_as_near_to_float32_as_whole_ones_in_half_precision(in_parts):
    exact, whole = (step_of(policy, rematerialise=False) for policy in ("float32", "mixed_bfloat16"))
    parts = step_of("mixed_bfloat16", rematerialise=True)
    assert abs(parts[0] - exact[0]) < 1.5 * abs(whole[0] - exact[0])
    assert distance(parts, exact) < 1.1 * distance(whole, exact)


def distance(one, other):
    """Return the length of the difference of all gradients."""
    return np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(one[1], other[1], strict=True)))
