import itertools

import numpy as np
import pytest

from hyenadna_core import Batch, Draw, LabelledSequences, SequenceTask, Target
from hyenadna_core.tasks import length_groups
from hyenadna_core.tasks.length_groups import MOST, LengthGroups, rows_of_draw
from hyenadna_core.tasks.slabs import Predicting, predicted_slabs
from hyenadna_core.tokens import PAD, A
from hyenadna_core.training.parts import parts_of

RANDOM = np.random.default_rng(0)
MIXED = {
    "one long row": np.array([70] * 300 + [1000] + [70] * 277),
    "two lengths": np.array([100, 1000] * 300),
    "uniform": RANDOM.integers(100, 1000, 2000),
    "many short": np.minimum(50 * np.exp(RANDOM.exponential(0.8, 2000)), 4096).astype(int),
    "one length": np.full(200, 300),
}


def batch_of(lengths, seq_len=1000):
    """Return a batch of sequences of these lengths, whose targets are the lengths."""
    ids = np.where(np.arange(seq_len) < lengths[:, None], A, PAD)
    return Batch(ids, lengths, np.ones(len(lengths), np.float32))


def padded_and_own(lengths, batch_size, steps):
    """Return how many bases training computes, how many are real, and the shapes of its parts."""
    groups, seq_len = LengthGroups.of(lengths, 4096), int(lengths.max())
    padded, own, shapes = 0, 0, set()
    for step in range(steps):
        of_rows = lengths[rows_of_draw(Draw("train", step, seq_len, batch_size, 0), groups)]
        parts = parts_of(batch_of(of_rows, seq_len), batch_size, groups.lengths.tolist())
        padded += sum(part.ids.size for part in parts)
        own += of_rows.sum()
        shapes |= {part.ids.shape for part in parts}
    return padded, own, shapes


LARGEST = dict.fromkeys(MIXED, 1.3) | {"many short": 1.4}  # padded bases over real ones, measured up to 1.38


@pytest.mark.parametrize("kind", MIXED)
def test_padding_costs_few_bases_and_few_shapes(kind):
    lengths = MIXED[kind]
    padded, own, shapes = padded_and_own(lengths, 64, 3 * len(lengths) // 64)
    assert own <= padded <= LARGEST[kind] * own
    assert len(shapes) <= 2 * MOST


def test_one_length_is_one_group_in_the_order_of_its_draw():
    groups = LengthGroups.of(np.full(10, 300), 4096)
    draw = Draw("train", 0, 300, 10, 3)
    np.testing.assert_array_equal(rows_of_draw(draw, groups), Draw("train", 0, 0, 0, 3).generator().permutation(10))


@pytest.mark.parametrize("batch_size", [1, 7, 64, 578, 1000])
@pytest.mark.parametrize("kind", ["one long row", "uniform"])
def test_an_epoch_of_mixed_lengths_has_every_row_once(kind, batch_size):
    lengths = MIXED[kind]
    groups, count = LengthGroups.of(lengths, 4096), len(lengths)
    draws = [Draw("train", step, 1000, batch_size, 0) for step in range(-(-3 * count // batch_size))]
    rows = np.concatenate([rows_of_draw(draw, groups) for draw in draws])
    epochs = rows[: 3 * count].reshape(3, count)
    np.testing.assert_array_equal(np.sort(epochs, axis=1), np.tile(np.arange(count), (3, 1)))
    if batch_size < count:
        assert not np.array_equal(epochs[0], epochs[2])
    again = LengthGroups.of(lengths, 4096)  # a batch depends only on its draw and the lengths
    np.testing.assert_array_equal(rows_of_draw(draws[-1], again), rows_of_draw(draws[-1], groups))


class Long(SequenceTask):
    """A task of short sequences with a long one among them."""

    name, target = "long", Target("classes", ("no", "yes"))

    def sequences(self, split):
        texts = ["".join(RANDOM.choice(list("ACGT"), length)) for length in (20, 90, 20, 20, 20, 19, 20, 90)]
        return LabelledSequences.of(texts, np.arange(8, dtype=np.int32) % 2)


@pytest.fixture
def worth(monkeypatch):
    """Make groups for very few sequences too."""
    monkeypatch.setattr(length_groups, "WORTH_BASES", 1)


class Lengths:
    """A model whose output is the number of bases of a sequence; it counts shapes and bases."""

    max_seq_len = 1000

    def __init__(self):
        self.shapes = []

    def predict_on_batch(self, ids):
        self.shapes.append(ids.shape)
        return np.stack([(ids != PAD).sum(axis=1), np.zeros(len(ids))], axis=1)


@pytest.mark.usefixtures("worth")
@pytest.mark.parametrize("bases_at_once", [1, 100, 8192])
def test_predictions_come_in_the_order_of_the_input_from_batches_of_like_length(bases_at_once):
    sequences = Long().split("test")
    model = Lengths()
    target = Target("regression", ("length", "zero"))
    (slab,) = predicted_slabs(model, sequences, target, Predicting(bases_at_once))
    assert [int(length) for length, _ in slab.predictions] == sequences.lengths.tolist()
    assert sum(rows * length for rows, length in model.shapes) <= 1.3 * sequences.lengths.sum()


def test_a_part_keeps_its_targets_and_the_weights_of_its_rows_once():
    lengths = np.array([70] * 60 + [1000])
    parts = parts_of(batch_of(lengths), 61, [70, 1000])
    counted = np.concatenate([part.targets[part.weights > 0] for part in parts])
    assert sorted(counted) == sorted(lengths)
    assert {part.ids.shape for part in parts} == {(8, 70), (8, 1000)}
    ids = batch_of(lengths).ids
    at_bases = parts_of(Batch(ids, ids, (ids != PAD).astype(np.float32)), 61, [70, 1000])
    assert sum(part.weights.sum() for part in at_bases) == lengths.sum()
    assert all(part.ids.shape == part.targets.shape == part.weights.shape for part in at_bases)


def test_parts_hold_no_more_bases_than_those_of_the_longest_stage_at_a_time():
    lengths = np.full(64, 70)
    assert {part.ids.shape for part in parts_of(batch_of(lengths), 2, [70, 1000])} == {(16, 70)}
    lengths[0] = 1000
    assert max(part.ids.size for part in parts_of(batch_of(lengths), 2, [70, 1000])) == 2000
    on_three = parts_of(batch_of(lengths[:63]), 63, [70, 1000], devices=3)
    assert all(len(part.ids) % 3 == 0 for part in on_three)


@pytest.mark.keras
@pytest.mark.usefixtures("worth")
def test_the_numbers_of_a_sequence_do_not_depend_on_its_batch():
    from hyenadna_core.model.task_model import TaskModel
    from hyenadna_core.testing import tiny_backbone

    task = Long()
    sequences = task.split("test")
    model = TaskModel(tiny_backbone(), task.head)
    model.head.set_weights([np.random.default_rng(1).normal(size=value.shape) for value in model.head.get_weights()])
    together = np.array(task.by_row(model, sequences))
    alone = [task.by_row(model, sequences.take([row]))[0] for row in (0, 1)]
    np.testing.assert_allclose(together[:2], alone, rtol=2e-5)
    assert np.ptp(together[:, 0]) > 1e-3


@pytest.mark.one_backend
@pytest.mark.usefixtures("trains", "worth")
def test_a_step_with_parts_by_length_is_the_step_as_a_whole():
    from keras import ops

    from hyenadna_backends.updates import updates
    from hyenadna_core.model.causal_lm import CausalLM
    from hyenadna_core.recipe import Recipe
    from hyenadna_core.task import number_of_targets
    from hyenadna_core.testing import tiny_backbone
    from hyenadna_core.training.optimizer import build_optimizer

    task = Long()
    batch = task.batch(Draw("train", 0, 90, 8, 0))
    results = []
    for lengths in ((), task.padded_lengths(90)):
        model = task.model(CausalLM(tiny_backbone(seed=1)))
        model.compile(optimizer=build_optimizer(model, Recipe(1e-2, 0.1, 0.0, 0.99), 2))
        update, parts = updates(model, task.loss), parts_of(batch, 8, lengths)
        losses = [float(ops.convert_to_numpy(update(parts, number_of_targets(batch)))) for _ in range(2)]
        update.settle()
        results.append([*losses, *model.head.get_weights()[0].reshape(-1)])
    np.testing.assert_allclose(results[1], results[0], rtol=1e-4, atol=1e-6)
    assert sum(part.ids.size for part in parts) < batch.ids.size / 2


def slow_order(groups, seed, split, epoch, batch_size):
    """Return the order of the rows of an epoch, from permutations of int64."""
    random = Draw(split, epoch, 0, 0, seed).generator()
    order = random.permutation(len(groups.of_rows))
    if len(groups.lengths) == 1:
        return order
    order = order[np.argsort(groups.of_rows[order], kind="stable")]
    order = order[::-1].copy() if epoch % 2 else order
    first = -epoch * len(order) % batch_size
    whole = max(0, len(order) - first) // batch_size
    batches = order[first : first + whole * batch_size].reshape(whole, batch_size)
    order[first : first + whole * batch_size] = random.permutation(batches).reshape(-1)
    return order


@pytest.mark.parametrize("kind", MIXED)
def test_the_order_of_an_epoch_takes_half_of_the_memory_and_is_the_same(kind):
    groups = LengthGroups.of(MIXED[kind], 4096)
    for epoch in range(3):
        order = length_groups.epoch_order(groups, 5, "train", epoch, 64)
        np.testing.assert_array_equal(order, slow_order(groups, 5, "train", epoch, 64))
        assert order.dtype == np.int32


@pytest.mark.parametrize("kind", MIXED)
def test_groups_are_those_with_the_least_padding_of_all_rows(kind):
    lengths = MIXED[kind]
    groups = LengthGroups.of(lengths, 4096)
    np.testing.assert_array_equal(groups.of_rows, np.searchsorted(groups.lengths, lengths))
    padded = float(groups.lengths[groups.of_rows].sum())
    least = {len(ends): cost for ends, cost in itertools.islice(length_groups.groupings(lengths), MOST)}
    assert padded == least[len(groups.lengths)]
    parts = [groups.rows_of(group, 0, len(lengths)) for group in range(len(groups.lengths))]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(lengths)))
