import gzip

import pytest
from hyenadna_benchmarks.benchmark_set import find_set
from hyenadna_benchmarks.layouts import find_split
from hyenadna_benchmarks.layouts.rows import labelled_rows

from hyenadna_core import HyenaDNAError

TF_0 = "sequence,label\nACGT,0\nACGA,1\n"


def read(benchmark, folder):
    layout, path = find_split(benchmark, folder, "train")
    return labelled_rows(benchmark, path, layout.read(benchmark, path, "train", {}), {})


@pytest.fixture
def fault(tmp_path):
    """Return a function that reads a split of a set from files {path: content}: the message."""

    def of(suite, name, **files):
        for path, content in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        benchmark = find_set(suite, name)
        with pytest.raises(HyenaDNAError) as caught:
            read(benchmark, tmp_path)
        message = str(caught.value)
        assert "\n" not in message
        return message.replace(f"{tmp_path}/", "")

    return of


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "sequence,label\nACGT,0\nACGA,7\n",
            "tf/0/train.csv, row 2: the label '7' is no class of gue/tf_0: its classes are 0, 1.",
        ),
        ("sequence,y\nACGT,0\n", "tf/0/train.csv has no column label or class; its columns are sequence, y."),
        ("bases,label\nACGT,0\n", "tf/0/train.csv has no column sequence, seq or dna; its first line names "),
        ("", "tf/0/train.csv is empty: "),
        ("sequence,label\n", "tf/0/train.csv has no usable row: it has no rows."),
        ("sequence,label\nACGT,0\nAC5T,1\n", "tf/0/train.csv, row 2: the sequence has the character '5'"),
        ("sequence,label\nACGT,0\nACGT\n", "tf/0/train.csv, row 2 (line 3): 1 fields, but the first line has 2"),
    ],
)
def test_a_faulty_table_is_one_line_with_file_and_row(fault, content, message):
    assert fault("gue", "tf_0", **{"tf/0/train.csv": content}).startswith(message)


def test_a_truncated_table_is_one_line(fault):
    table = gzip.compress((TF_0 * 50).encode())[:-12]
    assert fault("gue", "tf_0", **{"tf/0/train.csv.gz": table}).startswith(
        "tf/0/train.csv.gz is truncated or damaged: "
    )


def test_a_table_of_a_set_needs_a_column_of_splits(fault):
    message = fault("genomic-benchmarks", "human_enhancers_cohn", **{"human_enhancers_cohn.csv": TF_0})
    assert message.startswith("human_enhancers_cohn.csv has no column split, which tells its train rows from its test")


def test_a_table_without_rows_of_the_split_is_one_line(fault):
    table = "sequence,label,split\nACGT,0,test\n"
    message = fault("genomic-benchmarks", "human_enhancers_cohn", **{"human_enhancers_cohn.csv": table})
    assert message.startswith("human_enhancers_cohn.csv has no train rows of genomic-benchmarks/human_enhancers_cohn")


def test_a_table_of_another_task_is_one_line(fault):
    table = "sequence,name,label,task\nACGT,a,0,H4\n"
    assert fault("nt-original", "H3", **{"H3/train.csv": table}).startswith(
        "H3/train.csv has no train rows of nt-original/H3 by its columns task"
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"negative/1.txt": "ACGT", "positive/1.txt": ""}, "positive/1.txt is empty: download the set again."),
        ({"negative/1.txt": "ACGT", "positive/1.txt": "AC-GT"}, "positive/1.txt is no sequence: "),
        ({"negative/1.txt": "ACGT"}, "positive: No such file or directory."),
        ({"negative/1.txt": "ACGT", "positive/1.fa": ""}, "positive has no .txt files: download the set again."),
        (
            {"negative/1.txt": "ACGT", "positive/1.txt": "ACGT", "other/1.txt": "A"},
            "other is no class of genomic-benchmarks/human_enhancers_cohn: its classes are negative, positive.",
        ),
    ],
)
def test_faulty_folders_of_classes_are_one_line(fault, files, message):
    place = "human_enhancers_cohn/train"
    assert message in fault(
        "genomic-benchmarks", "human_enhancers_cohn", **{f"{place}/{path}": text for path, text in files.items()}
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"H3/train.fna": ">a|0\nACGT\n>b|2\nACGT\n"},
            "H3/train.fna, row b|2: the label '2' is no class of nt-original/H3: its classes are 0, 1.",
        ),
        ({"H3/train.fna": ">gene\nACGT\n"}, "H3/train.fna, row gene: the label 'e' is no class of nt-original/H3"),
        ({"H3/train.fna": "ACGT\n"}, "H3/train.fna is not a FASTA: it starts with 'A'"),
        ({"H3/train.fna": ""}, "H3/train.fna has no usable row"),
        ({"H3/train.fna": ">a|0\nAC!T\n"}, "H3/train.fna, row a|0: the sequence has the character '!'"),
        (
            {"H3/train.fna": ">a|0\nA\n", "H3/my_train.fasta": ">a|0\nA\n"},
            "H3 has 2 FASTA files of train, my_train.fasta and train.fna: keep one.",
        ),
    ],
)
def test_a_faulty_fasta_is_one_line(fault, files, message):
    assert fault("nt-original", "H3", **files).startswith(message)
