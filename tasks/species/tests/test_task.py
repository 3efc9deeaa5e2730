import gzip
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hyenadna_species.report import lines_of_classes, lines_of_paper
from hyenadna_species.task import OF_CLASSES, SpeciesTask, names_of, precision, recall

from hyenadna_core import HyenaDNAError

SEEDS = (("a", 0), ("b", 100))


def test_the_classes_are_the_species(pair):
    task = SpeciesTask(pair)
    assert task.target.names == ("ecoli", "saureus")
    assert task.monitor == ("accuracy", "max")


@pytest.mark.parametrize(
    ("species", "options", "line"),
    [
        ([("a", "a.fa")], {}, "--species names a: give two or more"),
        ([("a", "a.fa"), ("a", "b.fa")], {}, "--species names a twice"),
        ([], {"split": "blocks", "valid": "1"}, "--species names none"),
        ([("a", "a.fa"), ("b", "b.fa")], {"split": "blocks", "valid": "1"}, "and the split is blocks: leave them out"),
        ([("a", "a.fa"), ("b", "b.fa")], {"block_size": 5}, "the split is chromosomes: leave it out"),
        ([("a", "a.fa"), ("b", "b.fa")], {"valid": "1,,2"}, "--valid '1,,2' has an empty name"),
    ],
)
def test_wrong_options_are_one_line(species, options, line):
    with pytest.raises(HyenaDNAError, match=line):
        SpeciesTask(species, **options)


def test_names_with_commas():
    assert names_of("chr1, 2", "--valid") == ["chr1", "2"]
    assert names_of(None, "--valid") == []


def test_a_file_that_is_missing_is_one_line(tmp_path):
    with pytest.raises(HyenaDNAError, match="Cannot read"):
        SpeciesTask([("a", tmp_path / "a.fa"), ("b", tmp_path / "b.fa")]).prepare(32)


def test_two_species_of_one_genome_are_one_line(pair):
    task = SpeciesTask([pair[0], ("other", pair[0][1])], split="blocks", block_size=1_000)
    with pytest.raises(HyenaDNAError, match=r"ecoli and other have the same genome, .* give each its own"):
        task.prepare(32)


def test_other_files_of_a_folder_are_named(fasta, bases, tmp_path, pair):
    fasta("mouse/chr1.fa", {"chr1": bases(10_000)})
    (tmp_path / "mouse" / "chr3.fa.bz2").write_bytes(b"BZh9")
    sentences = SpeciesTask([("mouse", tmp_path / "mouse"), pair[0]], split="blocks", block_size=1_000).prepare(32)
    assert sentences[0].startswith("mouse: not read in ")
    assert sentences[0].endswith(
        "as they are no files whose name ends in .fa, .fna or .fasta, or these with .gz or .bgz: 1 (chr3.fa.bz2)."
    )


def test_one_genome_in_two_files_is_one_line(fasta, bases, tmp_path):
    first, second = bases(500), bases(300, 1)
    whole = fasta("whole.fa", {"NC_1": first, "NC_2": second})
    (tmp_path / "whole.fa.gz").write_bytes(gzip.compress(whole.read_bytes()))
    fasta("folder/chr1.fa", {"x": second.lower()})
    fasta("folder/chr2.fa", {"y": first})
    like = fasta("like.fa", {"NC_1": first, "NC_2": bases(300, 2)})
    for path in (tmp_path / "whole.fa.gz", tmp_path / "folder"):
        with pytest.raises(HyenaDNAError, match="a and b have the same genome"):
            _ = SpeciesTask([("a", whole), ("b", path)]).genomes
    assert len(SpeciesTask([("a", whole), ("b", like)]).genomes) == 2


@pytest.mark.parametrize(("of_model", "stage"), [(1 << 20, "1500x"), (512, "512x")])
def test_without_stages_windows_fit_into_blocks(pair, of_model, stage):
    given = SimpleNamespace(stages=None, warmup=None, steps=None, batch_size=None, batch_bases=None)
    task = SpeciesTask(pair, split="blocks", block_size=1_500)  # the last block has 2,500 bases
    options = task.defaults(of_model, given)
    assert options["stages"].startswith(stage)
    task.prepare(int(stage[:-1]))


def test_repeated_test_windows_are_counted(fasta, bases):
    paths = [(name, fasta(f"{name}.fa", {str(at): bases(50, at + seed) for at in range(9)})) for name, seed in SEEDS]
    sentences = SpeciesTask(paths, valid="1", test="2,3", test_windows=100).prepare(80)
    assert [sentence.split(";")[0] for sentence in sentences if "windows differ" in sentence] == [
        "a: 1 of 500 valid windows differ",
        "b: 1 of 500 valid windows differ",
        "a: 2 of 50 test windows differ",
        "b: 2 of 50 test windows differ",
    ]


def test_windows_longer_than_blocks_are_one_line(pair):
    with pytest.raises(
        HyenaDNAError, match="Windows of 2,000 bases do not fit into blocks of 1,000 bases: give a larger"
    ):
        SpeciesTask(pair, split="blocks", block_size=1_000).prepare(2_000)


def test_there_are_no_folds(pair):
    with pytest.raises(HyenaDNAError, match="have no folds: leave out --fold"):
        SpeciesTask(pair).fold(1, 3)


def test_windows_have_the_length_of_the_longest_stage(pair):
    task = SpeciesTask(pair, split="blocks", block_size=1_000, valid_windows=30, test_windows=40, train_windows=50)
    task.seq_len = 900  # as before the stages are known
    assert {split: len(task.split(split)) for split in ("train", "valid", "test")} == {
        "train": 50,
        "valid": 30,
        "test": 40,
    }
    task.prepare(128)
    assert {int(task.split(split).lengths.max()) for split in ("train", "valid", "test")} == {128}
    before = task.sha256
    again = SpeciesTask(pair, split="blocks", block_size=1_000, valid_windows=30, test_windows=40, train_windows=50)
    again.prepare(128)
    assert again.sha256 == before
    again.prepare(64)
    assert again.split("test").lengths.tolist() == [64] * 40


def test_valid_and_test_windows_share_no_base_with_training(pair):
    task = SpeciesTask(pair, split="blocks", block_size=1_000, train_windows=500)
    task.prepare(100)
    covered = {}
    for split in ("train", "valid", "test"):
        rows = task.split(split)
        covered[split] = set()
        for index in range(len(rows)):
            species, _, place = rows.name(index).split(":")
            start, end = map(int, place.split("-"))
            covered[split].update((species, block) for block in range(start // 1_000, (end - 1) // 1_000 + 1))
    assert not covered["train"] & covered["valid"]
    assert not covered["train"] & covered["test"]
    assert not covered["valid"] & covered["test"]


def test_the_messages_of_a_run_count_what_is_left_out(fasta, bases):
    contigs = {"1": bases(500), "2": bases(500, 1), "3": bases(500, 2), "gap": "N" * 500, "4": bases(20, 3)}
    paths = [("a", fasta("a.fa", contigs)), ("b", fasta("b.fa", contigs | {"2": bases(500, 9)}))]
    sentences = SpeciesTask(paths, valid="1", test="2").prepare(32)
    assert "a: 1 of 3 train pieces have too few known bases for a window (gap:0): they are left out." in sentences
    assert sum("are whole contigs or blocks of less than 32 bases" in sentence for sentence in sentences) == 2


def test_precision_and_recall_are_those_of_scikit_learn():
    from sklearn.metrics import precision_score, recall_score

    random = np.random.default_rng(0)
    decided, truths = random.random(50) < 0.4, random.integers(2, size=50)
    assert precision(decided, truths) == pytest.approx(precision_score(truths, decided))
    assert recall(decided, truths) == pytest.approx(recall_score(truths, decided))
    never = np.zeros(50, bool)
    assert precision(never, truths) == precision_score(truths, never, zero_division=0) == 0.0
    assert np.isnan(precision(never, np.zeros(50, int)))
    assert np.isnan(recall(np.ones(3, bool), np.zeros(3, int)))


def test_a_species_that_is_never_predicted_lowers_the_mean():
    from sklearn.metrics import precision_score

    targets, predicted = np.array([0, 0, 1, 1, 2, 2]), np.eye(3)[[0, 0, 1, 1, 1, 0]]
    by_name = {metric.name: metric for metric in OF_CLASSES}
    expected = precision_score(targets, predicted.argmax(axis=1), average="macro", zero_division=0)
    assert by_name["precision"].of(predicted, targets) == pytest.approx(expected)


def test_metrics_have_precision_and_recall_once(pair):
    names = [metric.name for metric in SpeciesTask(pair).chosen_metrics()]
    assert names.count("precision") == names.count("recall") == 1
    assert "accuracy" in names


def test_the_report_has_a_line_for_each_species(tmp_path):
    (tmp_path / "labels.tsv").write_text(
        "name\tgroup\tpositives\tf1\tauroc\tprecision\trecall\nhuman\t\t20\t0.5\t0.9\t0.4\t0.66667\npig\t\t20\t1\t1\t1\tnan\n"
    )
    assert lines_of_classes(tmp_path) == [
        "",
        "species\twindows\tprecision\trecall\tf1",
        "human\t20\t0.4000\t0.6667\t0.5000",
        "pig\t20\t1.0000\tnan\t1.0000",
    ]
    assert lines_of_classes(tmp_path / "none") == []


def test_the_report_has_the_figures_of_the_paper():
    (_, line) = lines_of_paper(("human", "lemur", "mouse", "pig", "hippo"), 250_000)
    assert line.startswith(
        "The paper at 250,000 bases, accuracy on chromosomes 1, 3, 12 and 13, which are for validation in the "
        "published split: HyenaDNA 97.9 %, HyenaDNA from random weights 65.7 %. To compare a run of this "
        "split with the paper, use hyenadna evaluate RUN --split valid. It is a little too high, because the best "
        "weights were chosen on it."
    )
    assert lines_of_paper(("human", "mouse"), 250_000) == []


def test_real_genomes_are_divided_in_blocks():
    folder = Path(os.environ.get("HYENADNA_DATA", "")) / "data" / "genomes"
    if not (folder / "ustilago_maydis.fa.gz").exists():
        pytest.skip("HYENADNA_DATA has no genomes")
    files = {"ecoli": "ecoli_K12_MG1655", "saureus": "saureus_N315", "fungus": "ustilago_maydis"}
    task = SpeciesTask([(name, folder / f"{file}.fa.gz") for name, file in files.items()], split="blocks")
    sentences = task.prepare(16_384)
    assert not any("too few" in sentence for sentence in sentences)
    assert [len(task.divided.pieces[name]) for name in files] == [46, 28, 197]
    np.testing.assert_array_equal(np.bincount(task.split("test").species_of_rows), [667, 667, 666])
