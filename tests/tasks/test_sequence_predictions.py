"""New sequences are predicted in parts; tasks that predict a whole file still do."""

import numpy as np
import pytest

from hyenadna_core import HyenaDNAError, SequenceTask, Target
from hyenadna_core.task import Task
from hyenadna_core.tasks import sequence_predictions
from hyenadna_core.tasks.classify import ClassifyTask
from hyenadna_core.tokens import PAD


class Counts:
    """A model that predicts the number of bases of each row."""

    max_seq_len = 8

    def __init__(self):
        self.shapes = []

    def predict_on_batch(self, ids):
        self.shapes.append(ids.shape)
        return (ids != PAD).sum(axis=1, keepdims=True).astype(np.float32)


class Lengths(SequenceTask):
    name = "lengths"
    target = Target("regression", ("length",))

    def sequences(self, split):
        return None


@pytest.fixture
def reads(tmp_path):
    """Write ten reads of 1 to 10 bases between two empty ones, and return the file."""
    path = tmp_path / "reads.fq"
    sequences = ["", *("ACGT*ACGTA"[:length] for length in range(1, 11)), ""]
    path.write_text("".join(f"@r{len(text)}\n{text}\n+\n{'I' * len(text)}\n" for text in sequences))
    return path


EXPECTED = [[f"r{length}", float(min(length, 8))] for length in range(1, 11)]


@pytest.mark.parametrize(("limit", "sizes"), [("MOST_ROWS", [4, 4, 2]), ("MOST_VALUES", [4, 4, 2]), (None, [10])])
def test_a_file_is_predicted_in_parts_with_the_same_rows_and_one_count_of_what_is_odd(
    reads, monkeypatch, capsys, limit, sizes
):
    if limit:
        monkeypatch.setattr(sequence_predictions, limit, 4)
    parts = list(Lengths().predictions(Counts(), reads, sequence_column=None, fasta=None))
    assert [len(rows) for _, rows in parts] == sizes
    assert {tuple(columns) for columns, _ in parts} == {("name", "length")}
    assert [row for _, rows in parts for row in rows] == EXPECTED
    assert capsys.readouterr().err == (
        f"2 rows of {reads} were left out: the sequence is empty.\n"
        "2 of 10 sequences are too long, because this model has place for 8 bases: they are cropped to their middle.\n"
        "6 of 55 characters of reads.fq are not bases: they are read as [UNK].\n"
    )
    assert Lengths().predict(Counts(), reads) == (["name", "length"], EXPECTED)


def test_parts_have_so_many_bases(reads, monkeypatch):
    monkeypatch.setattr(sequence_predictions, "MOST_BASES", 10)
    assert [len(rows) for _, rows in Lengths().predictions(Counts(), reads)] == [4, 2, 2, 2]


def test_rows_come_before_a_fault_that_is_further_on(reads, monkeypatch):
    monkeypatch.setattr(sequence_predictions, "MOST_ROWS", 4)
    reads.write_text(reads.read_text() + "@broken\nAC\n")
    parts = Lengths().predictions(Counts(), reads)
    assert [len(next(parts)[1]), len(next(parts)[1])] == [4, 4]
    with pytest.raises(HyenaDNAError, match=r"record 13 \(broken\) is cut off"):
        next(parts)


@pytest.mark.parametrize(("batch_size", "most"), [(1, 1), (3, 3), (None, 10)])
def test_so_many_sequences_are_read_at_a_time(reads, batch_size, most):
    model = Counts()
    (part,) = Lengths().predictions(model, reads, batch_size)
    assert part[1] == EXPECTED
    assert max(rows for rows, _ in model.shapes) == most


class Old(Task):
    """A task of a plug-in that predicts a whole file, with the arguments of old."""

    name = "old"

    def batch(self, draw):
        raise NotImplementedError

    def predict(self, model, path, *, sequence_column=None, fasta=None):
        return ["name", "x"], [[path.name, 1]]


class OldLengths(Lengths):
    name = "old-lengths"

    def predict(self, model, path, **columns):
        columns, rows = super().predict(model, path, **columns)
        return [*columns, "double"], [[*row, 2 * row[1]] for row in rows]


def test_a_task_that_predicts_a_whole_file_gives_one_part(reads):
    (part,) = Old().predictions(Counts(), reads, sequence_column=None, fasta=None)
    assert part == (["name", "x"], [["reads.fq", 1]])
    ((columns, rows),) = OldLengths().predictions(Counts(), reads)
    assert (columns, rows[1]) == (["name", "length", "double"], ["r2", 2.0, 4.0])
    for task in (Old(), OldLengths()):
        with pytest.raises(HyenaDNAError, match=f"The task {task.name} chooses how many .*: leave out --batch-size"):
            list(task.predictions(Counts(), reads, 4))


@pytest.mark.parametrize("name", ["new.csv", "new.fa"])
def test_new_tables_have_the_column_of_training_and_other_files_have_none(tmp_path, name):
    content = {"new.csv": "bases,sequence\nACG,A\n", "new.fa": ">1\nACG\n"}[name]
    (tmp_path / name).write_text(content)
    state = {"target": {"kind": "regression", "names": ["y"], "center": [], "scale": []}}
    task = ClassifyTask.from_options({"sequence_column": "bases"}, state)
    assert task.predict(Counts(), tmp_path / name) == (["name", "y"], [["1", 3.0]])
