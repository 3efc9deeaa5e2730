import itertools

import numpy as np
import pytest

from hyenadna_core import Draw, LabelledSequences, RowsSubset, SequenceTask, Target, open_genome
from hyenadna_core.genome.intervals import split_by_position
from hyenadna_core.tasks.causal_lm import CausalLMTask
from hyenadna_core.testing import check_batches, check_figures, check_padding, check_rows

pytestmark = [pytest.mark.keras, pytest.mark.usefixtures("trains")]


class Composition(SequenceTask):
    """Tell whether A is more than a quarter of a sequence, for sequences of many lengths."""

    name = "composition"
    kind = "classes"

    @property
    def target(self):
        names = {"classes": ("few", "many"), "labels": ("a", "c"), "regression": ("a", "c"), "bases": ("r", "y")}
        return Target(self.kind, names[self.kind])

    def sequences(self, split):
        random = np.random.default_rng(["train", "valid", "test"].index(split))
        lengths = random.integers(5, 40, 37)
        sequences = ["".join(random.choice(list("ACGT"), length)) for length in lengths]
        parts = np.array([[text.count(base) / len(text) for base in "AC"] for text in sequences])
        targets = {
            "classes": lambda: (parts[:, 0] > 0.25).astype(np.int32),
            "labels": lambda: (parts > 0.25).astype(np.float32),
            "regression": lambda: parts.astype(np.float32),
            "bases": lambda: np.array([base in "CT" for base in "".join(sequences)], np.int32),
        }[self.kind]()
        return LabelledSequences.of(sequences, targets)


ON_ONE_BACKEND = [pytest.param(kind, marks=pytest.mark.one_backend) for kind in ("labels", "regression", "bases")]


@pytest.mark.parametrize("kind", ["classes", *ON_ONE_BACKEND])
def test_a_task_of_each_kind_keeps_its_promises(check_task, kind):
    task = Composition()
    task.kind = kind
    figures = check_task(task)
    assert set(figures) == {"valid", "test"}


@pytest.mark.one_backend
def test_so_does_the_main_one(check_task, tiny_fasta):
    genome = open_genome(tiny_fasta())
    assert set(check_task(CausalLMTask(genome, split_by_position(genome)))) == {"valid"}


def broken(attribute, value):
    task = Composition()
    setattr(task, attribute, value)
    return task


CALLS = itertools.count()


def different_each_time(draw):
    return Composition().batch(Draw("train", next(CALLS), draw.seq_len, draw.batch_size, 0))


def with_other(**fields):
    return lambda draw: Composition().batch(draw)._replace(**fields)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (different_each_time, "ids of the same draw differ: batch.draw. must depend only on the draw"),
        (lambda draw: Composition().batch(Draw("train", 0, 32, 4, 0)), "steps 0 and 1 are the same"),
        (with_other(targets=np.zeros(3, np.int32)), "targets has 3 rows for a batch of 4"),
        (with_other(weights=np.zeros(4, np.float32)), "no target of the first batch counts in the loss"),
        (with_other(weights=np.ones(4)), "weights are not float32"),
    ],
)
@pytest.mark.one_backend
def test_batches_that_break_a_promise_are_named(batch, message):
    with pytest.raises(AssertionError, match=message):
        check_batches(broken("batch", batch), 32, 4)


@pytest.mark.one_backend
def test_a_loss_that_does_not_fall_is_named(check_task):
    task = broken("loss", lambda outputs, targets, weights: 0.0 * outputs.sum())
    with pytest.raises(AssertionError, match=r"the loss does not fall: 0\.0000 at the first step, 0\.0000 at the last"):
        check_task(task)


@pytest.mark.one_backend
def test_a_head_that_heeds_padding_is_named(check_task):
    from keras import layers, ops

    dense = []

    def head(hidden, real):
        dense.append(layers.Dense(2, name="heedless"))
        return dense[-1](ops.mean(hidden, axis=1))

    with pytest.raises(AssertionError, match="padding on the right changes the outputs"):
        check_task(broken("head", head))


@pytest.mark.one_backend
def test_a_shared_front_that_differs_between_rows_is_named(check_task):
    from keras import ops

    task = broken("embed", lambda ids, embedded: ops.concatenate([embedded[:, :1], embedded], axis=1))
    check_task(task)
    task.shared_front = 1
    with pytest.raises(AssertionError, match="shared_front is 1, but these vectors of `embed` differ between rows"):
        check_task(task)


@pytest.mark.one_backend
def test_padding_is_compared_base_by_base_where_there_is_a_target_at_each():
    class Ids:
        def predict_on_batch(self, ids):
            return np.cumsum(ids, axis=1)[..., None].astype(float)

    batch = Composition().batch
    example = batch(Draw("train", 0, 32, 4, 0))
    check_padding(Ids(), example, Ids().predict_on_batch(example.ids))


@pytest.mark.one_backend
def test_figures_that_are_averages_of_batches_are_named():
    task = Composition()
    task.evaluate = lambda model, split: {"mcc": float(task.evaluation_bases)}
    with pytest.raises(AssertionError, match="mcc of valid depends on the size of batches"):
        check_figures(task, None, "valid")
    task.evaluate = lambda model, split: {"accuracy": 1.0}
    with pytest.raises(AssertionError, match="monitor names 'mcc', which is not one of accuracy"):
        check_figures(task, None, "valid")


class Rows:
    """A source of three rows that keeps its promises, with windows for training."""

    checksum = "three"
    lengths = np.array([4, 6, 5])

    def __len__(self):
        return 3

    def row(self, index):
        return np.frombuffer(b"ACGTAC", np.uint8)[: self.lengths[index]], index % 2

    def name(self, index):
        return f"row {index}"

    def window(self, draw, index):
        return self.row(index)[0][draw.step :], index % 2


def with_broken(attribute, value):
    return type("Broken", (Rows,), {attribute: value})()


@pytest.mark.one_backend
def test_rows_that_keep_their_promises_pass():
    check_rows(Rows(), 4)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        (
            "row",
            lambda self, index: (np.full(self.lengths[index], next(CALLS), np.uint8), 0),
            r"row.0. is not the same",
        ),
        ("row", lambda self, index: (np.zeros(self.lengths[index]), 0), r"the bases of row.0. are not .L,. uint8"),
        ("lengths", np.array([4, 6, 9]), r"row.2. has 6 bases, and lengths.2. is 9"),
        ("lengths", np.array([4, 6]), "there are 2 lengths of 3 rows"),
        ("checksum", property(lambda self: str(next(CALLS))), "the checksum is not the same twice"),
        ("name", lambda self, index: index, r"name.0. is not text"),
        ("many", lambda self, indices: [self.row(0) for _ in indices], r"many.* has another row 1 than row.1."),
        ("take", lambda self, indices: RowsSubset(self, indices[::-1]), r"take.* has another row 0 than row.0."),
        ("window", lambda self, draw, index: (np.zeros(next(CALLS), np.uint8), 0), r"window.draw, 0. depends on more"),
        ("window", lambda self, draw, index: (np.zeros(7, np.uint8), 0), r"window.draw, 0. has 7 bases, more than 4"),
    ],
)
def test_rows_that_break_a_promise_are_named(attribute, value, message):
    with pytest.raises(AssertionError, match=message):
        check_rows(with_broken(attribute, value), 8)  # longer than the rows
