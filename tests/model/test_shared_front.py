"""Vectors in front that are computed once for all rows, compared with those of each row."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_core import HyenaDNAError
from hyenadna_core.checks.gradients import RecordedGradients
from hyenadna_core.model.block import HyenaBlock
from hyenadna_core.model.task_model import TaskModel
from hyenadna_core.testing import tiny_backbone
from hyenadna_core.tokens import PAD, A, T

pytestmark = [pytest.mark.keras, pytest.mark.core]

MARGIN = 4  # positions that the short filters of two blocks look back
IDS = np.random.default_rng(0).integers(A, T + 1, (3, 21)).astype(np.int32)
IDS[1, 15:] = PAD


def prompted(count, shared, both_directions=False, **config):
    """Return a model with trained vectors in front, and one of zeros."""
    backbone = tiny_backbone(max_seq_len=66, n_layer=2, seed=3, **config)

    def embed(ids, embedded):  # (B, L), (B, L, D) -> (B, count + 1 + L, D)
        vectors = keras.layers.Embedding(count, embedded.shape[-1])(ops.zeros_like(ids[:, :1]) + ops.arange(count))
        return ops.concatenate([ops.cast(vectors, embedded.dtype), ops.zeros_like(embedded[:, :1]), embedded], axis=1)

    model = TaskModel(
        backbone,
        lambda hidden, real: hidden,
        embed=embed,
        shared_front=shared,
        both_directions=both_directions,
    )
    (vectors,) = model.embed.weights
    vectors.assign(np.random.default_rng(1).normal(size=vectors.shape) / 2)
    return model


def numbers(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.fixture
def lengths(monkeypatch):
    """Return the list of the shapes (B, L) that blocks get."""
    seen, residual = [], HyenaBlock.residual

    def recorded(self, x, *arguments, **options):
        seen.append(tuple(x.shape[:2]))
        return residual(self, x, *arguments, **options)

    monkeypatch.setattr(HyenaBlock, "residual", recorded)
    return seen


def gradients(model, ids):
    """Return the outputs, and the gradients of all weights for random gradients of the outputs."""
    from hyenadna_backends.updates import updates

    outputs = model.predict_on_batch(ids)
    dy = np.random.default_rng(2).normal(size=outputs.shape).astype(np.float32)
    model.compile(optimizer=RecordedGradients())
    update = updates(model, lambda outputs, targets, weights: ops.sum(outputs * targets))
    update([(ids, dy, np.ones(len(ids), np.float32))], 1.0)
    update.settle()
    return outputs, [numbers(each) for each in model.optimizer.recorded]


@pytest.mark.parametrize(
    ("config", "both_directions"), [({"order": 3}, False), ({}, True), ({"short_filter_order": 5}, False)]
)
def test_the_states_are_those_of_whole_rows(config, both_directions, lengths, compiled):
    count = 2 * config.get("short_filter_order", 3)  # more than the margin
    shared, whole = (prompted(count, front, both_directions, **config) for front in (count, 0))
    expected = numbers(whole(IDS, training=True))
    assert {shape[1] for shape in lengths} == {count + 1 + IDS.shape[1]}
    lengths.clear()
    np.testing.assert_allclose(numbers(shared(IDS, training=True)), expected, atol=2e-5)
    rows = 2 * (config.get("short_filter_order", 3) - 1) + 1 + IDS.shape[1]
    assert set(lengths) == {(1, count + 1 + IDS.shape[1]), (3, rows)}
    step = compiled(partial(shared, training=True))
    np.testing.assert_allclose(numbers(step(ops.convert_to_tensor(IDS))), expected, atol=2e-5)
    np.testing.assert_allclose(shared.predict_on_batch(IDS), expected, atol=2e-5)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize("config", [{}, {"order": 3}])
def test_the_gradients_are_those_of_whole_rows(config, lengths):
    shared, whole = (prompted(20, front, **config) for front in (20, 0))
    outputs, recorded = gradients(shared, IDS)
    assert (1, 42) in lengths
    assert (3, 42) not in lengths[-4:]
    expected_outputs, expected = gradients(whole, IDS)
    np.testing.assert_allclose(outputs, expected_outputs, atol=2e-5)
    names = [variable.path for variable in shared.trainable_variables]
    assert len(recorded) == len(expected) == len(names)
    for name, gradient, wanted in zip(names, recorded, expected, strict=True):
        np.testing.assert_allclose(gradient, wanted, rtol=0, atol=2e-5 * np.abs(wanted).max(), err_msg=name)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize(
    ("count", "rows", "config"),
    [
        (MARGIN, 3, {}),
        (20, 1, {}),
        (20, 3, {"rematerialise": True}),
        (20, 3, {"mixer": "attention"}),
    ],
    ids=["a short front", "one row", "rematerialised", "attention"],
)
def test_rows_are_computed_as_a_whole(count, rows, config, lengths):
    shared, whole = (prompted(count, front, **config) for front in (count, 0))
    _, recorded = gradients(shared, IDS[:rows])
    assert set(lengths) == {(rows, count + 1 + IDS.shape[1])}
    for gradient, wanted in zip(recorded, gradients(whole, IDS[:rows])[1], strict=True):  # graphs cut rows elsewhere
        np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-6 * np.abs(wanted).max())


@pytest.mark.usefixtures("trains")
def test_dropout_is_drawn_for_each_row(lengths):
    model = prompted(20, 20, embed_dropout=0.5)
    states = numbers(model(IDS[[0, 0]], training=True))
    assert set(lengths) == {(2, 42)}
    assert np.abs(states[0] - states[1]).max() > 0.1


def test_inference_reads_whole_rows(lengths):
    shared, whole = (prompted(20, front) for front in (20, 0))
    np.testing.assert_array_equal(numbers(shared(IDS)), numbers(whole(IDS)))
    assert set(lengths) == {(3, 42)}


def test_half_precision_gives_nearly_the_same_states(lengths):
    exact, half = prompted(20, 20), prompted(20, 20, dtype="mixed_bfloat16")
    states, rounded = (numbers(model(IDS, training=True)) for model in (exact, half))
    assert (1, 42) in lengths
    assert 0 < np.abs(rounded - states).max() < 0.1


@pytest.mark.one_backend
@pytest.mark.parametrize("shared", [-1, 22])
def test_more_vectors_than_there_are_cannot_be_shared(shared):
    with pytest.raises(HyenaDNAError, match=f"shared_front is {shared}, but `embed` makes 21 vectors"):
        prompted(20, shared)
    for options in ({}, {"embed": lambda ids, embedded: embedded}):
        with pytest.raises(HyenaDNAError, match="shared_front is 7, but `embed` makes 0 vectors"):
            TaskModel(tiny_backbone(), lambda hidden, real: hidden, shared_front=7, **options)
