"""Rows with two sequences, which one backbone reads."""

import keras
import numpy as np
import pytest
from keras import ops

from hyenadna_core import Batch, CausalLM, Head, HyenaDNAError, Task
from hyenadna_core.model.task_model import TaskModel
from hyenadna_core.testing import check_task, tiny_backbone
from hyenadna_core.tokens import PAD, A, T
from hyenadna_core.training.parts import parts_of

pytestmark = [pytest.mark.keras, pytest.mark.core]

IDS = np.random.default_rng(0).integers(A, T + 1, (3, 2, 20)).astype(np.int32)


def states(hidden_a, hidden_b, real_a, real_b):
    return ops.concatenate([hidden_a, hidden_b], axis=-1)


def means(hidden_a, hidden_b, real_a, real_b):
    pooled = Head(4)
    a, b = pooled(hidden_a, real_a), pooled(hidden_b, real_b)
    return ops.concatenate([b - a, a, b], axis=-1)


def embed(ids, embedded):
    return ops.concatenate([embedded[:, :2] * 0 + 0.5, embedded], axis=1)


def made(head=states, **options):
    model = TaskModel(tiny_backbone(66, n_layer=2, seed=3), head, pairs=True, **options)
    random = np.random.default_rng(1)
    for weight in model.head.weights:
        weight.assign(random.normal(size=weight.shape))
    return model


@pytest.mark.parametrize("options", [{}, {"both_directions": True}, {"embed": embed}])
def test_each_sequence_has_the_states_that_it_has_alone(options, compiled):
    model = made(**options)
    one = TaskModel(model.backbone, lambda hidden, real: hidden, **options)
    expected = np.concatenate([one.predict_on_batch(IDS[:, 0]), one.predict_on_batch(IDS[:, 1])], axis=-1)
    np.testing.assert_allclose(model.predict_on_batch(IDS), expected, atol=1e-5)
    in_graph = compiled(model)(ops.convert_to_tensor(IDS))
    np.testing.assert_allclose(ops.convert_to_numpy(in_graph), expected, atol=1e-5)
    width = expected.shape[-1] // 2
    assert np.abs(expected[..., :width] - expected[..., width:]).max() > 0.1


def test_padding_of_either_sequence_changes_nothing():
    model = made(means)
    ids = IDS.copy()
    ids[0, 1, 12:], ids[1, 0, 7:] = PAD, PAD
    padded = model.predict_on_batch(np.pad(ids, ((0, 0), (0, 0), (0, 9)), constant_values=PAD))
    np.testing.assert_allclose(padded, model.predict_on_batch(ids), atol=1e-5)
    single = TaskModel(model.backbone, lambda hidden, real: Head(4)(hidden, real))
    for weight, value in zip(single.head.weights, model.head.weights, strict=True):
        weight.assign(value)
    np.testing.assert_allclose(padded[0, 8:], single.predict_on_batch(ids[:1, 1, :12])[0], atol=1e-5)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (IDS[:, 0], r"Token ids must have the shape \(B, 2, L\), not \(3, 20\); one pair is ids\[None\]"),
        (IDS[:, :1], r"Token ids must have the shape \(B, 2, L\), not \(3, 1, 20\)"),
        (IDS[..., :0], r"There are no token ids in the shape \(3, 2, 0\)"),
        (np.full((1, 2, 67), A), "The input has 67 positions, this model takes at most 66"),
        (np.full((1, 2, 9), 16), r"from 0 to 15, but ids\[0, 0, 0\] is 16"),
    ],
)
def test_wrong_ids_are_refused(ids, message):
    model = made()
    for call in (model, model.predict_on_batch):
        with pytest.raises(HyenaDNAError, match=message):
            call(ids)


class Same(Task):
    """Tell whether the second sequence of a pair is the first one."""

    name, pairs, passes = "same", True, 2

    def batch(self, draw):
        random = draw.generator()
        ids = random.integers(A, T + 1, (draw.batch_size, 2, draw.seq_len), dtype=np.int32)
        targets = random.integers(0, 2, draw.batch_size).astype(np.int32)
        ids[targets == 1, 1] = ids[targets == 1, 0]
        ids[0, :, draw.seq_len // 2 :] = PAD
        return Batch(ids, targets, np.ones(draw.batch_size, np.float32))

    def head(self, *hidden_and_real):
        return keras.layers.Dense(2)(means(*hidden_and_real))

    def has(self, split):
        return split in ("train", "valid")

    def evaluate(self, model, split):
        return {"bits": float(np.square(model.predict_on_batch(IDS)).mean())}


@pytest.mark.usefixtures("trains")
def test_a_task_of_pairs_passes_the_checks_of_tasks():
    assert check_task(Same()).keys() == {"valid"}


@pytest.mark.one_backend
def test_parts_of_a_step_are_as_long_as_the_longer_sequence_of_a_pair():
    ids = np.full((4, 2, 16), PAD, np.int32)
    for row, lengths in enumerate([(3, 4), (16, 2), (1, 8), (2, 3)]):
        for side, length in enumerate(lengths):
            ids[row, side, :length] = A
    batch = Batch(ids, np.arange(4), np.ones(4, np.float32))
    parts = parts_of(batch, 1, (4, 8, 16))
    assert sorted(part.ids.shape for part in parts) == [(1, 2, 4), (1, 2, 4), (1, 2, 8), (1, 2, 16)]
    assert sorted(int(part.targets[0]) for part in parts) == [0, 1, 2, 3]
    for part in parts:
        np.testing.assert_array_equal(part.ids[0], ids[part.targets[0], :, : part.ids.shape[-1]])
    assert [part.ids.shape for part in parts_of(batch, 2)] == [(2, 2, 16), (2, 2, 16)]


@pytest.mark.one_backend
def test_a_language_model_takes_no_pairs():
    with pytest.raises(HyenaDNAError, match=r"Token ids must have the shape \(B, L\), not \(3, 2, 20\)"):
        CausalLM(tiny_backbone()).predict_on_batch(IDS)
