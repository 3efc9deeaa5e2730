"""Folds hold out whole chromosomes, blocks or groups, and never train on an overlapping row."""

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.targets import Target
from hyenadna_core.probe.folds import LEAKS, Rows, make_folds
from hyenadna_core.probe.positions import Positions, positions_of

CLASSES = Target("classes", ("x", "y"))
QUANTITY = Target("regression", ("value",))


def rows_of(n=200, chromosomes=4, seed=0, width=1000, groups=None, block_size=1_000_000, target=CLASSES):
    rng = np.random.default_rng(seed)
    chrom = np.array([f"chr{number}" for number in rng.integers(chromosomes, size=n)])
    start = rng.integers(10_000_000, size=n)
    targets = rng.integers(2, size=n) if target is CLASSES else rng.normal(size=(n, 1))
    return Rows(target, targets, Positions(chrom, start, start + width), groups, block_size)


def held_out_once(folds, n):
    np.testing.assert_array_equal(np.sum([fold.held_out for fold in folds.folds], axis=0), np.ones(n))
    for fold in folds.folds:
        assert not (fold.held_out & fold.train).any()
        for train, held_out in fold.inner:
            assert train.any()
            assert held_out.any()
            assert not (train & held_out).any()
            assert not ((train | held_out) & fold.held_out).any()


@pytest.mark.parametrize("target", [CLASSES, QUANTITY], ids=["classes", "regression"])
@pytest.mark.parametrize("split", ["chromosome", "block", "group"])
def test_no_group_is_on_both_sides_of_a_fold(split, target):
    groups = np.array([f"family{number % 23}" for number in range(200)])
    rows = rows_of(chromosomes=7, groups=groups, target=target, width=1)
    folds = make_folds(rows, split, count=5)
    held_out_once(folds, 200)
    assert len(folds.folds) == 5
    of = rows.groups_of(split)
    for fold in folds.folds:
        assert set(of[fold.held_out]).isdisjoint(of[fold.train])
        if fold.inner_split == split:
            for train, held_out in fold.inner:
                assert set(of[held_out]).isdisjoint(of[train])


def test_two_chromosomes_are_two_folds_with_inner_blocks():
    folds = make_folds(rows_of(chromosomes=2))
    assert (folds.split, folds.reason) == ("chromosome", "the rows are on 2 chromosomes")
    assert [fold.name for fold in folds.folds] == ["chr0", "chr1"]
    assert [fold.inner_split for fold in folds.folds] == ["block", "block"]
    assert folds.clusters_of == "blocks of 1,000,000 bases"
    assert len(np.unique(folds.clusters)) == 20


def test_the_default_split_is_the_strictest_that_the_rows_allow(capsys):
    one = rows_of(chromosomes=1)
    assert make_folds(one).split == "block"
    assert make_folds(rows_of(groups=np.arange(200).astype(str))).split == "group"
    assert LEAKS not in capsys.readouterr().err
    folds = make_folds(Rows(CLASSES, one.targets))
    assert (folds.split, folds.clusters_of) == ("stratified", "rows")
    assert LEAKS in capsys.readouterr().err
    np.testing.assert_allclose(
        [one.targets[fold.held_out].mean() for fold in folds.folds], one.targets.mean(), atol=0.02
    )


def test_rows_that_overlap_a_row_held_out_are_not_used_to_train(capsys):
    rows = rows_of(chromosomes=1, width=400_000)
    folds = make_folds(rows, "block")
    start, end = rows.positions.start, rows.positions.end
    for fold in folds.folds:
        for train, held_out in [(fold.train, fold.held_out), *fold.inner]:
            overlap = (start[train][:, None] < end[held_out]) & (start[held_out] < end[train][:, None])
            assert not overlap.any()
    unused = sum((~fold.train & ~fold.held_out).sum() for fold in folds.folds)
    assert unused > 0
    assert f"another fold: {unused:,} times, a row is not used to train" in capsys.readouterr().err


def test_rows_that_overlap_are_counted_as_a_loop_counts_them(capsys):
    rows = rows_of(n=60, chromosomes=3, width=300_000)
    numbers = np.arange(60) % 4
    chrom, start, end = rows.positions.chrom, rows.positions.start, rows.positions.end
    expected = [
        sum(
            chrom[i] == chrom[j] and numbers[i] != numbers[j] and start[i] < end[j] and start[j] < end[i]
            for j in range(60)
        )
        for i in range(60)
    ]
    assert sum(expected) > 0
    np.testing.assert_array_equal(rows.positions.overlaps(numbers), expected)
    make_folds(rows, "stratified")
    assert "rows share bases with a row of another fold." in capsys.readouterr().err


def test_intervals_that_touch_do_not_overlap():
    positions = Positions(np.array(["chr1"] * 3), np.array([0, 10, 19]), np.array([10, 20, 30]))
    np.testing.assert_array_equal(positions.overlaps(np.arange(3)), [0, 1, 1])
    first = np.arange(3) == 0
    np.testing.assert_array_equal(positions.overlap_any(~first, first), [False, False, False])


def test_folds_depend_on_the_seed_only():
    def numbers(seed):
        return [fold.held_out.tolist() for fold in make_folds(rows_of(chromosomes=1), "block", 3, seed).folds]

    assert numbers(1) == numbers(1)
    assert numbers(1) != numbers(2)


@pytest.mark.parametrize(
    ("change", "split", "message"),
    [
        ({"chromosomes": 1}, "chromosome", "all rows are in chr0: give --split block"),
        ({"chromosomes": 1, "block_size": 10**9}, "block", "all rows are in chr0:0: give a smaller --block-size"),
        ({}, "group", "--split group needs --group-column"),
        ({"groups": np.full(200, "one")}, "group", "all rows are in one: give another --group-column"),
    ],
)
def test_a_split_that_cannot_be_made_is_one_line(change, split, message):
    with pytest.raises(HyenaDNAError, match=message):
        make_folds(rows_of(**change), split)


def test_a_split_by_position_needs_positions():
    rows = Rows(CLASSES, np.array([0, 1] * 10))
    for split, column in (("chromosome", "a column chrom"), ("block", "columns chrom and start")):
        with pytest.raises(HyenaDNAError, match=f"--split {split} needs {column}"):
            make_folds(rows, split)


def test_one_class_to_train_on_is_an_error_that_names_fold_and_class():
    chrom = np.array(["chr1"] * 5 + ["chr2"] * 5)
    rows = Rows(CLASSES, np.array([0] * 5 + [0, 0, 1, 1, 1]), Positions(chrom))
    with pytest.raises(HyenaDNAError, match=r"Fold chr2 leaves rows of 1 class to train on, 'x'"):
        make_folds(rows)


def test_a_class_in_one_fold_only_has_a_notice(capsys):
    chrom = np.array(["chr1"] * 4 + ["chr2"] * 6)
    target = Target("classes", ("x", "y", "z"))
    make_folds(Rows(target, np.array([0, 0, 1, 1, 0, 1, 0, 1, 2, 2]), Positions(chrom)))
    assert "Fold chr2: no row to train on has the class z, so its probability is 0" in capsys.readouterr().err


def test_a_fold_of_one_class_has_a_notice(capsys):
    chrom = np.array(["chr1"] * 4 + ["chr2"] * 4 + ["chr3"] * 2)
    make_folds(Rows(CLASSES, np.array([0, 1, 0, 1, 0, 1, 0, 1, 1, 1]), Positions(chrom)))
    assert "Fold chr3 has one class, y" in capsys.readouterr().err


def test_positions_come_from_the_usual_columns_and_those_of_a_variant_are_its_window():
    columns = {"chrom": ["1"], "start": ["5"], "ref": ["A"], "window_start": ["2"], "window_end": ["9.0"]}
    positions = positions_of(columns, ["v"])
    assert (positions.start[0], positions.end[0]) == (2, 9)
    assert positions_of({"seqnames": ["1"]}, ["v"]).start is None
    assert positions_of({"start": ["1"]}, ["v"]) is None
    for columns, message in (
        ({"chrom": ["1"], "start": ["x"]}, "Row v: the start is 'x', expected a whole number"),
        ({"chrom": ["1"], "start": ["-1"]}, "the start is '-1'"),
        ({"chrom": [""]}, "Row v has no chromosome"),
    ):
        with pytest.raises(HyenaDNAError, match=message):
            positions_of(columns, ["v"])


def test_an_interval_is_in_the_block_of_its_start():
    positions = Positions(
        np.array(["chr1", "chr1"]), np.array([4_999_999, 5_000_000]), np.array([5_000_100, 5_000_200])
    )
    assert positions.blocks(5_000_000).tolist() == ["chr1:0", "chr1:5,000,000"]
