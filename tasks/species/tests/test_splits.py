import re

import numpy as np
import pytest
from hyenadna_species.genome import known_bases
from hyenadna_species.published import TEST, TRAIN, VALID, numbers, published_row
from hyenadna_species.splits import SPLITS, blocks_of, by_block, by_contig, by_names, by_published, plain

from hyenadna_core import HyenaDNAError


def splits_of(split, name):
    return {(piece.chrom, piece.start, piece.end): piece.split for piece in split.pieces[name]}


def test_names_of_chromosomes():
    assert numbers("2 4 14-16 X") == ("2", "4", "14", "15", "16", "X")
    assert [plain(name) for name in ("chrX", "x", "Chr2a", "7", "NC_1")] == ["X", "X", "2A", "7", "NC_1"]


def test_the_published_split_has_each_chromosome_once():
    for names in TRAIN.values():
        assert len({*names, *VALID, *TEST}) == len(names) + len(VALID) + len(TEST)
    assert len(TRAIN["human"]) + len(VALID) + len(TEST) == 24
    assert len(TRAIN["mouse"]) + len(VALID) + len(TEST) == 20  # 1 to 19 and X


def test_known_species_have_the_published_split(genome):
    names = {f"chr{name}": "ACGT" for name in (*TRAIN["mouse"], *VALID, *TEST[1:])} | {"chrUn_1": "ACG", "chrM": "A"}
    split = by_published([genome("mouse", names)])
    of_contigs = {contig: of_split for (contig, *_), of_split in splits_of(split, "mouse").items()}
    assert {contig for contig, of_split in of_contigs.items() if of_split == "valid"} == {
        "chr1",
        "chr3",
        "chr12",
        "chr13",
    }
    assert of_contigs["chr7"] == "test"
    assert of_contigs["chrX"] == "train"
    assert split.sentences == [
        "mouse: 2 contigs with 4 bases are in no part of the published split (chrUn_1, chrM): they are left out.",
        "mouse lacks chromosomes of the published split: 5.",
    ]


def test_names_that_the_published_split_does_not_know_are_one_line(genome):
    with pytest.raises(HyenaDNAError, match=r"by the published split, which knows names such as chr1 and 1; it has NC"):
        by_published([genome("mouse", {"NC_000067.7": "ACGT", "NC_000069.7": "ACGT"})])


def test_a_species_without_a_published_split_is_one_line(genome):
    with pytest.raises(HyenaDNAError, match=r"no published split for ecoli, only for human, .*give --valid and --test"):
        by_published([genome("ecoli", {"NC_1": "ACGT"})])


@pytest.mark.parametrize("names", [{"1": "A", "2": "C", "3": "G"}, {"chr1": "A", "chr2": "C", "chr3": "G"}])
@pytest.mark.parametrize("prefix", ["", "chr"])
def test_names_match_with_and_without_chr(genome, names, prefix):
    split = by_names([genome("a", names)], [f"{prefix}1"], [f"{prefix}3"])
    assert list(splits_of(split, "a").values()) == ["valid", "train", "test"]


def test_alternate_haplotypes_have_the_split_of_their_chromosome(genome):
    contigs = ("chr1", "chr1_KI270762v1_alt", "chr10", "chr10_random", "chr2", "chr2_a", "chrUn_1", "chr1_b_c")
    human = genome("human", dict.fromkeys(contigs, "ACGT"))
    other = genome("other", {"1_alt": "AC", "2": "A", "10": "A"})  # which has no contig 1
    split = by_names([human, other], ["1"], ["chr2", "1_b_c"])
    assert [piece.split for piece in split.pieces["human"]] == [
        *("valid", "valid", "train", "train", "test", "test", "train", "test")
    ]
    assert [piece.split for piece in split.pieces["other"]] == ["valid", "test", "train"]
    assert split.sentences == [
        "human: contigs with the split of the contig whose name is before their underscore: 3 with 12 bases "
        "(chr1_KI270762v1_alt, chr10_random, chr2_a).",
        "other: contigs with the split of the contig whose name is before their underscore: 1 with 2 bases (1_alt).",
    ]


def test_whole_contigs_keep_their_haplotypes_together(genome):
    names = [f"chr{number}" for number in range(20)]
    contigs = dict.fromkeys([*names, *(f"{name}_{end}" for name in names for end in ("alt", "random"))], "ACGT")
    split = by_contig([genome("a", contigs), genome("b", dict.fromkeys(names, "A"))])
    of_contigs = {piece.chrom: piece.split for piece in split.pieces["a"]}
    assert all(of_contigs[name] == of_contigs[name.split("_")[0]] for name in contigs)
    assert [list(of_contigs.values()).count(name) for name in SPLITS] == [48, 6, 6]
    assert "whose name is before their underscore: 40 with 160 bases (chr0_alt" in split.sentences[0]
    assert len(split.sentences) == 1


def test_without_test_names_there_is_no_test(genome):
    split = by_names([genome("a", {"1": "A", "2": "C"})], ["1"], [])
    assert list(splits_of(split, "a").values()) == ["valid", "train"]


@pytest.mark.parametrize(
    ("valid", "test", "line"),
    [
        (["1"], ["chr1", "2"], "--valid and --test both name 1: leave it out of one."),
        (["9"], ["2"], "--valid names 9, but no species has such a contig: a has 1, 2, 3; b has 1, 2, NC_9."),
        (["3"], ["2"], "b has no contig for valid: it has 1, 2, NC_9: name one for it, or take --split blocks."),
        (["1", "NC_9"], ["2", "3"], "a has no contig for train: it has 1, 2, 3: leave one out of --valid and --test"),
    ],
)
def test_wrong_names_are_one_line(genome, valid, test, line):
    genomes = [genome("a", {"1": "A", "2": "C", "3": "G"}), genome("b", {"1": "C", "2": "C", "NC_9": "G"})]
    with pytest.raises(HyenaDNAError, match=re.escape(line)):
        by_names(genomes, valid, test)


@pytest.mark.parametrize(("length", "count"), [(1, 1), (99, 1), (100, 1), (199, 1), (200, 2), (1_050, 10)])
def test_blocks_cover_a_contig_once(length, count):
    blocks = blocks_of("c", length, 100)
    assert len(blocks) == count
    assert [start for _, start, _ in blocks[1:]] == [end for _, _, end in blocks[:-1]]
    assert (blocks[0][1], blocks[-1][2]) == (0, length)


def test_a_tenth_of_the_blocks_is_held_out_whatever_the_name(genome, bases):
    contigs = {"c1": bases(10_000), "c2": bases(3_050, seed=1)}
    split, renamed = by_block([genome("a", contigs)], 100), by_block([genome("b", contigs)], 100)
    of_blocks = splits_of(split, "a")
    assert of_blocks == splits_of(renamed, "b")
    assert [list(of_blocks.values()).count(name) for name in SPLITS] == [104, 13, 13]
    assert len({of_split for (contig, *_), of_split in of_blocks.items() if contig == "c1"}) == 3


def test_fewer_than_three_blocks_are_one_line(genome):
    with pytest.raises(
        HyenaDNAError, match=r"a has too few blocks for train, valid and test \(2\): give a smaller --block-size\."
    ):
        by_block([genome("a", {"c": "ACGT" * 50})], 100)


def test_contigs_of_one_name_have_one_split(genome, bases):
    names = [f"region-{number}" for number in range(20)]
    first = genome("a", dict.fromkeys(names, "ACGT"))
    second = genome("b", dict.fromkeys(names[5:], "ACG"))
    split = by_contig([first, second])
    of_first, of_second = ({piece.chrom: piece.split for piece in split.pieces[name]} for name in "ab")
    assert of_second.items() <= of_first.items()
    assert [list(of_first.values()).count(name) for name in SPLITS] == [16, 2, 2]


def test_too_few_contigs_are_one_line(genome):
    with pytest.raises(
        HyenaDNAError, match=r"There are too few contigs for train, valid and test \(2\): take --split blocks\."
    ):
        by_contig([genome("a", {"x": "A", "y": "C"}), genome("b", {"x": "C"})])
    with pytest.raises(HyenaDNAError, match="has no contig for"):
        by_contig([genome("c", {"x": "A", "y": "C", "z": "G"}), genome("d", {"x": "C"})])


def test_the_paper_has_a_row_for_its_five_species_and_lengths():
    five = ("mouse", "human", "pig", "hippo", "lemur")
    assert published_row(five, 1_000).pretrained == published_row(five, 1_024).pretrained == 61.1
    assert published_row(five, 450_000).random == 71.4
    assert published_row(five, 4_096) is None
    assert published_row((*five, "goat"), 1_024) is None
    assert published_row(five[:4], 1_024) is None


def test_real_blocks_share_no_base(pair):
    from hyenadna_species.genome import SpeciesGenome

    genomes = [SpeciesGenome(*named) for named in pair]
    split = by_block(genomes, 1_000)
    for genome in genomes:
        seen = np.zeros(40_000, int)
        for piece in split.pieces[genome.name]:
            seen[piece.start : piece.end] += 1
            assert known_bases(genome.read(piece.chrom, piece.start, piece.end)) == 1_000
        np.testing.assert_array_equal(seen, 1)
