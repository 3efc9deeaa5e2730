import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hyenadna_icl import source
from hyenadna_icl.context_task import SELECTS_ON_TEST
from hyenadna_icl.few_shot import FewShotTask
from hyenadna_icl.soft_prompt import SoftPromptTask
from hyenadna_icl.source import DataName, source_of

from hyenadna_core import CausalLM, HyenaDNAError, save, train
from hyenadna_core.testing import tiny_backbone


def test_rows_come_from_tables(tables):
    task = SoftPromptTask(**tables)
    assert [len(task.split(split)) for split in ("train", "valid", "test")] == [24, 24, 24]
    assert task.classes == task.target.names == ("class 0", "class 1")
    assert task.title == "soft-prompt of train.csv (24 sequences of 14 to 20 bases)"
    assert SoftPromptTask(**tables, baseline=["kmer"]).sha256 == task.sha256


def test_without_a_validation_table_a_tenth_of_the_training_rows_is_for_validation(table):
    task = SoftPromptTask(of=str(table()), reverse_complements=False)
    assert [len(task.split(split)) for split in ("train", "valid")] == [36, 4]
    assert not task.has("test")
    assert "No --valid: 4 of the training sequences are for validation." in task.prepare(20)


def test_the_protocol_of_the_paper_validates_on_test_and_says_so(tables):
    of, test = tables["of"], tables["test"]
    task = SoftPromptTask(of, test=test, protocol="paper")
    assert task.split("valid").checksum == task.split("test").checksum == SoftPromptTask(**tables).checksum("test")
    assert len(task.split("train")) == 24
    assert task.caution == SELECTS_ON_TEST
    assert task.target.names[:4] == ("class 0", "class 1", "token [CLS]", "token [SEP]")
    assert len(task.target.names) == 16
    assert task.monitor == ("accuracy", "max")
    assert task.on_both_strands


def test_the_report_says_that_the_protocol_of_the_paper_selects_on_test(tables, tmp_path):
    save(CausalLM(tiny_backbone(100)), tmp_path / "weights")
    options = {"of": tables["of"], "test": tables["test"], "protocol": "paper", "shots": 0}
    run = train(FewShotTask, options, weights=tmp_path / "weights", out=tmp_path / "run")
    assert run.report.splitlines()[0] == SELECTS_ON_TEST
    options["protocol"] = "holdout"
    run = train(FewShotTask, options, weights=tmp_path / "weights", out=tmp_path / "other")
    assert run.report.splitlines()[0].startswith("test: 24 sequences;")


def test_folds_divide_the_training_rows(tables):
    task = SoftPromptTask(of=tables["of"], test=tables["test"], reverse_complements=False)
    parts = [task.fold(number, 3) for number in (1, 2, 3)]
    assert [len(part.split("valid")) for part in parts] == [8, 8, 8]
    assert [len(part.split("train")) for part in parts] == [16, 16, 16]
    names = np.concatenate([part.split("valid").names for part in parts])
    assert len(set(names)) == 24
    with pytest.raises(HyenaDNAError, match="--fold validates on a part of train, --protocol paper on test"):
        SoftPromptTask(of=tables["of"], test=tables["test"], protocol="paper").fold(1, 3)


def test_labels_that_are_numbers_are_classes(tmp_path):
    for count, names in ((2, ("0.5", "1.5")), (9, None)):
        rows = [f"ACGTACGT,{number % count + 0.5}" for number in range(40)]
        (tmp_path / "rows.csv").write_text("\n".join(["sequence,label", *rows]) + "\n")
        task = SoftPromptTask(of=str(tmp_path / "rows.csv"))
        if names:
            assert task.classes == names
        else:
            with pytest.raises(HyenaDNAError, match="The data have 9 classes, and each needs a label token; there are"):
                _ = task.tokens


def test_a_path_becomes_absolute_and_a_name_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").touch()
    assert DataName().convert("t.csv", None, None) == str(tmp_path / "t.csv")
    assert DataName().convert("gue/tf_0", None, None) == "gue/tf_0"


def test_a_set_of_a_suite_is_read_by_its_distribution(tmp_path, tables):
    pytest.importorskip("hyenadna_benchmarks")
    folder = tmp_path / "gue" / "tf" / "0"
    folder.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        (folder / f"{split}.csv").write_text("sequence,label\n" + "ACGTAC,0\nGGTTAC,1\n" * 5)
    task = SoftPromptTask("gue/tf_0", folder=tmp_path / "gue", reverse_complements=False)
    assert [len(task.split(split)) for split in ("train", "valid", "test")] == [10, 10, 10]
    assert task.title.startswith("soft-prompt of gue/tf_0 (10 sequences")
    assert any("10 sequences here" in sentence for sentence in task.prepare(6))
    paper = SoftPromptTask("gue/tf_0", folder=tmp_path / "gue", protocol="paper")
    assert not any("selects on test" in sentence for sentence in paper.prepare(6))  # of the mcc of the set
    assert paper.caution == SELECTS_ON_TEST
    with pytest.raises(HyenaDNAError, match="--label-column is for a table, and --of gue/tf_0 is a set of a suite"):
        source_of("gue/tf_0", label_column=("y",))


@pytest.mark.parametrize("options", [{}, {"folder": "gue"}])
def test_a_set_of_a_suite_that_is_not_installed_says_what_to_install(monkeypatch, options):
    monkeypatch.setitem(sys.modules, "hyenadna_benchmarks", None)
    monkeypatch.setitem(sys.modules, "hyenadna_benchmarks.suites", None)
    with pytest.raises(HyenaDNAError) as caught:
        source_of("gue/tf_0", **options)
    assert str(caught.value) == (
        "gue/tf_0 is a set of hyenadna-benchmarks: pip install hyenadna-benchmarks, or give the path of a table."
    )


def test_a_name_with_a_slash_that_is_no_set_of_a_suite(monkeypatch):
    monkeypatch.setitem(sys.modules, "hyenadna_benchmarks", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "hyenadna_benchmarks.suites", SimpleNamespace(SUITES={"gue": 0, "nt": 0}))
    with pytest.raises(HyenaDNAError, match=r"^gua/tf_0 is no file, and no set of a suite .gue, nt.: give one, or"):
        source_of("gua/tf_0")


def test_a_dataset_may_have_a_slash_in_its_name(monkeypatch):
    made = SimpleNamespace(files={"train": "t.csv"})
    monkeypatch.setattr(source, "ClassifyTask", lambda dataset, target: made)
    assert source_of("own/set") is made
    with pytest.raises(HyenaDNAError, match="--folder is for a set of a benchmark suite, and --of own/set is none"):
        source_of("own/set", folder="gue")

    def fails(dataset, target):
        raise HyenaDNAError("The server does not answer.")

    monkeypatch.setattr(source, "ClassifyTask", fails)
    with pytest.raises(HyenaDNAError, match="The server does not answer"):
        source_of("own/set")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"of": "nothing.csv"}, "Unknown dataset 'nothing.csv'"),
        ({"of": "data/nothing.csv"}, "Cannot read --of data/nothing.csv: there is no such file. Give the path"),
        ({"of": "ecoli-k12"}, "The dataset ecoli-k12 has no training sequences with labels"),
        ({"of": "ecoli-k12", "test": "t.csv"}, "There is no file ecoli-k12, and --valid and --test go"),
        ({"of": "ecoli-k12", "folder": "gue"}, "--folder is for a set of a benchmark suite, and --of ecoli-k12"),
        ({"sequence_column": ("ref", "alt")}, "--sequence-column is given 2 times, and each row has one sequence"),
        ({"label_column": ("a", "b")}, "--label-column is given 2 times, and each row has one sequence and one class"),
        ({"protocol": "paper"}, "--protocol paper validates on test, and there is no --test"),
    ],
)
def test_sources_that_do_not_fit_are_one_line(table, options, message):
    with pytest.raises(HyenaDNAError, match=message) as caught:
        source_of(**{"of": str(table())} | options)
    assert "\n" not in str(caught.value)


def test_targets_must_be_classes(tmp_path):
    path = tmp_path / "t.csv"
    for rows, message in (("ACGT,1\n" * 12, "has one class, 1"), ("ACGT,1\nACGG,0\n" * 12, None)):
        path.write_text("sequence,label\n" + rows)
        task = SoftPromptTask(str(path))
        if message is None:
            assert task.classes == ("0", "1")
            continue
        with pytest.raises(HyenaDNAError, match=message):
            _ = task.classes
    with pytest.raises(HyenaDNAError, match="Unknown protocol 'own': choose one of holdout, paper"):
        SoftPromptTask(str(path), protocol="own")
