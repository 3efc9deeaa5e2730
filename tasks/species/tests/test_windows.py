from collections import Counter

import numpy as np
import pytest
from hyenadna_species.pieces import Pieces
from hyenadna_species.windows import Drawing, Windows, spread

from hyenadna_core import Draw, HyenaDNAError, Interval
from hyenadna_core.testing import check_rows


@pytest.fixture
def pieces(genome):
    """Return a function that makes whole contigs, {name: text}, the train pieces of a species."""

    def of(name, contigs):
        return Pieces(
            genome(name, contigs), [Interval(contig, 0, len(text), "train") for contig, text in contigs.items()]
        )

    return of


def places(windows, rows, draws=range(1)):
    """Return the places of rows, (contig, start, length), by finding their bases in the genome."""
    found = []
    for step in draws:
        for row in rows:
            bases, number = windows.window(Draw("train", step, windows.length, 4, 0), row)
            genome = windows.species[number].genome
            found += [
                (contig, text.index(bases.tobytes()), len(bases))
                for contig, length in genome.contigs.items()
                if bases.tobytes() in (text := genome.read(contig, 0, length).tobytes())
            ]
    return found


def test_rows_keep_their_promises(pieces, bases):
    species = [pieces("a", {"c": bases(500)}), pieces("b", {"c": bases(300, 1), "d": bases(20, 2)})]
    for split in ("train", "valid"):
        windows = Windows(split, species, 40, 64, Drawing())
        check_rows(windows, seq_len=64)
        check_rows(windows, seq_len=16)
    assert Windows("test", species, 40, 64, Drawing()).checksum != windows.checksum
    assert Windows("valid", species, 40, 65, Drawing()).checksum != windows.checksum
    assert Windows("valid", species, 40, 64, Drawing(most_unknown=0.4)).checksum != windows.checksum


def test_rows_of_valid_and_test_are_fixed_and_differ(pieces, bases):
    species = [pieces("a", {"c": bases(5_000)}), pieces("b", {"c": bases(5_000, 1)})]
    valid, again, test = (Windows(split, species, 50, 32, Drawing()) for split in ("valid", "valid", "test"))
    names = [[rows.name(index) for index in range(50)] for rows in (valid, again, test)]
    assert names[0] == names[1]
    assert len({*names[0], *names[2]}) > 90
    species_name, contig, place = names[0][0].split(":")
    start, end = map(int, place.split("-"))
    genome = species[0].genome
    assert (species_name, contig) == ("a", "c")
    assert valid.row(0)[0].tobytes() == genome.read("c", start, end).tobytes()


def test_each_place_is_drawn_and_none_beyond_the_end(pieces, bases):
    windows = Windows("train", [pieces("a", {"c": bases(40)}), pieces("b", {"c": bases(40, 1)})], 10, 32, Drawing())
    found = places(windows, range(5), range(60))
    assert {start for _, start, _ in found} == set(range(9))  # 40 - 32 + 1 places
    assert {length for *_, length in found} == {32}


def test_a_shorter_stage_has_shorter_windows(pieces, bases):
    windows = Windows("train", [pieces("a", {"c": bases(90)}), pieces("b", {"c": bases(20)})], 8, 32, Drawing())
    lengths = [len(windows.window(Draw("train", 0, 16, 4, 0), row)[0]) for row in range(8)]
    assert lengths == [16] * 8
    lengths = [len(windows.window(Draw("train", 0, 32, 4, 0), row)[0]) for row in range(8)]
    assert lengths == [32] * 4 + [20] * 4


def test_windows_stay_in_their_pieces(genome, bases):
    one = genome("a", {"c": bases(100)})
    pieces = [Pieces(one, [Interval("c", 10, 40, "train"), Interval("c", 60, 95, "train")]) for _ in range(2)]
    windows = Windows("train", pieces, 10, 25, Drawing())
    starts = {start for _, start, _ in places(windows, range(10), range(40))}
    assert starts == {*range(10, 16), *range(60, 71)}


def test_contigs_are_drawn_by_length_or_evenly(pieces, bases):
    species = [pieces("a", {"long": bases(900), "short": bases(100, 1)}), pieces("b", {"c": bases(50, 2)})]
    for evenly, share in ((False, 0.1), (True, 0.5)):
        windows = Windows("train", species, 100, 20, Drawing(contigs_evenly=evenly))
        counts = Counter(contig for contig, *_ in places(windows, range(50), range(20)))
        assert counts["short"] / counts.total() == pytest.approx(share, abs=0.05)


def test_blocks_of_a_contig_share_its_weight(genome, bases):
    one = genome("a", {"c": bases(300), "d": bases(100, 1)})
    intervals = [Interval("c", 0, 100), Interval("c", 100, 300), Interval("d", 0, 100)]
    np.testing.assert_allclose(Pieces(one, intervals).weights(evenly=True), [1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(Pieces(one, intervals).weights(evenly=False), [100, 200, 100])


def test_species_have_as_many_windows_or_by_their_bases(pieces, bases):
    species = [pieces("a", {"c": bases(900)}), pieces("b", {"c": bases(50) + "N" * 500 + bases(50, 1)})]
    even, by_length = (Windows("train", species, 101, 20, Drawing(species_evenly=evenly)) for evenly in (True, False))
    assert np.bincount(even.species_of_rows).tolist() == [51, 50]
    assert np.bincount(by_length.species_of_rows).tolist() == [91, 10]
    assert [by_length.row(row)[1] for row in (0, 100)] == [0, 1]


def test_windows_with_too_many_n_are_drawn_again(pieces, bases):
    text = "N" * 300 + bases(100) + "N" * 300
    windows = Windows("train", [pieces("a", {"c": text}), pieces("b", {"c": bases(100, 1)})], 100, 20, Drawing())
    unknown = [(windows.row(row)[0] == ord("N")).sum() for row in range(50)]
    assert max(unknown) <= 10
    strict = Windows("train", windows.species, 100, 20, Drawing(most_unknown=0.0))
    assert not any((strict.row(row)[0] == ord("N")).any() for row in range(50))  # 81 of 681 places have none


def test_pieces_without_enough_bases_are_left_out_and_counted(pieces, bases):
    gaps = {"gap": "N" * 1_000 + "ACG", "end": "N" * 10 + "ACGTACGT"}  # 18 bases need 9 known ones
    species = [pieces("a", {"c": bases(100), **gaps}), pieces("b", {"c": bases(100, 1)})]
    windows = Windows("train", species, 100, 20, Drawing())
    assert {contig for contig, *_ in places(windows, range(50), range(5))} == {"c"}
    assert windows.sentences() == [
        "a: 2 of 3 train pieces have too few known bases for a window (gap:0, end:0): they are left out."
    ]
    windows.check()


def test_shorter_windows_are_whole_contigs_and_counted(pieces, bases):
    species = [
        pieces("a", {"long": bases(300), "short": bases(60, 1), "tiny": bases(40, 2)}),
        pieces("b", {"c": bases(99)}),
    ]
    windows = Windows("train", species, 40, 80, Drawing())
    np.testing.assert_array_equal(windows.lengths[:20], [60] * 3 + [40] * 2 + [80] * 15)
    assert windows.row(0)[0].tobytes().decode() == bases(60, 1)
    assert {contig for contig, *_ in places(windows, range(5, 20), range(5))} == {"long"}
    assert windows.sentences() == [
        "a: 5 of 20 train windows are whole contigs or blocks of less than 80 bases: they are padded on the right.",
        "The lengths of train windows may give the species away: a has 25.0% shorter than 80 bases, and a mean of "
        "73.0; b has 0.0% shorter than 80 bases, and a mean of 80.0. Shorter --stages avoid this, or genomes without "
        "short contigs.",
    ]


@pytest.mark.parametrize(("other", "warned"), [(60, False), (30, True)])
def test_only_different_lengths_of_species_are_a_warning(pieces, bases, other, warned):
    species = [pieces("a", {"c": bases(60)}), pieces("b", {"c": bases(other, 1)})]
    sentences = Windows("test", species, 10, 80, Drawing()).sentences()
    assert any("may give the species away" in sentence for sentence in sentences) == warned


def test_repeated_windows_are_counted(pieces, bases):
    species = [pieces("a", {"c": bases(50)}), pieces("b", {"c": bases(81, 1)}), pieces("c", {"c": bases(90_000, 2)})]
    assert Windows("test", species, 60, 80, Drawing()).repeated() == [
        "a: 1 of 20 test windows differ; the others repeat them, and figures are less certain than their number tells.",
        "b: 2 of 20 test windows differ; the others repeat them, and figures are less certain than their number tells.",
    ]


def test_a_species_without_windows_is_one_line(pieces, bases):
    species = [pieces("a", {"c": bases(5_000)}), pieces("b", {"c": "N" * 50 + bases(10)})]
    with pytest.raises(HyenaDNAError, match=r"b has no train window of 40 bases with at most 0\.5 unknown ones: give"):
        Windows("train", species, 10, 40, Drawing()).check()
    Windows("train", species, 10, 20, Drawing()).check()
    with pytest.raises(
        HyenaDNAError, match=r"b has none of the 10 train windows: give more --train-windows, or --draw"
    ):
        Windows("train", species, 10, 20, Drawing(species_evenly=False)).check()
    with pytest.raises(HyenaDNAError, match=r"b has none of the 1 train windows: give more --train-windows\."):
        Windows("train", species, 1, 20, Drawing()).check()


def test_numbers_are_spread_by_weight():
    assert spread([1, 0, 3], 8).tolist() == [0, 0, 2, 2, 2, 2, 2, 2]
    assert spread([0, 0], 5).tolist() == []
    assert spread([1, 2], 0).tolist() == []
