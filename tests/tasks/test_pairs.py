"""Sequence tasks of pairs: batches, predictions, figures and a model that compares."""

import numpy as np
import pytest

from hyenadna_core import Draw, HyenaDNAError, LabelledPairs, SequenceTask, Target
from hyenadna_core.labelled.sequences import LabelledSequences
from hyenadna_core.model.causal_lm import CausalLM
from hyenadna_core.recipe import Recipe
from hyenadna_core.task import number_of_targets
from hyenadna_core.tasks.slabs import Predicting, predicted_slabs
from hyenadna_core.testing import tiny_backbone
from hyenadna_core.tokens import PAD, A, T, encode, reverse_complement

pytestmark = pytest.mark.keras

LONGEST, ROWS = 24, 64


def rows_of(split, extra=2):
    """Return pairs that differ in an A and a C at any place, and in up to `extra` bases."""
    random = np.random.default_rng(["train", "valid", "test"].index(split))
    classes, first, second = random.integers(0, 2, ROWS).astype(np.int32), [], []
    for one in classes:
        length = int(random.integers(LONGEST // 2, LONGEST + 1))
        text, place = random.choice(list("ACGT"), length), random.integers(length // 3, 2 * length // 3)
        sides = ["".join([*text[:place], base, *text[place + 1 :]]) for base in ("AC" if one else "CA")]
        first.append(sides[0])
        second.append(sides[1] + "G" * int(random.integers(extra + 1)))
    return LabelledPairs.of(first, second, classes)


class Gains(SequenceTask):
    """Tell whether an A became a C or a C became an A."""

    name, pairs = "gains", True
    target = Target("classes", ("loss", "gain"))
    stream, extra = None, 2

    def sequences(self, split):
        held = rows_of(split, self.extra)
        return self.stream(held) if self.stream else held


def trained(task, steps):
    """Train a tiny model on a task; return it and its losses."""
    from keras import ops

    from hyenadna_backends.updates import updates
    from hyenadna_core.training.optimizer import build_optimizer

    task.prepare(LONGEST + 2)
    model = task.model(CausalLM(tiny_backbone(66, seed=1)))
    model.compile(optimizer=build_optimizer(model, Recipe(3e-2, 1.0, 0.0, 0.99), steps))
    update, losses = updates(model, task.loss), []
    for step in range(steps):
        batch = task.batch(Draw("train", step, LONGEST + 2, 32, 0))
        losses.append(float(ops.convert_to_numpy(update([batch], number_of_targets(batch)))))
    update.settle()
    return model, losses


@pytest.mark.usefixtures("trains")
def test_a_model_learns_what_only_the_comparison_tells():
    task = Gains(reverse_complements=False)
    task.extra = 0
    model, losses = trained(task, 60)
    assert losses[0] == pytest.approx(np.log(2), abs=1e-6)  # the head starts at zero
    assert np.mean(losses[-5:]) < 0.4
    rows = task.split("test")
    predicted, targets = task.predicted(model, rows)
    assert (predicted.argmax(axis=1) == targets).mean() > 0.85
    swapped = task.predicted(model, LabelledPairs(rows.second, rows.first))[0]
    assert (swapped.argmax(axis=1) == targets).mean() < 0.15
    figures = task.evaluate(model, "test")
    for bases_at_once in (1, 100, 100_000):
        task.evaluation_bases = bases_at_once
        assert task.evaluate(model, "test") == pytest.approx(figures, abs=1e-6)


@pytest.mark.usefixtures("trains")
@pytest.mark.parametrize(
    "options",
    [{}, pytest.param({"both_directions": True, "pooling": "max", "head_dropout": 0.1}, marks=pytest.mark.one_backend)],
)
@pytest.mark.parametrize("stream", [False, pytest.param(True, marks=pytest.mark.one_backend)])
def test_a_task_of_pairs_keeps_its_promises(check_task, options, stream, streamed):
    task = Gains(**options)
    task.stream = streamed if stream else None
    assert set(check_task(task)) == {"valid", "test"}
    assert task.passes == (4 if options else 2)


def padded(text, seq_len):
    return encode(text, max_length=seq_len)


@pytest.mark.one_backend
def test_a_batch_has_the_middle_of_each_sequence_and_padding_on_the_right():
    pairs = LabelledPairs.of(["AACCGGTT", "ACG"], ["CCGG", "TTACGTA"], np.array([0, 1], np.int32))
    batch = Gains().rows(pairs, np.array([1, 0]), 5)
    expected = [[padded("ACG", 5), padded("TACGT", 5)], [padded("ACCGG", 5), padded("CCGG", 5)]]
    np.testing.assert_array_equal(batch.ids, expected)
    assert (batch.ids.dtype, batch.targets.tolist(), batch.weights.tolist()) == (np.int32, [1, 0], [1, 1])
    other = Gains().rows(pairs, np.array([1, 0]), 5, np.array([True, False])).ids
    turned = [padded("CGT", 5), np.array(reverse_complement(encode("TACGT")))]
    np.testing.assert_array_equal(other, [turned, expected[1]])


@pytest.mark.one_backend
def test_streamed_pairs_have_the_same_batches_and_predictions(streamed):
    held, task = Gains(), Gains()
    task.stream = streamed
    for step in range(4):
        for one, other in zip(*(t.batch(Draw("train", step, 20, 8, 0)) for t in (held, task)), strict=True):
            np.testing.assert_array_equal(one, other)
    assert held.padded_lengths(20) == task.padded_lengths(20)
    one, other = (t.predicted(Counts(), t.split("test")) for t in (held, task))
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.one_backend
def test_windows_of_training_are_drawn(streamed):
    class Drawn(streamed):
        def window(self, draw, index):
            (a, b), target = self.row(index)
            return (a[draw.step :], b[draw.step :]), target

    task = Gains(reverse_complements=False)
    task.stream = Drawn
    rows, draw = task.split("train"), Draw("train", 2, 26, ROWS, 0)
    known = {
        (padded(bytes(a[2:]), 26).tobytes(), padded(bytes(b[2:]), 26).tobytes())
        for (a, b), _ in map(rows.row, range(ROWS))
    }
    assert {(a.tobytes(), b.tobytes()) for a, b in task.batch(draw).ids} == known


class Counts:
    """A model of 10 bases whose outputs tell both sequences of a pair and their strands apart."""

    max_seq_len = 10

    def __init__(self):
        self.rows = []

    def predict_on_batch(self, ids):
        self.rows.append(ids.shape)
        share = ((ids == A) | (ids == T)).sum(axis=-1) / (ids != PAD).sum(axis=-1)  # (B, 2)
        return np.stack([share[:, 0] + ids[:, 0, 0], share[:, 1] - ids[:, 1, 0]], axis=1)


@pytest.mark.one_backend
@pytest.mark.parametrize("bases_at_once", [1, 1000])
@pytest.mark.parametrize("both_strands", [False, True])
def test_predictions_are_those_of_each_pair_alone(bases_at_once, both_strands):
    first, second = ["ACGTACGTACGTA", "GAT", "CCCCA"], ["ACG", "GATTACAGATTACA", "CCCCT"]
    pairs = LabelledPairs.of(first, second, np.zeros((3, 2), np.float32))
    target, model = Target("regression", ("a", "b")), Counts()
    (slab,) = predicted_slabs(model, pairs, target, Predicting(bases_at_once, both_strands=both_strands))
    pairs_of_ids = [[encode(text) for text in pair] for pair in zip(first, second, strict=True)]
    middles = [[ids[max(0, len(ids) - 10) // 2 :][:10] for ids in pair] for pair in pairs_of_ids]
    strands = [lambda ids: ids, reverse_complement] if both_strands else [lambda ids: ids]

    def alone(pair, turn):
        ids = [np.pad(turn(side), (0, 10 - len(side)), constant_values=PAD) for side in pair]
        return Counts().predict_on_batch(np.array([ids]))[0]

    expected = [np.mean([alone(pair, turn) for turn in strands], axis=0) for pair in middles]
    np.testing.assert_allclose(slab.predictions, expected, rtol=1e-12)


@pytest.mark.one_backend
def test_a_batch_of_predictions_has_both_sequences_within_its_bases():
    task, model = Gains(), Counts()
    task.evaluation_bases = 160  # eight pairs of 2 x 10 bases
    task.evaluate(model, "test")
    assert {shape[0] for shape in model.rows} == {8}


@pytest.mark.one_backend
def test_folds_of_pairs_hold_all_of_them_and_have_like_classes(streamed):
    whole = rows_of("train")
    for stream in (None, streamed):
        task = Gains()
        task.stream = stream
        parts = [task.fold(number, 4).split("valid") for number in range(1, 5)]
        names = [part.name(row) for part in parts for row in range(len(part))]
        assert sorted(names) == sorted(whole.names)
        counts = [sum(int(part.row(row)[1]) for row in range(len(part))) for part in parts]
        assert stream or max(counts) - min(counts) <= 1


@pytest.mark.one_backend
def test_all_classes_of_pairs_may_count_the_same():
    task = Gains(balanced=True)
    batch = task.batch(Draw("train", 0, 26, ROWS, 0))
    np.testing.assert_allclose([batch.weights[batch.targets == one].sum() for one in (0, 1)], [ROWS / 2] * 2)


@pytest.mark.one_backend
def test_what_the_user_should_know_of_pairs_is_said():
    task = Gains()
    train = rows_of("train")
    strange = LabelledPairs.of(["LA", "AC"], ["AC", "-C"], np.array([0, 1], np.int32))
    task._splits.update(valid=train.take([3, 4]), test=strange)
    swapped = LabelledPairs(train.second, train.first)
    assert task.title.startswith("gains (64 pairs of 1")
    strands, *messages = task.prepare(13)
    assert strands == "Sequences are read on both strands; --forward-only reads one."
    assert f"{(train.lengths > 13).sum()} of 64 train pairs are longer than the longest stage, 13 bases" in messages[0]
    assert messages[1:] == [
        "2 of 8 characters of test are not bases: they are read as [UNK].",
        "2 valid pairs are among the training pairs too.",
    ]
    task._splits["valid"] = swapped
    assert not [message for message in task.prepare(26) if "among the training" in message]


class Single(Gains):
    """A task of pairs whose rows have one sequence."""

    def sequences(self, split):
        return LabelledSequences.of(["ACGT", "AC"], np.array([0, 1], np.int32))


class OfBases(Gains):
    target = Target("bases", ("a", "b"))


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("task", "message"),
    [
        (Gains(long_rows="windows"), "gains reads pairs, which are cropped to their middles: leave out --long-rows"),
        (OfBases(), "gains reads pairs, and its target is bases: give one target for each pair"),
        (Single(), "A train row of gains has one sequence, and its pairs is True: return LabelledPairs"),
        (
            type("Unsaid", (Gains,), {"pairs": False})(),
            "A train row of gains has two sequences, and its pairs is False: set pairs = True",
        ),
    ],
)
def test_what_does_not_fit_pairs_is_one_line(task, message):
    with pytest.raises(HyenaDNAError, match=message):
        task.prepare(26)
