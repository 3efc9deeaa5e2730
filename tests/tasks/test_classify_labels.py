"""Labels as people write them: missing, in two spellings, numbers; and very small tables."""

import pytest

from hyenadna_core import HyenaDNAError
from hyenadna_core.tasks.classify import ClassifyTask

trains = pytest.mark.usefixtures("trains")


@pytest.fixture
def table(tmp_path, random_bases):
    """Return a function that writes a table with these labels, and gives its path."""

    def write(labels, name="train.csv"):
        rows = [f"{random_bases(20, row)},{label}" for row, label in enumerate(labels)]
        (tmp_path / name).write_text("\n".join(["sequence,label", *rows]) + "\n")
        return tmp_path / name

    return write


def messages(task):
    for split in ("train", "valid", "test"):
        task.has(split)
    return "\n".join(task.prepare(30))


def test_missing_labels_are_counted_by_spelling_and_left_out(table):
    task = ClassifyTask(train=table(["a", "b", "NA", "nan", "NA", "None", ""] * 4))
    said = messages(task)
    assert task.target.names == ("a", "b")
    for spelling, count in (("NA", 8), ("nan", 4), ("None", 4)):
        assert f"{count} rows of {task.files['train']} were left out: the label is {spelling}, which stands for" in said
    assert "4 rows of" in said


def test_missing_quantities_are_left_out_and_counted(table):
    task = ClassifyTask(train=table(["0.5", "1.5", "nan", "2.5"] * 5), target="regression")
    assert "5 rows of" in messages(task)
    assert len(task.split("train")) + len(task.split("valid")) == 15


@pytest.mark.parametrize("labels", [["0", "1.0"], ["True", "true"], ["1", "1.0"], ["Yes", "yes", "no"]])
def test_labels_in_two_spellings_are_said(table, labels):
    assert repr(labels[-1 if "no" not in labels else 1]) in messages(ClassifyTask(train=table(labels * 10)))


def test_the_classes_0_to_k_are_classes_without_an_option(table):
    task = ClassifyTask(train=table([str(number % 12) for number in range(60)]))
    assert (task.target.kind, len(task.target.names)) == ("classes", 12)


@pytest.mark.parametrize("labels", [[f"{row / 48:.4f}" for row in range(48)], [str(row) for row in range(48)]])
def test_numbers_without_a_kind_of_target_are_one_line(table, labels):
    path = table(labels)
    with pytest.raises(HyenaDNAError, match=r"train.csv: The labels are 48 .*--target regression.*--target classes"):
        ClassifyTask(train=path).split("train")
    for target in ("regression", "classes"):
        assert ClassifyTask(train=path, target=target).target.kind == target


@pytest.mark.parametrize(
    ("labels", "target", "message"),
    [
        (["1" * 400, "2"], "regression", "train.csv, row 1: the label has 400 characters"),
        (["1" * 150, "2"], "regression", "train.csv: row 1, value: .* is not a number that fits float32"),
        (["x", "x"], "classes", "train.csv: The training split has one class"),
        (["xy", "x" * 20], "bases", "train.csv: row 1: the label has 2 characters for 20 bases"),
    ],
)
def test_a_label_that_cannot_be_used_names_the_file_and_the_row(table, labels, target, message):
    with pytest.raises(HyenaDNAError, match=message):
        ClassifyTask(train=table(labels), target=target).split("train")


@pytest.mark.one_backend
@trains
def test_figures_of_the_training_rows_say_so(table, cli):
    path = table(["a", "b"] * 4)
    options = ("--stages", "20x4@1", "--baseline", "none", "--out", "run")
    status, stdout, stderr = cli("train", "--task", "classify", "--train", path, *options)
    assert status == 0, stderr
    assert "No --valid, and fewer than 10 training sequences: nothing is held out or validated." in stderr
    assert stdout.startswith("train: 8 sequences; ")
    assert "The figures are of the training sequences: they do not show how the model does on new ones." in stdout
    assert "The task classify has no valid data: choose another --split." in cli("evaluate", "run")[2]
    assert cli("evaluate", "run", "--split", "train")[1].startswith("split\ttrain\n")
    assert cli("predict", "run", path)[0] == 0
