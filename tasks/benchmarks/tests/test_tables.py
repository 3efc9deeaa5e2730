import pytest
from hyenadna_benchmarks.tasks import task_of

from hyenadna_core import HyenaDNAError

PROMOTERS = "genomic-benchmarks", "human_nontata_promoters"


def text(row):
    return row.tobytes().decode()


def write_table(path, sequences, labels, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {"sequence": sequences, "label": labels, **more}
    lines = [",".join(columns), *(",".join(row) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")


def write_parquet(path, **columns):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.table(columns), path)


def test_numbers_are_places_of_the_names_and_the_notice_says_it_once(tmp_path, random_rows, capsys):
    write_table(tmp_path / "human_ensembl_regulatory/train.csv", random_rows(4), ["0", "1", "2.0", "0.0"])
    write_table(tmp_path / "human_ensembl_regulatory/test.csv", random_rows(2), ["2", "1"])
    task = task_of("genomic-benchmarks", "human_ensembl_regulatory", tmp_path)
    assert (task.published("train").targets.tolist(), task.published("test").targets.tolist()) == ([0, 1, 2, 0], [2, 1])
    assert capsys.readouterr().err.count("are numbers, read as 0 = enhancer, 1 = ocr, 2 = promoter: check") == 1


@pytest.mark.parametrize("named", ["train", "test"])
def test_names_in_one_split_and_numbers_in_the_other_are_refused(tmp_path, random_rows, named):
    for split in ("train", "test"):
        labels = ["negative", "positive"] if split == named else ["0", "1"]
        write_table(tmp_path / f"human_enhancers_cohn/{split}.csv", random_rows(2), labels)
    task = task_of("genomic-benchmarks", "human_enhancers_cohn", tmp_path)
    task.published("train")
    other = "test" if named == "train" else "train"
    with pytest.raises(
        HyenaDNAError,
        match=rf"names of classes as labels in .*{named}.csv, and numbers in .*{other}.csv: write the names",
    ):
        task.published("test")


def test_names_and_numbers_in_one_file_are_refused(read_split, tmp_path, random_rows):
    write_table(tmp_path / "human_enhancers_cohn/train.csv", random_rows(2), ["negative", "1"])
    with pytest.raises(HyenaDNAError, match=r"labels in .*train.csv, and numbers in .*train.csv: write the names"):
        read_split("genomic-benchmarks", "human_enhancers_cohn", tmp_path, "train")


def test_sets_with_numbers_as_classes_have_no_notice(read_split, data, capsys):
    read_split("gue", "tf_0", data / "gue", "train")
    assert capsys.readouterr().err == ""


def test_rows_of_no_split_are_counted_once(tmp_path, random_rows, capsys):
    splits = ["train", "valid", "test", "valid", "x", "train"]
    write_table(tmp_path / "human_enhancers_cohn.csv", random_rows(6), ["negative", "positive"] * 3, split=splits)
    task = task_of("genomic-benchmarks", "human_enhancers_cohn", tmp_path)
    assert (len(task.published("train")), len(task.published("test"))) == (2, 1)
    stderr = capsys.readouterr().err
    assert stderr.count("do not count") == 1
    assert (
        f"3 rows of {tmp_path}/human_enhancers_cohn.csv are in no split of genomic-benchmarks/human_enhancers_cohn and "
        "do not count: valid 2, x 1." in stderr
    )


def test_rows_of_another_task_or_of_a_dev_split_are_not_counted_as_rows_of_no_split(
    read_split, tmp_path, random_rows, capsys
):
    splits, tasks = ["train", "valid", "test", "valid"], ["H3", "H4", "H3", "H3"]
    write_table(tmp_path / "train.csv", random_rows(4), ["0", "1"] * 2, split=splits, task=tasks)
    assert len(read_split("nt-original", "H3", tmp_path, "train")) == 1
    assert "1 rows of" in capsys.readouterr().err
    write_table(tmp_path / "tf_0.csv", random_rows(3), ["0", "1", "1"], split=["train", "validation", "test"])
    assert [len(read_split("gue", "tf_0", tmp_path, split)) for split in ("train", "dev", "test")] == [1, 1, 1]
    assert "do not count" not in capsys.readouterr().err


@pytest.mark.parametrize("place", ["H3/train.parquet", "train.parquet"])
def test_a_column_of_tasks_chooses_the_rows_of_the_set(read_split, tmp_path, random_rows, place):
    sequences = random_rows(3)
    tasks = ["H3", "H4", "H3"]
    write_parquet(tmp_path / place, sequence=sequences, name=["a", "b", "c"], label=[1, 0, 0], task=tasks)
    rows = read_split("nt-original", "H3", tmp_path, "train")
    assert ([text(bases) for bases in rows], rows.targets.tolist()) == ([sequences[0], sequences[2]], [1, 0])
    assert rows.names == ("a", "c")


PARTS = "train-00000-of-00002-b9d4.parquet", "train-00001-of-00002-0a1b.parquet"


@pytest.mark.parametrize("place", ["human_nontata_promoters", "human_nontata_promoters/data"])
def test_the_files_of_the_hub_are_found_under_their_names(read_split, tmp_path, random_rows, place):
    for split in ("train", "test"):
        write_parquet(tmp_path / place / f"{split}-00000-of-00001.parquet", seq=random_rows(2), label=[0, 1])
    for split in ("train", "test"):
        rows = read_split(*PROMOTERS, tmp_path, split)
        assert ([text(row) for row in rows], rows.names) == (random_rows(2), ("1", "2"))


def test_all_parts_of_a_split_are_read_in_order(read_split, tmp_path, random_rows):
    sequences = random_rows(3)
    folder = tmp_path / "human_nontata_promoters/data"
    write_parquet(folder / PARTS[1], seq=sequences[2:], label=[1])
    write_parquet(folder / PARTS[0], seq=sequences[:2], label=[1, 0])
    rows = read_split(*PROMOTERS, tmp_path, "train")
    assert ([text(row) for row in rows], rows.targets.tolist()) == (sequences, [1, 0, 1])
    assert rows.names == tuple(f"{PARTS[part][:-8]}/{row}" for part, row in ((0, 1), (0, 2), (1, 1)))


@pytest.mark.parametrize("there", [PARTS[:1], PARTS[1:], (*PARTS, "train-00000-of-00001.parquet")])
def test_missing_parts_and_parts_of_two_copies_are_refused(read_split, tmp_path, random_rows, there):
    folder = tmp_path / "human_nontata_promoters/data"
    for name in there:
        write_parquet(folder / name, seq=random_rows(1), label=[1])
    with pytest.raises(
        HyenaDNAError, match=rf"data does not have each of .* parts of train once, but .*{there[0]}.*: down"
    ):
        read_split(*PROMOTERS, tmp_path, "train")
