"""What a run says about the rows of its splits, and how it finds labels. No model is trained."""

import pytest
from hyenadna_chromatin import windows
from hyenadna_chromatin.task import ChromatinTask

from hyenadna_core import HyenaDNAError

TWO_FREE = r"chr20 \(2 rows\), chr22 \(2 rows\): give --valid-contig and --test-contig\.$"
FILES = r"divide its rows into files, and give --train, --valid and --test\.$"


@pytest.fixture
def on_contigs(own, tiny_fasta):
    """Return a function that makes the task of a table with two windows on each chromosome."""

    def make(*contigs):
        rows = [(contig, start, start + 1000, (1, 0, 0)) for contig in contigs for start in (0, 1_500)]
        fasta = tiny_fasta(contigs=dict.fromkeys(contigs, 3_000))
        return ChromatinTask(coords=own("a.csv", rows), fasta=fasta, labels=own.labels)

    return make


@pytest.mark.parametrize(
    ("contigs", "message"),
    [
        (
            ("chr20", "chr22"),
            rf"^No row is on chr7 \(valid\) or on chr8, chr9 \(test\); \S*a\.csv has {TWO_FREE}",
        ),
        (("chr20",), rf"^No row is on chr7 .*a\.csv has chr20 \(2 rows\): {FILES}"),
        (
            ("chr7", "chr9"),
            r"^No row is for training: \S*a\.csv has chr7 \(2 rows\), chr9 \(2 rows\), and these are for validation or "
            r"test: name fewer with --valid-contig and --test-contig\.$",
        ),
        (("chr8",), rf"^No row is for training: .* or test: {FILES}"),
    ],
)
def test_a_table_that_leaves_no_rows_to_train_or_measure_is_one_line(on_contigs, contigs, message):
    with pytest.raises(HyenaDNAError, match=message):
        on_contigs(*contigs).prepare(1000)


@pytest.mark.parametrize(
    ("contigs", "line", "counts"),
    [
        (("chr1", "chr7"), "No row is on chr8, chr9 (test); {}: --test-contig names others.", "2 valid, 0 test"),
        (("chr1", "chr8"), "No row is on chr7 (valid); {}: --valid-contig names others.", "0 valid, 2 test"),
    ],
)
def test_a_split_of_a_table_without_rows_is_told(on_contigs, contigs, line, counts):
    task = on_contigs(*contigs)
    there = f"{task.coords} has {', '.join(f'{name} (2 rows)' for name in contigs)}"
    messages = task.prepare(1000)
    assert [message for message in messages if message.startswith("No row")] == [line.format(there)]
    assert [message for message in messages if message.startswith("Rows:")] == [f"Rows: 2 train, {counts}."]


def test_folds_of_a_table_need_no_chromosomes_for_validation_and_test(on_contigs, monkeypatch):
    monkeypatch.setattr(windows, "FOLD_BASES", 1_500)
    messages = on_contigs("chr20").fold(1, 2).prepare(1000)
    assert "Rows: 1 train, 1 valid, 0 test." in messages
    empty = [message.partition(";")[0] for message in messages if message.startswith("No row")]
    assert empty == ["No row is on chr8, chr9 (test)"]


def test_rows_are_counted_once_by_split(genome_files):
    messages = ChromatinTask(**genome_files).prepare(1000)
    assert [message for message in messages if "Rows:" in message] == ["Rows: 4 train, 4 valid, 8 test."]
    assert not [message for message in messages if message.startswith("No row")]


def test_how_labels_are_found_is_told_once_for_files_that_are_alike(
    tmp_path, own, tiny_fasta, write_coordinates, capsys
):
    columns = {"train": ["y_1", "y_2", "y_3"], "valid": ["y_1", "y_2", "y_3"], "test": ["y_c", "y_b", "y_a"]}
    files = {
        split: write_coordinates(tmp_path / f"{split}.csv", [(0, 0, 1000, (1, 0, 0))], names)
        for split, names in columns.items()
    }
    for _ in range(2):  # the second one reads the cache
        messages = ChromatinTask(**files, fasta=tiny_fasta(), labels=own.labels).prepare(1000)
        assert [message for message in messages if "y_..." in message] == [
            "train.csv, valid.csv: no column y_... has the name of a label: they are taken in the order of the labels: "
            "y_1 = a, y_2 = b, y_3 = c.",
            "test.csv: the columns y_... are found by the names of the labels.",
        ]
    assert "y_..." not in capsys.readouterr().err
