"""The original's windows and items, compared with the output of its own code."""

import json
from pathlib import Path

import numpy as np
import pytest

from hyenadna_core import HyenaDNAError, Interval, open_genome
from hyenadna_core.genome.intervals import read_bed
from hyenadna_core.genome.original_windows import (
    Place,
    fixed_test_ids,
    place_of,
    reverse_complement_bases,
    window_bases,
    window_ids,
)

GOLDEN = Path(__file__).parents[1] / "data" / "toy_genome"
STRINGS = json.loads((GOLDEN / "window_strings.expected.json").read_text())
with np.load(GOLDEN / "dataset_items.expected.npz") as arrays:
    ITEMS = dict(arrays)
NAMES = sorted({name.rpartition("/")[0] for name in ITEMS})
FIXED = [name for name in NAMES if name.startswith("fixed_test/")]


@pytest.fixture
def genome(toy_genome):
    return open_genome(toy_genome / "toy.fa")


def settings(name):
    """Return the split and the arguments in the name of a golden item."""
    split, *arguments = name.split("/")
    return split, dict(argument.split("=") for argument in arguments)


@pytest.mark.parametrize(
    "case", STRINGS, ids=lambda case: f"{case['chromosome']}:{case['start']}-{case['end']} in {case['max_length']}"
)
def test_window_strings_are_the_originals(genome, case):
    interval = Interval(case["chromosome"], case["start"], case["end"], "train")

    def text(**options):
        return window_bases(genome, interval, case["max_length"], **options).tobytes().decode()

    assert text() == case["sequence"]
    assert text(other_strand=True) == case["reverse_complement"]
    assert text(pad_interval=True) == case["sequence_with_pad_interval"]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FIXED])
def test_items_are_the_originals(genome, toy_genome, name):
    split, arguments = settings(name)
    max_length = int(arguments["max_length"])
    add_eos, pad_interval, replace_n = (
        arguments[option] == "True" for option in ("add_eos", "pad_interval", "replace_N_token")
    )
    intervals = [interval for interval in read_bed(toy_genome / "toy.bed", genome) if interval.split == split]
    ids = np.stack(
        [
            window_ids(
                window_bases(genome, interval, max_length, pad_interval=pad_interval), max_length, add_eos, replace_n
            )
            for interval in intervals
        ]
    )
    np.testing.assert_array_equal(ids[:, :-1], ITEMS[f"{name}/data"])
    np.testing.assert_array_equal(ids[:, 1:], ITEMS[f"{name}/target"])


@pytest.mark.parametrize("name", FIXED)
def test_the_fixed_test_set_is_the_originals(genome, name):
    _, arguments = settings(name)
    stretches = []
    for stretch in arguments["ranges"].split(","):
        chrom, _, positions = stretch.partition(":")
        stretches.append(Interval(chrom, *(int(position) for position in positions.split("-")), "test"))
    ids = fixed_test_ids(genome, int(arguments["max_length"]), stretches)
    np.testing.assert_array_equal(ids[:, :-1], ITEMS[f"{name}/data"])
    np.testing.assert_array_equal(ids[:, 1:], ITEMS[f"{name}/target"])


def test_every_kind_of_golden_item_is_there():
    assert {settings(name)[0] for name in NAMES} == {"train", "valid", "test", "fixed_test"}
    assert (len(STRINGS), len(NAMES), len(FIXED)) == (32, 97, 1)


def test_a_genome_other_than_hg38_has_no_fixed_test_set(genome):
    with pytest.raises(HyenaDNAError, match=r"toy.fa has no chr14:19,726,402-106,677,047"):
        fixed_test_ids(genome, 1024)


def test_a_longer_interval_gives_its_first_bases():
    assert place_of(Interval("a", 20, 60, "train"), 30, 100) == Place(20, 50, 0, 0)


def test_a_shorter_interval_is_extended_by_one_more_on_the_right():
    assert place_of(Interval("a", 20, 30, "train"), 15, 100) == Place(18, 33, 0, 0)


def test_what_lies_beyond_the_contig_is_remembered_on_each_side():
    assert place_of(Interval("a", 2, 8, "train"), 21, 10) == Place(0, 10, 5, 6)


def test_missing_characters_stay_on_their_side_on_the_other_strand(genome):
    bases = window_bases(genome, Interval("chr1", 0, 8, "train"), 12, other_strand=True, pad_interval=True)
    assert bases.tobytes() == b"..ACGTGCGGTC"  # chr1 starts with GACCGCACGT


def test_the_other_strand_keeps_case_and_what_is_no_base():
    assert reverse_complement_bases(np.frombuffer(b"ACgtNn.R", np.uint8)).tobytes() == b"R.nNacGT"
