import csv
import gzip
import shutil

import numpy as np
import pytest
from hyenadna_benchmarks.benchmark_set import all_sets, find_set
from hyenadna_benchmarks.layouts import find_split

from hyenadna_core import HyenaDNAError

PROMOTERS = "genomic-benchmarks", "human_nontata_promoters"


def read(suite, name, folder, split, genomes=()):
    benchmark = find_set(suite, name)
    layout, path = find_split(benchmark, folder, split)
    return layout.read(benchmark, path, split, dict(genomes))


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


def test_gue_is_read_with_its_three_splits(data):
    splits = {split: read("gue", "tf_0", data / "gue", split) for split in ("train", "dev", "test")}
    assert {split: len(rows) for split, rows in splits.items()} == {"train": 24, "dev": 8, "test": 8}
    assert splits["train"].targets[:4].tolist() == [0, 1, 1, 1]
    assert text(splits["train"][0]).startswith("CTGTGGTGCCTGCAGACAAAGCAGG")
    assert set(splits["train"].lengths.tolist()) == {101}


@pytest.mark.parametrize("place", ["tf/0", "tf_0", "human_tf_0"])
def test_gue_is_found_in_compressed_copies_with_other_names(data, tmp_path, place):
    folder = tmp_path / place
    folder.mkdir(parents=True)
    (folder / "train.csv.gz").write_bytes(gzip.compress((data / "gue/tf/0/train.csv").read_bytes()))
    rows, copy = read("gue", "tf_0", data / "gue", "train"), read("gue", "tf_0", tmp_path, "train")
    assert copy.checksum == rows.checksum


def test_a_table_with_a_column_of_splits_is_divided_by_it(data):
    rows = real_rows(data)
    for split in ("train", "test"):
        expected = [row for row in rows if row["split"] == split]
        found = read(*PROMOTERS, data / "genomic-benchmarks", split)
        assert [text(bases) for bases in found] == [row["sequence"] for row in expected]
        assert found.targets.tolist() == [["negative", "positive"].index(row["class"]) for row in expected]
        assert list(found.names) == [row["id"] for row in expected]


def test_a_table_of_one_split_may_have_rows_of_another(data):
    train = read("genomic-benchmarks", "human_enhancers_cohn", data / "genomic-benchmarks", "train")
    test = read("genomic-benchmarks", "human_enhancers_cohn", data / "genomic-benchmarks", "test")
    assert (train.targets.tolist(), test.targets.tolist()) == ([0] * 5 + [1] * 5, [0] * 3 + [1] * 3)


def test_folders_of_classes_give_the_rows_of_the_table(data, tmp_path):
    write_folders(tmp_path, real_rows(data))
    for split in ("train", "test"):
        table, folders = (read(*PROMOTERS, place, split) for place in (data / "genomic-benchmarks", tmp_path))
        assert sorted(zip(map(text, folders), folders.targets.tolist(), strict=True)) == sorted(
            zip(map(text, table), table.targets.tolist(), strict=True)
        )
        assert list(folders.names) == sorted(folders.names)
        assert folders.names[0].startswith("negative/")


def test_class_ids_do_not_depend_on_the_order_in_which_folders_are_listed(data, tmp_path, monkeypatch):
    import os

    write_folders(tmp_path, real_rows(data))
    before = read(*PROMOTERS, tmp_path, "train")
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: sorted(scandir(path), key=lambda entry: entry.name)[::-1])
    after = read(*PROMOTERS, tmp_path, "train")
    assert (before.checksum, before.names) == (after.checksum, after.names)


INTERVALS = {  # of chr22_part.fa: the two promoters in human_nontata_promoters.tsv, and others
    "positive": "id,region,start,end,strand\nFP018596,chr22,98,349,-\nFP018597,chr22,276,527,+\n",
    "negative": "id,region,start,end,strand\n7,22,0,251,+\n8,22,349,600,-\n",
}


@pytest.fixture
def intervals(tmp_path):
    """Return a function that writes intervals by class as GenomicBenchmarks has them."""

    def write(**changed):
        folder = tmp_path / "human_nontata_promoters" / "train"
        folder.mkdir(parents=True, exist_ok=True)
        for label, lines in (INTERVALS | changed).items():
            (folder / f"{label}.csv.gz").write_bytes(gzip.compress(lines.encode()))
        return tmp_path

    return write


@pytest.fixture
def genome(data, tmp_path):
    return {"": shutil.copy(data / "genomic-benchmarks" / "chr22_part.fa", tmp_path / "part.fa")}


def test_intervals_give_the_bases_of_their_strands(data, intervals, genome):
    rows = read(*PROMOTERS, intervals(), "train", genome)
    real = {row["id"]: row["sequence"] for row in real_rows(data)}
    assert rows.names == ("negative/7", "negative/8", "positive/FP018596", "positive/FP018597")
    assert [text(rows[2]), text(rows[3])] == [real["FP018596"], real["FP018597"]]
    assert (rows.targets.tolist(), rows.lengths.tolist()) == ([0, 0, 1, 1], [251] * 4)


def test_intervals_may_be_as_a_spreadsheet_writes_them(intervals, genome):
    expected = read(*PROMOTERS, intervals(), "train", genome)
    changed = {label: "\ufeff" + lines.replace("id,", "ID,").replace(",", ", ") for label, lines in INTERVALS.items()}
    folder = intervals(**{label: lines.replace("\n", "\r\n") for label, lines in changed.items()})
    rows = read(*PROMOTERS, folder, "train", genome)
    assert (rows.names, [text(row) for row in rows]) == (expected.names, [text(row) for row in expected])


def test_each_class_may_have_its_own_genome(intervals, genome, tmp_path):
    other = tmp_path / "other.fa"
    other.write_text(">22\n" + "A" * 300 + "C" * 300 + "\n")
    rows = read(*PROMOTERS, intervals(), "train", {"positive": genome[""], "negative": other})
    assert (text(rows[0]), text(rows[1])) == ("A" * 251, "G" * 251)
    assert set(text(rows[2])) == set("ACGT")


@pytest.mark.parametrize(
    ("negative", "message"),
    [
        ("7,22,500,601,+", r"negative.csv.gz, row 1: the interval ends at 601, but 22 has 600 bases in .*part.fa"),
        ("7,chrX,0,10,+", r"negative.csv.gz, row 1: .*part.fa has no contig 'chrX'"),
        ("7,22,10,10,+", r"negative.csv.gz, row 1: '10' to '10' is no interval"),
        ("7,22,0,10,?", r"negative.csv.gz, row 1: the strand is '\?'"),
        ("7,22,0,10", r"negative.csv.gz, row 1 \(line 2\): 4 fields, but the first line has 5"),
    ],
)
def test_an_interval_that_is_none_of_its_genome_is_one_line(intervals, genome, negative, message):
    with pytest.raises(HyenaDNAError, match=message):
        read(*PROMOTERS, intervals(negative=f"id,region,start,end,strand\n{negative}\n"), "train", genome)


def test_intervals_need_their_columns_and_a_genome(intervals, genome):
    with pytest.raises(HyenaDNAError, match=r"negative.csv.gz has no column strand: its columns should be id, region"):
        read(*PROMOTERS, intervals(negative="id,region,start,end\n"), "train", genome)
    with pytest.raises(HyenaDNAError, match=r"intervals but no bases: give its genome with --fasta, or --class-fasta "):
        read(*PROMOTERS, intervals(), "train")


def test_truncated_intervals_are_one_line(intervals, genome):
    folder = intervals()
    path = folder / "human_nontata_promoters" / "train" / "negative.csv.gz"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(HyenaDNAError, match=r"negative.csv.gz is truncated or damaged: "):
        read(*PROMOTERS, folder, "train", genome)


def write_fasta(folder, headers, sequences):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "train.fna"
    path.write_text("".join(f">{header}\n{bases}\n" for header, bases in zip(headers, sequences, strict=True)))
    return path


def test_headers_of_the_nucleotide_transformer_end_with_the_class(tmp_path, random_rows):
    sequences = random_rows(4)
    write_fasta(tmp_path / "H3", ["ZNF536_3(+)|1", "a b|0", "chr1:1-2|x|1", "iYAL001C_0"], sequences)
    rows = read("nt-original", "H3", tmp_path, "train")
    assert ([text(bases) for bases in rows], rows.targets.tolist()) == (sequences, [1, 0, 1, 0])
    assert rows.names == ("ZNF536_3(+)|1", "a", "chr1:1-2|x|1", "iYAL001C_0")


def test_the_files_of_hyenadna_have_other_names(tmp_path, random_rows):
    write_fasta(tmp_path / "enhancer", ["a|0", "b|1"], random_rows(2)).rename(tmp_path / "enhancer/x_train.fasta")
    assert read("nt-original", "enhancers", tmp_path, "train").targets.tolist() == [0, 1]


def write_parquet(path, **columns):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.table(columns), path)


@pytest.mark.parametrize("place", ["H3/train.parquet", "train.parquet"])
def test_a_column_of_tasks_chooses_the_rows_of_the_set(tmp_path, random_rows, place):
    sequences = random_rows(3)
    tasks = ["H3", "H4", "H3"]
    write_parquet(tmp_path / place, sequence=sequences, name=["a", "b", "c"], label=[1, 0, 0], task=tasks)
    rows = read("nt-original", "H3", tmp_path, "train")
    assert ([text(bases) for bases in rows], rows.targets.tolist()) == ([sequences[0], sequences[2]], [1, 0])
    assert rows.names == ("a", "c")


@pytest.mark.parametrize("benchmark", all_sets(), ids=lambda each: each.full_name)
def test_every_set_loads_from_small_files_in_its_published_format(benchmark, tmp_path, random_rows):
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
        found = read(benchmark.suite, benchmark.name, tmp_path, split)
        assert [text(bases) for bases in found] == sequences
        np.testing.assert_array_equal(found.targets, np.arange(len(labels)))
