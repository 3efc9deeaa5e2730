import gzip
import os
import shutil
import sys
from pathlib import Path

import pytest
from hyenadna_benchmarks.benchmark_set import all_sets, find_set
from hyenadna_benchmarks.data_folder import changed_file, fetch, split_path, suite_folder

from hyenadna_core import HyenaDNAError, dataset_folder

TF_0 = find_set("gue", "tf_0")
COHN = find_set("genomic-benchmarks", "human_enhancers_cohn")
H3 = find_set("nt-revised", "H3K9ac")


def test_the_folder_of_the_user_comes_before_the_variable_and_the_cache(tmp_path, data, monkeypatch):
    shutil.copytree(data / "gue", dataset_folder("gue/tf_0"), dirs_exist_ok=True)
    assert suite_folder(TF_0, None) == dataset_folder("gue/tf_0")
    monkeypatch.setenv("HYENADNA_BENCHMARKS", str(tmp_path))
    assert suite_folder(TF_0, None) == tmp_path / "gue"
    assert suite_folder(TF_0, data / "gue") == data / "gue"


def test_missing_data_are_one_line_with_folder_count_and_source(tmp_path, data):
    shutil.copytree(data / "gue", tmp_path / "gue")
    (tmp_path / "gue/tf/0/test.csv").unlink()
    with pytest.raises(HyenaDNAError) as caught:
        split_path(TF_0, tmp_path / "gue", "test")
    assert str(caught.value) == (
        f"{tmp_path}/gue has 2 of 3 files of gue/tf_0: test missing, such as {tmp_path}/gue/tf/0/test.csv. "
        "Get it from arxiv.org/abs/2306.15006, github.com/MAGICS-LAB/DNABERT_2; or run "
        "`hyenadna datasets --fetch gue/tf_0` and leave out --folder and HYENADNA_BENCHMARKS."
    )


def test_without_huggingface_hub_the_line_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(HyenaDNAError, match=r"0 of 2 files of .*: train, test missing, .*hyenadna-benchmarks\[hub\]'"):
        fetch(COHN, tmp_path)


def test_files_in_the_folder_are_not_downloaded(data, hub, tmp_path):
    assert fetch(TF_0, data / "gue") == {
        "train": data / "gue/tf/0/train.csv",
        "valid": data / "gue/tf/0/dev.csv",
        "test": data / "gue/tf/0/test.csv",
    }
    assert hub.asked == []


def test_files_of_the_variable_are_not_downloaded(data, hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HYENADNA_BENCHMARKS", str(data))
    assert fetch(TF_0, tmp_path)["train"] == data / "gue/tf/0/train.csv"
    assert (hub.asked, list(tmp_path.iterdir())) == ([], [])


def test_missing_splits_are_downloaded_into_the_published_layout(data, hub, tmp_path):
    folder = tmp_path / "cache"
    shutil.copytree(data / "gue", folder)
    (folder / "tf/0/dev.csv").unlink()
    content = (data / "gue/tf/0/dev.csv").read_bytes()
    hub.files["leannmlindsey/GUE", "GUE/human_tf_0/dev.csv"] = content
    assert fetch(TF_0, folder)["valid"] == folder / "tf/0/dev.csv"
    assert (folder / "tf/0/dev.csv").read_bytes() == content
    assert hub.asked == [("leannmlindsey/GUE", "GUE/human_tf_0/dev.csv", "dataset")]


def test_names_of_files_that_the_hub_chooses_are_looked_up(hub, tmp_path):
    pytest.importorskip("pyarrow")
    repository = "katarinagresova/Genomic_Benchmarks_human_enhancers_cohn"
    for split in ("train", "test"):
        hub.files[repository, f"data/{split}-00000-of-00001-b9d4d53093c06044.parquet"] = b"content"
    hub.files[repository, "README.md"] = b"read me"
    files = fetch(COHN, tmp_path)
    assert {split: str(path.relative_to(tmp_path)) for split, path in files.items()} == {
        "train": "human_enhancers_cohn/train.parquet",
        "test": "human_enhancers_cohn/test.parquet",
    }


def test_a_set_of_the_nucleotide_transformer_has_its_release_in_the_address(hub, tmp_path):
    repository = "InstaDeepAI/nucleotide_transformer_downstream_tasks_revised"
    for split in ("train", "test"):
        hub.files[repository, f"H3K9ac/{split}.parquet"] = b"content"
    assert fetch(H3, tmp_path)["test"] == tmp_path / "H3K9ac/test.parquet"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ((), r"failed \(it has 0 files data/train-\*.parquet, not one\)"),
        (("data/train-0.parquet", "data/train-1.parquet"), r"failed \(it has 2 files data/train-\*.parquet, not one\)"),
    ],
)
def test_a_hub_without_one_file_for_a_split_is_one_line(hub, tmp_path, files, message):
    for name in files:
        hub.files["katarinagresova/Genomic_Benchmarks_human_enhancers_cohn", name] = b""
    with pytest.raises(HyenaDNAError, match=message):
        fetch(COHN, tmp_path)


def test_a_failed_download_is_one_line_and_leaves_no_file(hub, tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise OSError("no network\nat all")

    monkeypatch.setattr(hub, "hf_hub_download", fail)
    with pytest.raises(HyenaDNAError, match=r"huggingface.co/datasets/leannmlindsey/GUE failed \(no network.*\)\.$"):
        fetch(TF_0, tmp_path)
    assert list(tmp_path.rglob("*.csv")) == []


def test_every_set_has_an_address_for_each_of_its_splits():
    for each in all_sets():
        repository, _, pattern = each.hub.partition(":")
        assert repository.count("/") == 1
        assert pattern.count("{split}") == 1


def test_a_file_that_was_changed_has_a_sentence_with_both_checksums(data, tmp_path):
    path = data / "gue/tf/0/train.csv"
    said = changed_file(TF_0, path, "train")
    assert said.startswith(f"{path} is not the published train file of gue/tf_0: its SHA-256 is ")
    assert TF_0.sha256["tf/0/train.csv"] in said
    copy = tmp_path / "train.csv.gz"
    copy.write_bytes(gzip.compress(path.read_bytes()))
    assert changed_file(TF_0, copy, "train") == said.replace(str(path), str(copy))
    assert changed_file(find_set("gue", "mouse_0"), path, "train") == ""


def test_the_content_of_a_file_decides_whether_it_is_compressed(data, tmp_path):
    path, plain, packed = data / "gue/tf/0/train.csv", tmp_path / "train.csv.gz", tmp_path / "train.csv"
    plain.write_bytes(path.read_bytes())
    packed.write_bytes(gzip.compress(path.read_bytes()))
    message = changed_file(TF_0, path, "train")
    for copy in (plain, packed):
        assert changed_file(TF_0, copy, "train") == message.replace(str(path), str(copy))
    plain.write_bytes(packed.read_bytes()[:-12])
    with pytest.raises(HyenaDNAError, match=r"train.csv.gz is truncated or damaged"):
        changed_file(TF_0, plain, "train")


def test_the_published_files_are_those_of_the_table():
    if not os.environ.get("HYENADNA_DATA"):
        pytest.skip("HYENADNA_DATA is not set")
    folder = Path(os.environ["HYENADNA_DATA"]) / "data" / "benchmarks"
    known = [(each, path) for each in all_sets() for path in each.sha256]
    assert len(known) == 41
    for each, path in known:
        split = path.rpartition("/")[2].removesuffix(".csv")
        file = folder / f"GUE_{each.folder.replace('/', '_')}_{split}.csv.gz"
        assert changed_file(each, file, split) == ""
