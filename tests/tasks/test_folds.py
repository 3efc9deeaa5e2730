"""Folds of sequence tasks: disjoint parts that hold all rows and divide no groups."""

import json

import numpy as np
import pytest

import hyenadna_core
from hyenadna_core import Draw, HyenaDNAError, LabelledSequences, SequenceTask, Target
from hyenadna_core.tasks.causal_lm import CausalLMTask
from hyenadna_core.tasks.classify import ClassifyTask
from hyenadna_core.tasks.folds import parts_of_rows

CLASSES = np.random.default_rng(1).choice(3, 100, p=[0.7, 0.2, 0.1])


class Toy(SequenceTask):
    """A task whose sequences are all different."""

    name = "toy"
    target = Target("classes", ("a", "b", "c"))

    def sequences(self, split):
        rows = {"train": 100, "valid": 7, "test": 5}[split]
        names = [f"{split}-{row}" for row in range(rows)]
        texts = ["".join("ACGT"[row // 4**place % 4] for place in range(6)) for row in range(rows)]
        return LabelledSequences.of(texts, CLASSES[:rows].astype(np.int32), names)


class Grouped(Toy):
    """A task whose sequences come from genes."""

    genes = np.random.default_rng(2).integers(20, size=100)

    def fold_groups(self, split):
        return [f"gene-{gene}" for gene in self.genes] if split == "train" else None


def names(task, split):
    return list(task.split(split).names)


@pytest.mark.parametrize("task", [Toy(), Grouped()])
@pytest.mark.parametrize("of", [2, 5, 7])
def test_each_row_is_in_one_part_and_trained_on_in_the_others(task, of):
    folds = [task.fold(number, of) for number in range(1, of + 1)]
    everything = sorted(names(task, "train"))
    assert sorted(name for fold in folds for name in names(fold, "valid")) == everything
    for fold in folds:
        assert sorted(names(fold, "train") + names(fold, "valid")) == everything
        assert names(fold, "test") == names(task, "test")


def test_parts_have_like_numbers_of_each_class():
    parts = parts_of_rows(CLASSES, None, 5)
    for rows in (np.ones(100, bool), *(number == CLASSES for number in range(3))):
        counts = np.bincount(parts[rows], minlength=6)[1:]
        assert counts.max() - counts.min() <= 1


def test_rows_are_dealt_in_a_random_order_which_is_always_the_same():
    first = parts_of_rows(np.zeros(12, int), None, 3)
    assert first.tolist() == [1, 3, 2, 2, 1, 2, 3, 3, 2, 1, 1, 3]
    other = parts_of_rows(np.zeros(12, int), None, 4)
    assert other.tolist() != first.tolist()


def test_a_group_is_never_divided_and_parts_are_of_like_size():
    parts, genes = parts_of_rows(CLASSES, Grouped.genes, 5), Grouped.genes
    assert all(len(np.unique(parts[genes == gene])) == 1 for gene in np.unique(genes))
    counts = np.array([np.bincount(parts[number == CLASSES], minlength=6)[1:] for number in range(3)])
    assert counts.sum(axis=0).min() > 14
    assert (counts[:2].min(axis=1) > 0).all()


def test_one_large_group_leaves_each_part_a_group():
    groups = np.array([0] * 90 + [1, 2, 3, 4] + [0] * 6)
    parts = parts_of_rows(CLASSES, groups, 5)
    assert sorted(np.unique(parts)) == [1, 2, 3, 4, 5]


def test_groups_of_different_classes_do_not_share_a_part_while_another_is_empty():
    classes = np.array([0, 0, 1, 1, 2])
    assert sorted(np.unique(parts_of_rows(classes, classes, 3))) == [1, 2, 3]


@pytest.mark.parametrize(("groups", "noun"), [(None, "rows"), (np.array([1, 1, 1, 2]), "groups of rows")])
def test_fewer_rows_or_groups_than_folds_is_one_line(groups, noun):
    with pytest.raises(HyenaDNAError, match=rf"\d training {noun} cannot be divided into 5 folds: take fewer folds"):
        parts_of_rows(np.zeros(4, int), groups, 5)


def test_groups_that_are_not_those_of_the_rows_are_one_line():
    class Wrong(Toy):
        def fold_groups(self, split):
            return [1, 2]

    with pytest.raises(HyenaDNAError, match="The task toy has 2 groups for 100 rows: give one for each"):
        Wrong().fold(1, 2).split("train")


def test_a_fold_of_a_task_that_was_used_is_that_of_a_new_one():
    used, draw = Toy(balanced=True), Draw("train", 3, 6, 4, 0)
    used.batch(draw), used.sha256, used.groups("valid", 6)
    fold, fresh = used.fold(2, 3), Toy(balanced=True).fold(2, 3)
    for one, other in zip(fold.batch(draw), fresh.batch(draw), strict=True):
        np.testing.assert_array_equal(one, other)
    assert fold.sha256 == fresh.sha256 != used.sha256
    assert fold.padded_lengths(6) == fresh.padded_lengths(6)
    assert names(used, "valid") == [f"valid-{row}" for row in range(7)]
    assert names(used.fold(1, 3).fold(2, 3), "valid") == names(fresh, "valid")


def test_all_folds_have_the_checksum_of_all_rows():
    whole = [Toy().fold(number, of).whole_sha256 for number, of in ((1, 3), (2, 3), (1, 2))]
    assert len(set(whole)) == 1
    assert Toy().fold(1, 3).checksum("valid") != Toy().fold(2, 3).checksum("valid")

    class Other(Toy):
        def sequences(self, split):
            return super().sequences(split).take(range(50)) if split == "train" else super().sequences(split)

    assert Other().fold(1, 3).whole_sha256 != whole[0]
    assert Toy().whole_sha256 == Toy().sha256


@pytest.fixture
def table(tmp_path, random_bases):
    lines = ["sequence,label", *(f"{random_bases(24, row)},{'yes' if row % 3 else 'no'}" for row in range(30))]
    (tmp_path / "train.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "train.csv"


def test_classify_divides_all_of_its_training_file(table):
    folds = [ClassifyTask(train=table).fold(number, 3) for number in (1, 2, 3)]
    assert sorted(name for fold in folds for name in names(fold, "valid")) == sorted(map(str, range(1, 31)))
    assert [len(fold.split("train")) for fold in folds] == [20, 20, 20]
    assert not [message for message in folds[0].prepare(24) if "No --valid" in message]
    with pytest.raises(HyenaDNAError, match="--fold validates on a part of --train: leave out --valid"):
        ClassifyTask(train=table, valid=table).fold(1, 3)


def test_a_task_without_folds_is_one_line():
    with pytest.raises(HyenaDNAError, match="The task causal-lm has no folds: leave out --fold"):
        CausalLMTask.from_options({}).fold(1, 2)


@pytest.mark.one_backend
@pytest.mark.usefixtures("trains")
def test_a_fold_is_kept_by_its_run(cli, tmp_path, table, monkeypatch, one_line):
    weights = tmp_path / "tiny"
    hyenadna_core.save(hyenadna_core.CausalLM(hyenadna_core.HyenaBackbone(1, 8, 66)), weights)
    options = ["--task", "classify", "--train", table, "--baseline", "none", "--weights", weights, "--stages", "24x4@2"]
    status, stdout, stderr = cli("train", *options, "--fold", "2/3", "--out", "run")
    assert status == 0, stderr
    assert "Fold 2/3: the other parts of the training rows are for training, this one for validation." in stderr
    assert stdout.startswith("valid: 10 sequences; run/predictions.tsv")
    run = hyenadna_core.open_run(tmp_path / "run")
    assert run.run["config"]["fold"] == "2/3"
    assert names(run.task, "valid") == names(ClassifyTask(train=table).fold(2, 3), "valid")
    assert run.evaluate() == run.figures["tiny"]
    described = run.run
    del described["finished"]
    (tmp_path / "run" / "run.json").write_text(json.dumps(described))
    assert cli("train", "--resume", "run")[:2] == (0, stdout)
    assert cli("evaluate", "run")[0] == 0
    for words, message in (
        (("--fold", "4/3"), "'4/3' is not K/N"),
        (("--fold", "1/1"), "'1/1' is not K/N"),
        (("--fold", "1/40"), "30 training rows cannot be divided into 40 folds"),
        (("--fold", "1/3", "--valid", table), "leave out --valid"),
    ):
        assert message in one_line(cli("train", *options, *words, "--out", "other")[2])
    assert "The task causal-lm has no folds: leave out --fold" in one_line(cli("train", "--fold", "1/2")[2])
    assert not (tmp_path / "other").exists()
