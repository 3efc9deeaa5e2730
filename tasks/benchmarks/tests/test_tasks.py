import csv

import numpy as np
import pytest
from hyenadna_benchmarks.tasks import TASKS, GenomicBenchmarksTask, GUETask, NucleotideTransformerTask, task_of

from hyenadna_core import CausalLM, HyenaDNAError, save, train
from hyenadna_core.testing import tiny_backbone


@pytest.fixture
def tf_0(data):
    """Return a function that makes the task of the small files of GUE tf_0."""
    return lambda **options: GUETask(set="tf_0", folder=data / "gue", **options)


@pytest.fixture
def cohn(data):
    """Return a function that makes the task of the small files of human_enhancers_cohn."""
    return lambda **options: task_of(
        "genomic-benchmarks", "human_enhancers_cohn", data / "genomic-benchmarks", **options
    )


def test_the_published_dev_split_validates_in_the_protocol_holdout(tf_0):
    task = tf_0()
    assert [len(task.split(name)) for name in ("train", "valid", "test")] == [24, 8, 8]
    assert task.split("valid").checksum == task.published("dev").checksum
    assert (task.target.names, task.monitor) == (("0", "1"), ("mcc", "max"))
    assert task.title == "gue/tf_0, protocol holdout (24 sequences of 101 bases)"


def test_without_dev_a_tenth_of_each_class_is_held_out(data, tmp_path, random_rows):
    folder = tmp_path / "human_enhancers_cohn"
    folder.mkdir()
    for split, count in (("train", 90), ("test", 10)):
        rows = [f"{bases},{int(row >= 40)}" for row, bases in enumerate(random_rows(count))]
        (folder / f"{split}.csv").write_text("\n".join(["seq,label", *rows]) + "\n")
    task, again = (task_of("genomic-benchmarks", "human_enhancers_cohn", tmp_path) for _ in range(2))
    train, valid = task.split("train"), task.split("valid")
    assert (np.bincount(valid.targets).tolist(), np.bincount(train.targets).tolist()) == ([4, 5], [36, 45])
    assert set(train.names).isdisjoint(valid.names)
    assert again.split("valid").names == valid.names
    assert task.monitor == ("accuracy", "max")


def test_too_few_rows_for_a_tenth_are_one_line(tmp_path, random_rows):
    folder = tmp_path / "human_enhancers_cohn"
    folder.mkdir()
    for split in ("train", "test"):
        rows = [f"{bases},{row % 2}" for row, bases in enumerate(random_rows(8))]
        (folder / f"{split}.csv").write_text("\n".join(["seq,label", *rows]) + "\n")
    task = task_of("genomic-benchmarks", "human_enhancers_cohn", tmp_path)
    message = (
        "^genomic-benchmarks/human_enhancers_cohn: train has 8 rows, too few for a validation part of a tenth: "
        "give 10 rows or more.$"
    )
    for split in ("train", "valid"):
        with pytest.raises(HyenaDNAError, match=message):
            task.split(split)
    assert len(task.fold(1, 2).split("valid")) == 4


def test_the_protocol_paper_validates_on_test_and_says_so(tf_0):
    task = tf_0(protocol="paper")
    task.prepare(101)
    assert task.split("valid").checksum == task.split("test").checksum
    assert len(task.split("train")) == 24
    assert task.caution == (
        "The protocol paper selects on test: the best weights are those with the best mcc of the test split, "
        "so its figures are too high. --protocol holdout uses test once."
    )
    assert tf_0(protocol="holdout").caution == ""
    assert task.title == "gue/tf_0, protocol paper, which selects on test (24 sequences of 101 bases)"
    with pytest.raises(HyenaDNAError, match="--fold validates on a part of train, --protocol paper on test"):
        tf_0(protocol="paper").fold(1, 5)


def test_folds_divide_all_training_rows_and_leave_the_dev_split(tf_0):
    folds = [tf_0().fold(number, 4) for number in (1, 2, 3, 4)]
    names = [fold.split("valid").names for fold in folds]
    assert sorted(name for part in names for name in part) == sorted(tf_0().split("train").names)
    assert [len(fold.split("train")) for fold in folds] == [18] * 4
    assert folds[0].split("test").checksum == tf_0().split("test").checksum


def test_folds_of_a_set_without_dev_divide_its_tenth_too(cohn):
    whole = cohn().published("train")
    folds = [cohn().fold(number, 5) for number in range(1, 6)]
    assert sorted(name for fold in folds for name in fold.split("valid").names) == sorted(whole.names)


def test_prepare_names_other_sizes_and_changed_files(tf_0):
    messages = tf_0().prepare(101)
    assert "gue/tf_0: train has 24 sequences here, and 32,378 as published." in messages
    assert sum("is not the published" in message for message in messages) == 3


def test_a_trained_model_predicts_without_the_training_data(tf_0, tmp_path, random_rows, check_task):
    from hyenadna_core import CausalLM
    from hyenadna_core.testing import tiny_backbone

    state = tf_0().state()
    task = GUETask.from_options({"set": "tf_0", "folder": tmp_path / "gone"}, state)
    path = tmp_path / "new.fa"
    path.write_text("".join(f">{row}\n{bases}\n" for row, bases in enumerate(random_rows(3))))
    columns, rows = task.predict(task.model(CausalLM(tiny_backbone())), path, sequence_column=None, fasta=None)
    assert (columns[:2], [row[0] for row in rows]) == (["name", "predicted"], ["0", "1", "2"])
    assert {row[1] for row in rows} <= {"0", "1"}


@pytest.mark.parametrize("protocol", ["holdout", "paper"])
def test_the_report_says_if_the_figures_select_on_test(data, tmp_path, protocol):
    save(CausalLM(tiny_backbone(128)), tmp_path / "weights")
    options = {"set": "tf_0", "folder": data / "gue", "protocol": protocol, "baseline": ["none"]}
    run = train(GUETask, options, weights=tmp_path / "weights", out=tmp_path / "run", steps=1)
    assert run.report.splitlines()[0].startswith(
        "The protocol paper selects on test: the best weights are those with the best mcc"
        if protocol == "paper"
        else "test: 8 sequences;"
    )


def test_the_release_is_part_of_the_set():
    tasks = {release: NucleotideTransformerTask(set="H3K4me3", release=release) for release in ("original", "revised")}
    assert {release: task.set.full_name for release, task in tasks.items()} == {
        "original": "nt-original/H3K4me3",
        "revised": "nt-revised/H3K4me3",
    }
    assert task_of("nt-original", "promoter_all").monitor == ("f1", "max")


def test_options_are_those_of_the_command(data):
    options = {
        "set": "demo_human_or_worm",
        "folder": data,
        "protocol": "paper",
        "class_fasta": ["worm=elegans.fa"],
        "fasta": data / "human.fa",
        "epochs": 2.0,
    }
    task = GenomicBenchmarksTask.from_options(options)
    assert {label: genome.path.name for label, genome in task.genomes.items()} == {"": "human.fa", "worm": "elegans.fa"}
    assert (task.protocol, task.epochs) == ("paper", 2.0)
    for kind in TASKS:
        names = [option.name for option in kind.options]
        assert len(names) == len(set(names))
        assert {"set", "folder", "protocol", "epochs"} <= set(names)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GUETask(set="tf_9"), "gue has no set 'tf_9': do you mean tf_"),
        (lambda: GUETask(set="tf_0", protocol="cv5"), "Unknown protocol 'cv5': choose one of holdout, paper."),
        (lambda: NucleotideTransformerTask(set="H3", release="new"), "Unknown release 'new': choose one of original,"),
        (lambda: task_of("bend", "x"), "Unknown suite 'bend': choose one of genomic-benchmarks, nt-original,"),
        (
            lambda: task_of("genomic-benchmarks", "human_enhancers_cohn", class_fasta=["worm=a.fa"]),
            "--class-fasta worm: genomic-benchmarks/human_enhancers_cohn has the classes negative, positive.",
        ),
        (
            lambda: task_of("gue", "tf_0", "/nowhere").split("train"),
            "/nowhere has 0 of 3 files of gue/tf_0: train, dev",
        ),
    ],
)
def test_a_wrong_option_is_one_line(make, message):
    with pytest.raises(HyenaDNAError) as caught:
        make()
    assert str(caught.value).startswith(message)


def test_a_dataset_is_registered_for_every_set(data, monkeypatch):
    from hyenadna_benchmarks.datasets import datasets

    by_name = {each.name: each for each in datasets()}
    assert len(by_name) == 81
    one = by_name["genomic-benchmarks/human_nontata_promoters"]
    assert (one.sequences, one.classes, one.median_length, one.metric) == (36131, 2, 251, "accuracy")
    assert (one.task, one.licence) == ("genomic-benchmarks", "Apache-2.0")
    assert "doi.org/10.1186/s12863-023-01123-8" in one.source
    files = by_name["gue/tf_0"].fetch(data / "gue")
    with files["valid"].open() as file:
        assert len(list(csv.DictReader(file))) == 8
    assert {each.task for each in by_name.values()} == {task.name for task in TASKS}
