"""Predictions by slabs: whole or in parts, in memory or on disk, of middles or of windows."""

import numpy as np
import pytest

from hyenadna_core import HyenaDNAError, LabelledSequences, SequenceTask, Target
from hyenadna_core.evaluation.scratch import Scratch
from hyenadna_core.tasks import slabs
from hyenadna_core.tasks.length_groups import LengthGroups
from hyenadna_core.tasks.slabs import Predicting, predicted_slabs
from hyenadna_core.tokens import PAD, A, T

RANDOM = np.random.default_rng(1)
LENGTHS = np.where(np.arange(61) % 3, 30, RANDOM.integers(3, 90, 61))
TEXTS = ["".join(RANDOM.choice(list("ACGT"), length)) for length in LENGTHS]


class Composition:
    """A model that answers with the number of bases and the share of each base, as logits."""

    max_seq_len = 40

    def __init__(self, outputs=3, of_bases=False):
        self.outputs, self.of_bases, self.shapes = outputs, of_bases, set()

    def predict_on_batch(self, ids):
        self.shapes.add(ids.shape)
        of_bases = np.stack([np.where(ids == PAD, 0, np.cos(ids * k)) for k in range(1, self.outputs + 1)], axis=-1)
        return of_bases if self.of_bases else of_bases.sum(axis=1) / (ids != PAD).sum(axis=1)[:, None]


class Toy(SequenceTask):
    """A task of 61 rows of any kind, in memory or streamed."""

    name = "toy"
    stream = None

    def __init__(self, kind="labels", **options):
        super().__init__(**{"reverse_complements": True} | options)
        names = ("a", "b") if kind in ("classes", "bases") else ("a", "b", "c")
        self.target = Target(kind, names, groups=("X", "Y", "X") if kind in ("labels", "regression") else ())

    def sequences(self, split):
        random = np.random.default_rng(2)
        targets = {
            "classes": lambda: random.integers(2, size=61).astype(np.int32),
            "labels": lambda: random.integers(2, size=(61, 3)).astype(np.float32),
            "regression": lambda: random.normal(size=(61, 3)).astype(np.float32),
            "bases": lambda: random.integers(-1, 2, size=sum(LENGTHS)).astype(np.int32),
        }[self.target.kind]()
        held = LabelledSequences.of(TEXTS, targets)
        return self.stream(held) if self.stream else held


def model_of(task):
    return Composition(len(task.target.names), task.target.kind == "bases")


@pytest.fixture
def on_disk(monkeypatch):
    """Return a function that keeps no outcome in memory, and makes slabs of about seven rows."""

    def start():
        monkeypatch.setattr(slabs, "IN_MEMORY", 0)
        monkeypatch.setattr(slabs, "SLAB", 7 * 3 * slabs.BYTES)

    return start


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["classes", "labels", "regression", "bases"])
def test_an_outcome_on_disk_is_that_in_memory_to_the_bit(kind, stream, on_disk, streamed):
    task = Toy(kind)
    rows, model = task.split("test"), model_of(task)
    predicted, targets = task.predicted(model, rows)
    figures = task.evaluate(model, "test")
    task = Toy(kind)
    task.stream = streamed if stream else None
    on_disk()
    with task.outcome(model, task.split("test")) as outcome:
        assert not outcome.in_memory
        np.testing.assert_array_equal(outcome.arrays()[0], predicted)
        np.testing.assert_array_equal(outcome.arrays()[1], targets)
        np.testing.assert_equal(task.figures(outcome), figures)
    assert {name for name in figures if name.endswith("_X")} == {
        f"{name}_median_X" for name in figures if "median" not in name and task.target.groups
    }


def test_slabs_have_few_shapes_and_the_rows_in_order(on_disk):
    task = Toy()
    whole, parts = model_of(task), model_of(task)
    (one,) = predicted_slabs(whole, task.split("test"), task.target, Predicting(100))
    on_disk()
    several = list(predicted_slabs(parts, task.split("test"), task.target, Predicting(100)))
    assert [slab.start for slab in several] == [*range(0, 61, 7)]
    np.testing.assert_array_equal(np.concatenate([slab.predictions for slab in several]), one.predictions)
    assert parts.shapes == whole.shapes


def test_the_files_are_removed_also_after_an_error(on_disk, monkeypatch):
    closed = []
    monkeypatch.setattr(Scratch, "close", lambda self: closed.append(self._file.close()))
    on_disk()
    task = Toy(reverse_complements=False)
    with pytest.raises(ZeroDivisionError), task.outcome(model_of(task), task.split("test")):
        _ = 1 / 0
    assert len(closed) == 2  # predictions and targets
    model = model_of(task)
    model.predict_on_batch = lambda ids: 1 / 0 if len(closed) > 2 else closed.append(None) or np.zeros((len(ids), 3))
    with pytest.raises(ZeroDivisionError):
        task.evaluate(model, "test")
    assert len(closed) == 5


def test_a_disk_without_space_is_one_line(on_disk, monkeypatch):
    on_disk()
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 0}))
    task = Toy()
    with pytest.raises(
        HyenaDNAError, match=r"The predictions need 0.0 GB in .*scratch, which has 0.0 GB: set HYENADNA"
    ):
        task.evaluate(model_of(task), "test")


def test_predictions_that_are_not_finite_are_counted_on_disk_too(on_disk):
    on_disk()
    model = model_of(Toy())
    model.predict_on_batch = lambda ids: np.full((len(ids), 3), np.nan)
    with pytest.raises(HyenaDNAError, match="predictions of 61 of 61 rows are nan or infinite"):
        Toy().evaluate(model, "test")


class Share:
    """A model of five bases whose two quantities are the share of A and T, and 1."""

    max_seq_len = 5

    def predict_on_batch(self, ids):
        share = ((ids == A) | (ids == T)).sum(axis=1) / (ids != PAD).sum(axis=1)
        return np.stack([share, np.ones(len(ids))], axis=1)


@pytest.mark.parametrize("bases_at_once", [1, 10, 1000])
def test_windows_of_a_long_row_are_the_fewest_that_cover_it_and_are_averaged(bases_at_once):
    # AAAAACCC: the windows AAAAA and AACCC; AACCCTTTTTCG: AACCC, CCTTT (from 3), TTTCG (from 7)
    sequences = LabelledSequences.of(["AAAAACCC", "GGA", "AACCCTTTTTCG", "CCCCT"], np.zeros((4, 2), np.float32))
    target = Target("regression", ("share", "one"))
    (slab,) = predicted_slabs(Share(), sequences, target, Predicting(bases_at_once, "windows"))
    expected = [(1 + 2 / 5) / 2, 1 / 3, (2 / 5 + 3 / 5 + 3 / 5) / 3, 1 / 5]
    np.testing.assert_allclose(slab.predictions, np.stack([expected, np.ones(4)], axis=1))
    (slab,) = predicted_slabs(Share(), sequences, target, Predicting(bases_at_once))
    np.testing.assert_allclose(slab.predictions[:, 0], [4 / 5, 1 / 3, 3 / 5, 1 / 5])  # AAAAC, CCTTT


class FirstBase:
    """A model of five bases that answers with the id of the first base, and with the sum of all."""

    max_seq_len = 5

    def predict_on_batch(self, ids):
        return np.stack([ids[:, 0], np.where(ids == PAD, 0, ids).sum(axis=1)], axis=1).astype(float)


@pytest.mark.parametrize("long_rows", ["middle", "windows"])
@pytest.mark.parametrize("bases_at_once", [1, 1000])
def test_a_prediction_of_both_strands_is_the_mean_of_the_two(long_rows, bases_at_once):
    target, texts = Target("regression", ("first", "sum")), ["ACGGT", "GA", "TTACGNC", "C"]
    forward, other = texts, [text[::-1].translate(str.maketrans("ACGT", "TGCA")) for text in texts]

    def predict(texts, both_strands):
        sequences = LabelledSequences.of(texts, np.zeros((4, 2), np.float32))
        how = Predicting(bases_at_once, long_rows, both_strands)
        (slab,) = predicted_slabs(FirstBase(), sequences, target, how)
        return slab.predictions

    both = predict(forward, True)
    np.testing.assert_allclose(both, (predict(forward, False) + predict(other, False)) / 2)
    np.testing.assert_allclose(predict(other, True), both)
    assert not np.allclose(both, predict(forward, False))


def test_a_task_predicts_both_strands_unless_its_targets_are_of_one(capsys):
    assert Toy().predicting.both_strands
    assert not Toy(reverse_complements=False).predicting.both_strands
    assert not Toy("bases", reverse_complements=True).predicting.both_strands
    whole, forward = (
        task.by_row(Composition(), task.split("test")) for task in (Toy(), Toy(reverse_complements=False))
    )
    assert not np.allclose(whole, forward)
    assert (
        "sequences are too long, because this model has place for 40 bases: they are cropped" in capsys.readouterr().err
    )


def test_windows_are_an_option_of_a_task_but_not_for_bases():
    task = Toy(long_rows="windows")
    assert len(task.by_row(Composition(), task.split("test"))) == 61
    with pytest.raises(HyenaDNAError, match="--long-rows windows averages windows, and the target is bases: leave it"):
        Toy("bases", long_rows="windows").prepare(8)
    with pytest.raises(HyenaDNAError, match="long_rows is 'ends': choose middle or windows"):
        Toy(long_rows="ends").prepare(8)


def test_equal_lengths_take_no_memory_for_groups():
    groups = LengthGroups.of(np.broadcast_to(1000, 10**9), 4096)
    assert (groups.lengths.tolist(), groups.of_rows.strides, len(groups.of_rows)) == ([1000], (0,), 10**9)
