"""The task: its splits, its options, and each fault of them in one line. No model is trained."""

import numpy as np
import pytest
from hyenadna_chromatin import windows
from hyenadna_chromatin.task import ChromatinTask, source_of
from hyenadna_chromatin.windows import overlapping

from hyenadna_core import Draw, HyenaDNAError

ROW = (0, 0, 1000)


def names(task, split):
    rows = task.split(split)
    return [rows.name(index) for index in range(len(rows))]


def test_a_table_is_split_by_chromosome_as_published(genome_files):
    task = ChromatinTask(**genome_files)
    assert {split: {name.partition(":")[0] for name in names(task, split)} for split in ("train", "valid", "test")} == {
        "train": {"chr1"},
        "valid": {"chr7"},
        "test": {"chr8", "chr9"},
    }
    assert len(task.target.names) == 919
    assert task.monitor == ("auroc", "max")
    task = ChromatinTask(**genome_files, valid_contig=["9"], test_contig=["chr1"])
    assert [len(task.split(split)) for split in ("train", "valid", "test")] == [8, 4, 4]


def test_a_wide_batch_has_all_labels_and_both_strands(genome_files):
    task = ChromatinTask(**genome_files, window=1200)
    batch = task.batch(Draw("train", 0, 1200, 4, 0))
    assert batch.ids.shape == (4, 1200)
    assert batch.targets.shape == (4, 919)
    assert task.on_both_strands


def test_separate_files_are_the_splits(own, tiny_fasta):
    files = {
        split: own(f"{split}.csv", [(0, 100 * at, 100 * at + 1000, (1, 0, 1))])
        for at, split in enumerate(["train", "test"])
    }
    task = ChromatinTask(**files, fasta=tiny_fasta(), labels=own.labels)
    assert names(task, "train") == ["chr1:0-1000"]
    assert names(task, "test") == ["chr1:100-1100"]
    assert not task.has("valid")
    assert "1 of 1 test windows share bases with a training window: their figures are too good." in task.prepare(1000)


def test_overlaps_are_counted_as_pair_by_pair(own, tiny_fasta):
    random = np.random.default_rng(0)
    fasta = tiny_fasta(contigs={"chr1": 60_000, "chr2": 60_000})
    starts = {split: random.integers(0, 59_000, 12) for split in ("train", "test")}
    files = {
        split: own(f"{split}.csv", [(at % 2, start, start + 1000, (1, 0, 0)) for at, start in enumerate(of_split)])
        for split, of_split in starts.items()
    }
    for window in (1000, 1500, 4000):
        task = ChromatinTask(**files, fasta=fasta, labels=own.labels, window=window)
        (ours, rows), (train, others) = (source_of(task.split(split)) for split in ("test", "train"))
        expected = sum(
            any(at % 2 == other % 2 and abs(start - begin) < window for other, begin in enumerate(starts["train"]))
            for at, start in enumerate(starts["test"])
        )
        assert 0 < expected < 12
        assert overlapping(ours, rows, train, others) == expected


def test_weights_are_counted_on_training_rows(genome_files):
    task = ChromatinTask(**genome_files, weighted=True)
    task.prepare(1000)
    positives = np.sum([task.split("train").row(index)[1] for index in range(4)], axis=0)
    expected = [max(1, (4 - count) / max(count, 1)) for count in positives]
    np.testing.assert_allclose(task.label_weights, expected)


def test_weights_follow_the_fold(own, tiny_fasta, monkeypatch):
    monkeypatch.setattr(windows, "FOLD_BASES", 2_000)
    rows = [(0, 2_000 * at, 2_000 * at + 1000, (int(at == 0), 1, 0)) for at in range(3)]
    fasta = tiny_fasta(contigs={"chr1": 6_000})
    task = ChromatinTask(own("a.csv", rows), fasta=fasta, labels=own.labels, weighted=True)
    assert task.label_weights.tolist() == [2, 1, 3]
    folds = [task.fold(number, 3) for number in (1, 2, 3)]
    assert sorted(fold.label_weights.tolist() for fold in folds) == [[1, 1, 2], [1, 1, 2], [2, 1, 2]]
    assert sorted(names(fold, "valid") for fold in folds) == [
        [f"chr1:{start}-{start + 1000}"] for start in (0, 2_000, 4_000)
    ]


def test_folds_that_overlap_at_a_border_are_told(own, tiny_fasta, monkeypatch):
    monkeypatch.setattr(windows, "FOLD_BASES", 2_000)
    rows = [(0, start, start + 1000, (1, 0, 0)) for start in (0, 1_500, 2_000, 4_000)]
    task = ChromatinTask(own("a.csv", rows), fasta=tiny_fasta(contigs={"chr1": 6_000}), labels=own.labels)
    told = [
        [sentence for sentence in task.fold(number, 3).prepare(1000) if "share bases" in sentence]
        for number in (1, 2, 3)
    ]
    assert sorted(sentence[:23] for sentences in told for sentence in sentences) == [
        "1 of 1 valid windows sh",
        "1 of 2 valid windows sh",
    ]


def test_lost_windows_are_told(own, tiny_fasta, tmp_path):
    pytest.importorskip("liftover")
    chain = tmp_path / "a.chain"
    chain.write_text("chain 9 chr1 9000 + 0 1000 chr1 2000 + 0 1000 1\n1000\n\n")
    train = own("train.csv", [(0, 0, 1000, (1, 0, 0)), (0, 1, 1001, (1, 0, 0))])
    task = ChromatinTask(train, fasta=tiny_fasta(), labels=own.labels, chain=chain)
    assert len(task.split("train")) == 1
    assert "train.csv: 1 of 2 windows are not in the other assembly: 1 with an end in no chain." in task.prepare(1000)


def test_a_trained_model_needs_no_file_of_labels(own):
    options = {"train": own("train.csv", [(*ROW, (1, 0, 0))]), "fasta": "genome.fa", "labels": own.labels}
    state = {"target": ChromatinTask.from_options(options).target.to_json(), "both_strands": True}
    own.labels.unlink()
    assert ChromatinTask.from_options(options, state).label_set == (("a", "b", "c"), ("TF", "TF", "HM"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "There are no training rows: give --train FILE, or --coords FILE."),
        ({"test": "a.mat"}, "There are no training rows"),
        ({"coords": "a.csv", "test": "b.csv", "fasta": "f"}, "--coords has the rows of all splits: .* or --test."),
        ({"coords": "a.csv"}, "a.csv has no bases: give --fasta FILE."),
        ({"train": "a.mat", "test": "b.csv"}, "b.csv has no bases: give --fasta FILE."),
        ({"coords": "a.mat"}, "a.mat has no coordinates: name arrays with --train"),
        ({"train": "a.mat", "window": 8000}, "a.mat has windows of 1,000 bases, which cannot become 8,000: leave out"),
        ({"train": "a.csv", "fasta": "f", "no_rc": True}, r"--no-rc is for arrays \(.mat\), and there are none"),
        ({"coords": "a.csv", "fasta": "f", "valid_contig": ["chr8"]}, "chr8 is both --valid-contig and --test-contig"),
        (
            {"train": "a.csv", "fasta": "f", "test_contig": ["chr1"]},
            "--test-contig is for --coords, and there are files",
        ),
        (
            {"train": "a.csv", "fasta": "f", "valid_contig": ["chr1"]},
            "--valid-contig is for --coords, .* leave it out.",
        ),
        (
            {"train": "a.mat", "fasta": "f"},
            r"--fasta is for coordinate tables, and there are only arrays \(.mat\)",
        ),
        ({"train": "a.mat", "chain": "c"}, r"--chain is for coordinate tables, and there are only arrays"),
    ],
)
def test_options_that_do_not_fit_are_one_line(options, message):
    with pytest.raises(HyenaDNAError, match=message):
        ChromatinTask(**options)


@pytest.mark.parametrize("options", [{"valid_contig": ["8"]}, {"valid_contig": ["chr1"], "test_contig": ["9", "1"]}])
def test_a_chromosome_of_two_splits_is_one_line_in_either_style(genome_files, options):
    task = ChromatinTask(**genome_files, **options)
    with pytest.raises(HyenaDNAError, match=r"chr[18] is both --valid-contig and --test-contig: name another one"):
        task.split("train")


def test_a_chromosome_without_rows_is_one_line(genome_files):
    task = ChromatinTask(**genome_files, test_contig=["chr5"])
    with pytest.raises(
        HyenaDNAError, match=r"--test-contig chr5: .*coords.csv has no rows on it; it has rows on chr1,"
    ):
        task.split("test")
