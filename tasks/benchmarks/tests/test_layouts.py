import csv
import gzip

import numpy as np
import pytest
from hyenadna_benchmarks.benchmark_set import all_sets, find_set
from hyenadna_benchmarks.layouts import find_split

PROMOTERS = "genomic-benchmarks", "human_nontata_promoters"


def real_rows(data):
    with (data / "genomic-benchmarks" / "human_nontata_promoters.tsv").open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


def write_folders(folder, rows):
    for row in rows:
        path = folder / "human_nontata_promoters" / row["split"] / row["class"] / f"{row['id']}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(row["sequence"])


def text(row):
    return row.tobytes().decode()


def test_gue_is_read_with_its_three_splits(read_split, data):
    splits = {split: read_split("gue", "tf_0", data / "gue", split) for split in ("train", "dev", "test")}
    assert {split: len(rows) for split, rows in splits.items()} == {"train": 24, "dev": 8, "test": 8}
    assert splits["train"].targets[:4].tolist() == [0, 1, 1, 1]
    assert text(splits["train"][0]).startswith("CTGTGGTGCCTGCAGACAAAGCAGG")
    assert set(splits["train"].lengths.tolist()) == {101}


@pytest.mark.parametrize("place", ["tf/0", "tf_0", "human_tf_0"])
def test_gue_is_found_in_compressed_copies_with_other_names(read_split, data, tmp_path, place):
    folder = tmp_path / place
    folder.mkdir(parents=True)
    (folder / "train.csv.gz").write_bytes(gzip.compress((data / "gue/tf/0/train.csv").read_bytes()))
    rows, copy = read_split("gue", "tf_0", data / "gue", "train"), read_split("gue", "tf_0", tmp_path, "train")
    assert copy.checksum == rows.checksum


def test_a_table_with_a_column_of_splits_is_divided_by_it(read_split, data):
    rows = real_rows(data)
    for split in ("train", "test"):
        expected = [row for row in rows if row["split"] == split]
        found = read_split(*PROMOTERS, data / "genomic-benchmarks", split)
        assert [text(bases) for bases in found] == [row["sequence"] for row in expected]
        assert found.targets.tolist() == [["negative", "positive"].index(row["class"]) for row in expected]
        assert list(found.names) == [row["id"] for row in expected]


def test_a_table_of_one_split_may_have_rows_of_another(read_split, data):
    train = read_split("genomic-benchmarks", "human_enhancers_cohn", data / "genomic-benchmarks", "train")
    test = read_split("genomic-benchmarks", "human_enhancers_cohn", data / "genomic-benchmarks", "test")
    assert (train.targets.tolist(), test.targets.tolist()) == ([0] * 5 + [1] * 5, [0] * 3 + [1] * 3)


def test_folders_of_classes_give_the_rows_of_the_table(read_split, data, tmp_path):
    write_folders(tmp_path, real_rows(data))
    for split in ("train", "test"):
        table, folders = (read_split(*PROMOTERS, place, split) for place in (data / "genomic-benchmarks", tmp_path))
        assert sorted(zip(map(text, folders), folders.targets.tolist(), strict=True)) == sorted(
            zip(map(text, table), table.targets.tolist(), strict=True)
        )
        assert list(folders.names) == sorted(folders.names)
        assert folders.names[0].startswith("negative/")


def test_class_ids_do_not_depend_on_the_order_in_which_folders_are_listed(read_split, data, tmp_path, monkeypatch):
    import os

    write_folders(tmp_path, real_rows(data))
    before = read_split(*PROMOTERS, tmp_path, "train")
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: sorted(scandir(path), key=lambda entry: entry.name)[::-1])
    after = read_split(*PROMOTERS, tmp_path, "train")
    assert (before.checksum, before.names) == (after.checksum, after.names)


def write_fasta(folder, headers, sequences):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "train.fna"
    path.write_text("".join(f">{header}\n{bases}\n" for header, bases in zip(headers, sequences, strict=True)))
    return path


def test_headers_of_the_nucleotide_transformer_end_with_the_class(read_split, tmp_path, random_rows):
    sequences = random_rows(4)
    write_fasta(tmp_path / "H3", ["ZNF536_3(+)|1", "a b|0", "chr1:1-2|x|1", "iYAL001C_0"], sequences)
    rows = read_split("nt-original", "H3", tmp_path, "train")
    assert ([text(bases) for bases in rows], rows.targets.tolist()) == (sequences, [1, 0, 1, 0])
    assert rows.names == ("ZNF536_3(+)|1", "a", "chr1:1-2|x|1", "iYAL001C_0")


def test_the_files_of_hyenadna_have_other_names(read_split, tmp_path, random_rows):
    write_fasta(tmp_path / "enhancer", ["a|0", "b|1"], random_rows(2)).rename(tmp_path / "enhancer/x_train.fasta")
    assert find_split(find_set("nt-original", "enhancers"), tmp_path, "test") is None
    assert read_split("nt-original", "enhancers", tmp_path, "train").targets.tolist() == [0, 1]


def test_a_split_is_a_whole_word_of_the_name_of_a_fasta(tmp_path, random_rows):
    write_fasta(tmp_path / "H3", ["a|0"], random_rows(1)).rename(tmp_path / "H3/latest_train.fasta")
    benchmark = find_set("nt-original", "H3")
    assert find_split(benchmark, tmp_path, "test") is None
    write_fasta(tmp_path / "H3", ["a|0"], random_rows(1)).rename(tmp_path / "H3/latest-test.2.fasta")
    assert find_split(benchmark, tmp_path, "test")[1].name == "latest-test.2.fasta"
    assert find_split(benchmark, tmp_path, "train")[1].name == "latest_train.fasta"


@pytest.mark.parametrize("benchmark", all_sets(), ids=lambda each: each.full_name)
def test_every_set_loads_from_small_files_in_its_published_format(read_split, benchmark, tmp_path, random_rows):
    labels = list(benchmark.classes)
    for seed, split in enumerate(benchmark.splits):
        sequences = random_rows(len(labels), seed=seed)
        rows = list(zip(labels, sequences, strict=True))
        folder = tmp_path / benchmark.folder
        folder.mkdir(parents=True, exist_ok=True)
        if benchmark.suite == "genomic-benchmarks":
            for label, bases in rows:
                (folder / split / label).mkdir(parents=True)
                (folder / split / label / "0.txt").write_text(bases)
        elif benchmark.suite == "gue":
            table = "".join(f"{bases},{label}\n" for label, bases in rows)
            (folder / f"{split}.csv").write_text(f"sequence,label\n{table}")
        else:
            records = "".join(f">{split}_{label}|{label}\n{bases}\n" for label, bases in rows)
            (folder / f"{split}.fna").write_text(records)
        found = read_split(benchmark.suite, benchmark.name, tmp_path, split)
        assert [text(bases) for bases in found] == sequences
        np.testing.assert_array_equal(found.targets, np.arange(len(labels)))
