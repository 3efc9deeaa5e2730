"""Regions as people write them, BED files, and their union."""

import gzip
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.genome.region import cut, parse_region, read_regions, union

LENGTHS = {"chr1": 2000, "20": 50, "HLA-A*01:01": 30, "a:1-5": 9}


@pytest.fixture
def genome(write_fasta):
    return open_genome(write_fasta({name: "A" * length for name, length in LENGTHS.items()}))


def intervals(*places):
    return [Interval(*place) for place in places]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("chr1:1-2000", ("chr1", 0, 2000)),
        ("chr1:1,001-2,000", ("chr1", 1000, 2000)),
        ("chr1:7-7", ("chr1", 6, 7)),
        ("chr1", ("chr1", 0, 2000)),
        ("HLA-A*01:01", ("HLA-A*01:01", 0, 30)),
        ("HLA-A*01:01:5-6", ("HLA-A*01:01", 4, 6)),
        ("a:1-5", ("a:1-5", 0, 9)),
        ("a:1-5:2-3", ("a:1-5", 1, 3)),
    ],
)
def test_a_region_counts_from_1_and_has_its_last_base(genome, text, place):
    assert parse_region(text, genome) == Interval(*place)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("chr20:1-5", "No contig 'chr20' in {genome}; it has chr1, 20, HLA-A*01:01, a:1-5. Write a region as in"),
        ("chr20", "No contig 'chr20' in {genome}; it has chr1, 20"),
        ("", "No contig '' in {genome}; it has chr1, 20"),
        ("chr1\n:1-5", "No contig 'chr1\\n:1-5' in {genome}"),
        ("chr1:", "'chr1:' is no region: write it as in chr1:1,001-2,000"),
        ("chr1:5", "'chr1:5' is no region: write it as in chr1:1,001-2,000"),
        ("chr1:-5-6", "'chr1:-5-6' is no region"),
        ("chr1:1-1e3", "'chr1:1-1e3' is no region"),
        ("chr1:0-5", "The region 'chr1:0-5' is not in chr1, which has the bases 1 to 2,000"),
        ("chr1:9-5", "The region 'chr1:9-5' ends before it starts: write the smaller position first."),
        ("chr1:5-2001", "The region 'chr1:5-2001' is not in chr1, which has the bases 1 to 2,000"),
        ("20:1-" + "9" * 24, "is not in 20, which has the bases 1 to 50"),
        ("20:1-" + "9" * 25, "is no region"),
    ],
)
def test_another_region_is_one_line(genome, text, reason):
    with pytest.raises(HyenaDNAError) as error:
        parse_region(text, genome)
    assert reason.format(genome=genome.path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["some.bed", "some.bed.gz"])
def test_only_three_columns_of_a_bed_count(genome, tmp_path, name):
    text = "browser position chr1:1-5\ntrack name=x\n# comment\n\nchr1\t10\t20\tx\t0\t-\r\n20 0 50\nchr1\t15\t30\n"
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    assert read_regions(path, genome) == intervals(("chr1", 10, 20), ("20", 0, 50), ("chr1", 15, 30))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "{path} has no intervals: write contig, start and end in each line."),
        ("track name=x\n", "{path} has no intervals"),
        ("chr1\t0\t5\nchr20\t0\t5\n", "{path}:2: no contig 'chr20' in"),
        ("chr1\t20\t10\n", "{path}:1: the interval 20-10 has no bases"),
        ("20\t40\t51\n", "{path}:1: the interval ends at 51 but 20 in"),
        ("chrom\tstart\tend\n", "{path}:1: expected contig, start and end in columns 1 to 3, found 'chrom start end'"),
    ],
)
def test_a_wrong_line_of_a_bed_is_named(genome, tmp_path, text, reason):
    path = tmp_path / "wrong.bed"
    path.write_text(text)
    with pytest.raises(HyenaDNAError) as error:
        read_regions(path, genome)
    assert str(error.value).startswith(reason.format(path=path))


PLACES = st.tuples(st.sampled_from(list(LENGTHS)), st.integers(0, 8), st.integers(0, 8)).filter(lambda p: p[1] < p[2])


class Named:
    contigs = LENGTHS


def covered(places):
    """Return how often each of the first bases of each contig is covered."""
    counts = {name: np.zeros(9, int) for name in LENGTHS}
    for place in places:
        counts[place.chrom][place.start : place.end] += 1
    return counts


@given(st.lists(PLACES))
def test_a_union_has_each_base_once_in_the_order_of_the_genome(places):
    joined = union(intervals(*places), Named)
    before, after = covered(intervals(*places)), covered(joined)
    for name in LENGTHS:
        np.testing.assert_array_equal(after[name], before[name] > 0)
    order = [(list(LENGTHS).index(each.chrom), each.start) for each in joined]
    assert order == sorted(order)
    assert all(a.end < b.start for a, b in pairwise(joined) if a.chrom == b.chrom)


@given(st.lists(PLACES), st.integers(1, 9))
def test_a_cut_keeps_the_bases_and_crosses_no_multiple(places, length):
    pieces = cut(intervals(*places), length)
    before, after = covered(intervals(*places)), covered(pieces)
    for name in LENGTHS:
        np.testing.assert_array_equal(after[name], before[name])
    assert all(len(each) and each.start // length == (each.end - 1) // length for each in pieces)
