"""Batches without loops over rows equal those of a slow loop, also of rows that stream."""

import numpy as np
import pytest

from hyenadna_core import Draw, LabelledSequences, SequenceTask, Target
from hyenadna_core.labelled.targets import standardised
from hyenadna_core.tasks.sequence_batches import batch_of_rows
from hyenadna_core.tokens import COMPLEMENT, PAD, TO_ID

RANDOM = np.random.default_rng(0)
LENGTHS = [1, 7, 8, 9, 30, 2, 8, 1, 17, 5]
TEXTS = ["".join(RANDOM.choice(list("ACGTNacgu*"), length)) for length in LENGTHS]
TARGETS = {
    "classes": (Target("classes", ("a", "b")), RANDOM.integers(2, size=10).astype(np.int32)),
    "labels": (Target("labels", ("a", "b", "c")), RANDOM.integers(2, size=(10, 3)).astype(np.float32)),
    "regression": (
        Target("regression", ("a", "b"), (0.3, -1.0), (2.0, 0.1)),
        RANDOM.normal(size=(10, 2)).astype(np.float32),
    ),
    "bases": (Target("bases", ("a", "b")), RANDOM.integers(-1, 2, sum(LENGTHS)).astype(np.int32)),
}


def slow_batch(sequences, target, rows, seq_len, other):
    """Return ids, targets and weights, row by row."""
    starts = [max(0, (len(sequences[row]) - seq_len) // 2) for row in rows]
    ids = np.full((len(rows), seq_len), PAD, np.int32)
    classes, weights = np.zeros_like(ids), np.zeros(ids.shape, np.float32)
    for place, (row, start, turned) in enumerate(zip(rows, starts, other, strict=True)):
        bases = TO_ID["default"][sequences[row]][start : start + seq_len]
        ids[place, : len(bases)] = COMPLEMENT[bases[::-1]] if turned else bases
        if target.kind == "bases":
            labels = sequences.target(row)[start : start + seq_len][:: -1 if turned else 1]
            weights[place, : len(labels)] = labels >= 0
            classes[place, : len(labels)] = np.maximum(labels, 0)
    if target.kind == "bases":
        return ids, classes, weights
    values = np.array([sequences.target(row) for row in rows])
    values = standardised(values, target) if target.kind == "regression" else values
    return ids, values.astype(np.int32 if target.kind == "classes" else np.float32), np.ones(len(rows), np.float32)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("seq_len", [1, 8, 40])
@pytest.mark.parametrize("kind", TARGETS)
def test_a_batch_is_that_of_a_loop_over_its_rows(kind, seq_len, stream, streamed):
    target, targets = TARGETS[kind]
    held = LabelledSequences.of(TEXTS, targets)
    rows, other = np.array([9, 0, 4, 4, 3, 8, 1, 2, 6, 5, 7]), np.arange(11) % 3 == 1
    batch = batch_of_rows(streamed(held) if stream else held, target, rows, seq_len, other)
    for array, expected in zip(batch, slow_batch(held, target, rows, seq_len, other), strict=True):
        np.testing.assert_array_equal(array, expected)
        assert array.dtype == expected.dtype


class Windows(SequenceTask):
    """A task with a source that draws windows for training."""

    name, target = "windows", Target("classes", ("no", "yes"))

    def __init__(self, streamed, **options):
        super().__init__(**options)
        self.streamed = streamed

    def sequences(self, split):
        held = LabelledSequences.of(["ACGTACGTACGT"] * 6, np.arange(6, dtype=np.int32) % 2)
        source = self.streamed(held)
        source.window = lambda draw, index: (held[index][draw.step % 4 :][:8], held.target(index))
        return source


def test_training_reads_windows_of_the_draw_and_validation_the_rows(streamed):
    task = Windows(streamed)
    first = [task.batch(Draw(split, 1, 8, 2, 0)).ids[0] for split in ("train", "valid")]
    np.testing.assert_array_equal(first, TO_ID["default"][[list(b"CGTACGTA"), list(b"GTACGTAC")]])
    assert task.prepare(8) == [
        "Sequences are read on both strands; --forward-only reads one.",
        "The rows of train, valid, test are read when they are needed: repeated sequences and characters that are not "
        "bases are not counted.",
    ]


def test_the_classes_of_rows_that_stream_are_counted_in_one_pass(streamed):
    task, held = Windows(streamed, balanced=True), LabelledSequences.of(["ACG"] * 4, np.array([0, 1, 1, 1], np.int32))
    task.sequences = lambda split: streamed(held)
    np.testing.assert_allclose(task.class_weights, [2, 2 / 3])
