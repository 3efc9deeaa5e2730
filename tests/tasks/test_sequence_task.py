import sys

import numpy as np
import pytest

from hyenadna_core import Draw, HyenaDNAError, LabelledSequences, SequenceTask, Target
from hyenadna_core.evaluation.predictions import activated
from hyenadna_core.labelled.targets import restored, standardised
from hyenadna_core.task import number_of_targets
from hyenadna_core.tasks.sequence_options import steps_of
from hyenadna_core.tokens import PAD, A, T, encode, reverse_complement
from hyenadna_core.training.options import TrainOptions

SEQUENCES = ["ACGT", "AACCGGTT", "GATTACA", "TTTT", "CAG", "GGGCCC", "AT"]


class Toy(SequenceTask):
    """A task with seven sequences."""

    name = "toy"
    stranded = True
    target = Target("classes", ("no", "yes"))
    targets = np.array([0, 1, 0, 1, 0, 1, 1], np.int32)

    def sequences(self, split):
        if split == "test":
            return None
        return LabelledSequences.of(SEQUENCES, self.targets)


class Quantities(Toy):
    target = Target("regression", ("x", "y"), (1.0, 2.0), (2.0, 4.0))
    targets = np.arange(14, dtype=np.float32).reshape(7, 2)


class Bases(Toy):
    target = Target("bases", ("a", "b"))
    targets = np.concatenate([[i % 2 if i else -1 for i in range(len(text))] for text in SEQUENCES]).astype(np.int32)


def draw(step=0, seq_len=8, batch_size=3, seed=0, split="train"):
    return Draw(split, step, seq_len, batch_size, seed)


def test_an_epoch_has_every_sequence_once():
    task = Toy()
    rows = np.concatenate([task.batch(draw(step, batch_size=7)).ids for step in range(2)])
    expected = sorted(encode(text, max_length=8).tolist() for text in SEQUENCES)
    for epoch in (rows[:7], rows[7:]):
        assert sorted(epoch.tolist()) == expected
    assert rows[:7].tolist() != rows[7:].tolist()


def test_batches_go_on_over_the_end_of_an_epoch():
    task = Toy()
    rows = np.concatenate([task.batch(draw(step)).ids for step in range(7)])
    np.testing.assert_array_equal(rows[:7], task.batch(draw(batch_size=7)).ids)
    np.testing.assert_array_equal(rows[7:14], task.batch(draw(1, batch_size=7)).ids)


def test_targets_go_with_their_sequences():
    task = Toy()
    of = {encode(text, max_length=8).tobytes(): label for text, label in zip(SEQUENCES, Toy.targets, strict=True)}
    batch = task.batch(draw(batch_size=7))
    assert [of[ids.tobytes()] for ids in batch.ids] == batch.targets.tolist()
    assert (batch.targets.dtype, batch.weights.tolist()) == (np.int32, [1.0] * 7)


def test_long_sequences_give_their_middle_and_short_ones_are_padded_on_the_right():
    batch = Toy().rows(Toy().split("train"), np.array([1, 6]), 4)
    np.testing.assert_array_equal(batch.ids, [encode("CCGG"), [*encode("AT"), PAD, PAD]])


def test_the_other_strand_is_read_by_draw():
    task = Toy(reverse_complements=True)
    known = {encode(text, max_length=8).tobytes() for text in SEQUENCES}
    others = {np.pad(reverse_complement(encode(t)), (0, 8 - len(t)), constant_values=PAD).tobytes() for t in SEQUENCES}
    seen = {ids.tobytes() for step in range(20) for ids in task.batch(draw(step)).ids}
    assert seen == known | others


def test_targets_of_bases_are_cut_and_turned_with_their_sequence():
    task = Bases()
    batch = task.rows(task.split("train"), np.array([1, 1]), 4, np.array([False, True]))
    np.testing.assert_array_equal(batch.targets, [[0, 1, 0, 1], [1, 0, 1, 0]])
    np.testing.assert_array_equal(batch.ids[1], reverse_complement(batch.ids[0]))
    whole = task.rows(task.split("train"), np.array([4]), 6)
    assert whole.weights.tolist() == [[0, 1, 1, 0, 0, 0]]  # the first has no label, then comes padding
    assert whole.targets.min() == 0


def test_quantities_are_standardised_and_come_back():
    task = Quantities()
    batch = task.rows(task.split("train"), np.arange(7), 8)
    np.testing.assert_allclose(batch.targets, (Quantities.targets - [1, 2]) / [2, 4])
    np.testing.assert_allclose(activated(batch.targets, task.target), Quantities.targets)
    plain = Target("regression", ("x", "y"))
    np.testing.assert_allclose(restored(standardised(Quantities.targets, plain), plain), Quantities.targets)


def test_probabilities_of_logits():
    logits = np.array([[0.0, np.log(3.0)], [1000.0, 0.0]])
    np.testing.assert_allclose(activated(logits, Toy.target), [[0.25, 0.75], [1, 0]], atol=1e-12)
    labels = activated(logits, Target("labels", ("a", "b")))
    np.testing.assert_allclose(labels, [[0.5, 0.75], [1, 0.5]], atol=1e-12)


def test_a_sequence_is_on_both_strands_unless_its_target_is_of_one():
    class Unstranded(Toy):
        stranded = False

    class OfBases(Bases):
        stranded = False

    assert [task.on_both_strands for task in (Unstranded(), Toy(), OfBases())] == [True, False, False]
    assert [Toy(reverse_complements=True).on_both_strands, Unstranded(reverse_complements=False).on_both_strands] == [
        True,
        False,
    ]


def test_all_classes_count_the_same_where_asked_to():
    task = Toy(balanced=True)
    batch = task.batch(draw(batch_size=7))
    of_class = [batch.weights[batch.targets == number].sum() for number in (0, 1)]
    np.testing.assert_allclose(of_class, [3.5, 3.5])
    with pytest.raises(HyenaDNAError, match="--balanced weights classes, and the target is regression"):
        _ = Quantities(balanced=True).class_weights


@pytest.mark.parametrize(
    ("options", "steps"), [({"steps": 9}, "--steps"), ({"stages": "8x2@5,8x4@6"}, "the steps in --stages")]
)
def test_epochs_and_steps_are_one_line(options, steps):
    with pytest.raises(HyenaDNAError, match=rf"^--epochs and {steps} both set how long the training is: leave one out"):
        Toy(epochs=3).defaults(1026, TrainOptions(**options))


def test_a_stage_is_as_long_as_the_longest_sequence_and_as_many_epochs_as_asked():
    def of(options, longest=1026, epochs=3):
        defaults = Toy(epochs=epochs).defaults(longest, TrainOptions(**options))
        assert defaults.pop("patience") == 5
        return defaults

    assert of({}) == {"stages": "8x7@3", "valid_every": 1}
    assert of({"batch_size": 2}, longest=6) == {"stages": "6x2@11", "valid_every": 2}
    assert of({"stages": "8x2@29"}, epochs=None) == {"valid_every": 3}
    assert of({"batch_bases": 17}, epochs=None) == {"stages": "8x2@500", "valid_every": 50}
    assert of({"warmup": "2..8"}) == {"steps": 3, "batch_size": 7, "valid_every": 1}


def test_a_small_set_has_many_passes_and_a_large_one_few():
    steps = {count: steps_of(count, 64) for count in (100, 1_000, 4_000, 16_000, 47_000, 1_000_000)}
    assert steps == {100: 500, 1_000: 500, 4_000: 625, 16_000: 2_500, 47_000: 3_000, 1_000_000: 31_250}
    assert steps_of(47_000, 64, epochs=20) == 14_688


def test_what_the_user_should_know_of_the_data_is_said():
    assert Toy().prepare(6) == [
        "2 of 7 train sequences are longer than the longest stage, 6 bases: they are cropped to their middle.",
        "7 valid sequences are among the training sequences too.",
    ]


def test_a_target_at_each_base_says_that_a_base_sees_one_side_only():
    assert Bases().prepare(8)[0].startswith("Each base sees only the bases on its left: --both-directions adds")
    assert not any("on its left" in said for said in [*Bases(both_directions=True).prepare(8), *Toy().prepare(8)])


class ByComposition:
    """A model that answers 'yes' with the share of A and T in a sequence, as logits."""

    max_seq_len = 100

    def predict_on_batch(self, ids):
        real = ids != PAD
        part = ((ids == A) | (ids == T)).sum(axis=1) / real.sum(axis=1)
        return np.stack([np.zeros(len(ids)), part - 0.45], axis=1)


@pytest.mark.parametrize("bases_at_once", [8, 24, 1000])
def test_figures_are_those_of_the_whole_split_whatever_the_batches(bases_at_once):
    task = Toy()
    task.evaluation_bases = bases_at_once
    predicted, targets = task.predicted(ByComposition(), task.split("valid"))
    np.testing.assert_array_equal(targets, Toy.targets)
    assert predicted.argmax(axis=1).tolist() == [1, 1, 1, 1, 0, 0, 1]
    assert task.evaluate(ByComposition(), "valid")["accuracy"] == pytest.approx(4 / 7)


def test_only_the_metrics_that_a_task_names_are_measured():
    task = Toy()
    task.metrics = ("mcc",)
    assert list(task.evaluate(ByComposition(), "valid")) == ["mcc"]


def test_a_split_that_is_not_there_is_one_line():
    assert not Toy().has("test")
    with pytest.raises(HyenaDNAError, match="The task toy has no test data"):
        Toy().split("test")


def test_the_checksum_is_that_of_the_data():
    other = Toy()
    other.targets = 1 - Toy.targets
    assert len({Toy().sha256, Toy().sha256, other.sha256}) == 2


def test_scikit_learn_is_missed_before_training_begins(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    with pytest.raises(HyenaDNAError, match=r"needs scikit-learn: run pip install 'hyenadna\[classify\]'"):
        Toy().prepare(8)


def test_characters_that_are_no_bases_are_counted():
    task = Toy()
    task._splits["train"] = LabelledSequences.of(["MKVL", "ACGT"] * 3 + ["ACG-"], Toy.targets)
    assert task.prepare(8)[0] == "4 of 28 characters of train are not bases: they are read as [UNK]."


def test_what_a_task_is_monitored_by_must_be_measured():
    task = Toy()
    task.metrics = ("auroc",)
    with pytest.raises(HyenaDNAError, match="toy is monitored by mcc, but measures auroc: set its monitor"):
        task.prepare(8)


def test_bases_outside_of_what_the_model_takes_are_not_measured(capsys):
    class Short(ByComposition):
        max_seq_len = 4

        def predict_on_batch(self, ids):
            return np.stack([np.zeros(ids.shape), (ids == A) - 0.5], axis=-1)

    task = Bases()
    sequences = task.split("train")
    rows = list(task.by_row(Short(), sequences))
    assert [len(row) for row in rows] == sequences.lengths.tolist()
    assert [bool(np.isnan(row).any()) for row in rows] == [False, True, True, False, False, True, False]
    assert (
        "3 of 7 sequences are too long, because this model has place for 4 bases: they are cropped"
        in capsys.readouterr().err
    )
    predicted, targets = task.predicted(Short(), sequences)
    assert len(predicted) == len(targets) == 4 + 4 + 4 + 4 + 3 + 4 + 2 - 4  # no label at the first of four whole ones
    from hyenadna_core.evaluation.predictions import prediction_rows

    assert prediction_rows(task.target, [("x", rows[1])])[1] == [["x", "..aaaa.."]]


def test_a_batch_is_divided_by_its_rows_so_that_a_rare_class_keeps_its_weight():
    task = Toy(balanced=True)
    batch = task.batch(draw(batch_size=7))
    assert number_of_targets(batch) == 7
    assert number_of_targets(batch._replace(weights=np.zeros(7, np.float32))) == 1
