"""A task with a faulty source of rows stops in one line, and never reads another row's bases."""

import numpy as np
import pytest

from hyenadna_core import Draw, HyenaDNAError, LabelledSequences, SequenceTask, Target
from hyenadna_core.tasks.sequence_batches import cut_of_rows, ids_of_cut
from hyenadna_core.tokens import PAD, TO_ID
from hyenadna_core.training.prefetch import prefetched

HELD = LabelledSequences.of(["ACGTA", "CCC", "GG", "TTTTT"], np.array([0, 1, 0, 1], np.int32), list("abcd"))


class Task(SequenceTask):
    """A task whose training rows, or those of another split, have a fault."""

    name, target = "faulty", Target("classes", ("no", "yes"))
    split_of_fault, fault = "train", {}

    def __init__(self, streamed, split="train", names=("no", "yes"), fold_of=None, balanced=False, **fault):
        super().__init__(balanced=balanced)
        self.streamed, self.split_of_fault, self.fault, self.fold_of = streamed, split, fault, fold_of
        self.target = Target("classes", names)

    def sequences(self, split):
        fault = self.fault if split == self.split_of_fault else {}
        return type("Source", (self.streamed,), {"__init__": of_held} | fault)(HELD)


def of_held(source, held):
    source.held = held
    for name, value in {"checksum": "held", "lengths": held.lengths}.items():
        if name not in vars(type(source)):
            setattr(source, name, value)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"lengths": HELD.lengths[:3]}, r"^The train rows of faulty \(Source\) are 4, and there are 3 lengths"),
        (
            {"split": "valid", "lengths": [5, 3, 2, 5]},
            r"^The valid rows of faulty \(Source\) have as lengths \[5, 3, 2, 5\]",
        ),
        ({"split": "test", "checksum": None}, r"^The test rows of faulty \(Source\) have as checksum None"),
        ({"fold_of": (1, 2), "lengths": [5, 3, 2, 5]}, r"^The train rows of faulty \(Source\) have as lengths"),
        ({"row": lambda self, index: (b"ACGTA", 0)}, r"^row\(0\) of Source \(a\) has as bases b'ACGTA' \(bytes\)"),
        ({"row": lambda self, index: next(iter(()))}, r"^row\(0\) of Source raised StopIteration"),
        ({"names": ("no", "no")}, "^The target of faulty has a name more than once: no: name each once"),
    ],
)
def test_a_faulty_source_stops_a_task_before_it_runs(fault, message, streamed):
    Task(streamed).prepare(5)
    with pytest.raises(HyenaDNAError, match=message):
        Task(streamed, **fault).prepare(5)


def test_an_empty_split_in_memory_is_one_line(streamed):
    task = Task(streamed)
    task.sequences = lambda split: HELD.take([])
    with pytest.raises(HyenaDNAError, match=r"^The train rows of faulty \(LabelledSequences\) are none: return None"):
        task.split("train")


def test_classes_out_of_range_are_found_where_they_are_counted(streamed):
    task = Task(streamed, balanced=True, row=lambda self, index: (HELD[index], index))
    with pytest.raises(HyenaDNAError, match=r"^row\(2\) of Source \(c\) has the target 2: classes are whole numbers"):
        task.prepare(5)


def test_a_fault_of_a_later_window_comes_out_of_the_thread_that_reads_ahead(streamed):
    task = Task(streamed, window=lambda self, draw, index: next(iter(())) if index == 3 else HELD.row(index))
    draws = (Draw("train", step, 5, 1, 0) for step in range(4))
    message = r"^window\(draw, 3\) of Source raised StopIteration"
    with prefetched(task.batch, draws) as batches, pytest.raises(HyenaDNAError, match=message):
        list(batches)


def test_a_batch_of_pairs_in_a_task_of_single_sequences_is_one_line(streamed):
    task = Task(streamed, row=lambda self, index: ((HELD[index],) * 2 if index % 2 else HELD[index], 0))
    task.prepare(5)  # reads only the first row
    message = r"^row\(3\) of Source \(d\) has two sequences in place of one: give all rows of a task the same"
    with pytest.raises(HyenaDNAError, match=message):
        task.rows(task.split("train"), np.array([3]), 5)
    task.evaluation_bases = 1  # a row at a time
    with pytest.raises(HyenaDNAError, match=r"^row\(1\) of Source \(b\) has two sequences in place of one"):
        task.predicted(Sums(), task.split("train"))


class Sums:
    """A model that answers with the sum of the ids."""

    max_seq_len = 3

    def predict_on_batch(self, ids):
        return np.stack([ids.sum(axis=1), -ids.sum(axis=1)], axis=1).astype(float)


@pytest.mark.parametrize("long_rows", ["middle", "windows"])
def test_rows_shorter_than_their_lengths_are_never_predicted_with_bases_of_others(long_rows, streamed):
    task = Task(streamed, lengths=np.array([5, 3, 9, 5]))
    task.long_rows = long_rows
    with pytest.raises(HyenaDNAError, match=r"^row\(2\) of Source \(c\) has 2 bases, and lengths says 9"):
        task.predicted(Sums(), task.split("train"))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("start", "texts"),
    [(0, ["ACG", "CCC", "GG"]), (2, ["GTA", "C", ""]), (7, ["", "", ""]), (-1, ["ACG", "CCC", "GG"])],
)
def test_a_cut_has_no_base_of_another_row(start, texts, turned):
    cut = cut_of_rows(HELD, np.arange(3), 3, np.full(3, start), np.full(3, turned))
    for ids, text in zip(ids_of_cut(HELD, cut).tolist(), texts, strict=True):
        bases = TO_ID["default"][list(text.encode())].tolist()[:: -1 if turned else 1]
        assert ids == bases + [PAD] * (3 - len(text))
