import numpy as np
import pytest
from hyenadna_benchmarks.recall.benchmark import Contender, run_recall
from hyenadna_benchmarks.recall.measure import figures, measure
from hyenadna_benchmarks.recall.plants import (
    Plant,
    check_distances,
    distances_up_to,
    genome_background,
    make_pair,
    random_background,
)
from hyenadna_benchmarks.recall.report import settings_of, write_report

from hyenadna_core import HyenaDNAError, open_genome
from hyenadna_core.testing import tiny_fasta
from hyenadna_core.tokens import A, T

PLANT = Plant(key=6, value=3, seed=1)


class Copier:
    """Predicts the base that followed an earlier copy of the last bases, else all alike."""

    calls = 0

    def predict_on_batch(self, ids):
        Copier.calls += 1
        logits = np.zeros((*ids.shape, 16))
        for row, of_row in zip(ids, logits, strict=True):
            for at in range(len(row) - PLANT.value - 1, len(row) - 1):  # the last positions are all that is asked for
                suffix = row[at - PLANT.key + 1 : at + 1]
                for before in range(at - PLANT.key):
                    if np.array_equal(row[before : before + PLANT.key], suffix):
                        of_row[at, row[before + PLANT.key]] = 9.0
        return logits


class Constant:
    """Has no memory: A is the most likely base everywhere."""

    def predict_on_batch(self, ids):
        logits = np.zeros((*ids.shape, 16))
        logits[..., A] = 1.0
        logits[..., 3] = 50.0  # a token that is no base does not count
        return logits


class Broken:
    def predict_on_batch(self, ids):
        return np.full((*ids.shape, 16), np.nan)


def test_a_model_that_copies_recalls_everything_at_all_distances():
    rows = run_recall([Contender("copier", "c", Copier, distances_up_to(PLANT, 128))], PLANT, 12, random_background)
    assert [row["distance"] for row in rows] == [16, 32, 64, 119]
    assert [row["accuracy"] for row in rows] == [1.0] * 4
    assert all(row["accuracy_without_plant"] < 0.6 for row in rows)
    # log P of the value is -log(1 + 3 exp(-9)) with the plant, and log(1/4) without it
    np.testing.assert_allclose([row["gain"] for row in rows], 2 - np.log2(1 + 3 * np.exp(-9)), atol=1e-3)


def test_a_model_without_memory_gains_nothing():
    row = figures(measure(Constant().predict_on_batch, PLANT, 20, 40, random_background))
    assert (row["gain"], row["gain_low"], row["gain_high"]) == (0.0, 0.0, 0.0)
    assert row["accuracy"] == row["accuracy_without_plant"]
    e = np.exp(1)
    share = row["accuracy"]
    np.testing.assert_allclose(row["bits"], -(share * np.log2(e) - np.log2(3 + e)), rtol=1e-9)


def test_the_control_differs_only_in_the_plant():
    for distance in (9, 30):
        planted, control = make_pair(PLANT, distance, 0, random_background)
        assert len(planted) == PLANT.length(distance)
        np.testing.assert_array_equal(planted[: PLANT.shortest], planted[distance:])
        np.testing.assert_array_equal(planted[PLANT.shortest :], control[PLANT.shortest :])
        assert not np.array_equal(planted[: PLANT.shortest], control[: PLANT.shortest])
        again = make_pair(PLANT, distance, 0, random_background)
        np.testing.assert_array_equal(planted, again.planted)
        assert not np.array_equal(planted, make_pair(PLANT, distance, 1, random_background).planted)


def test_figures_do_not_depend_on_the_size_of_batches(monkeypatch):
    whole = measure(Copier().predict_on_batch, PLANT, 20, 7, random_background)
    monkeypatch.setattr("hyenadna_benchmarks.recall.measure.BASES_AT_ONCE", 130)
    for name, values in measure(Copier().predict_on_batch, PLANT, 20, 7, random_background).items():
        np.testing.assert_array_equal(values, whole[name])


def test_distances_are_powers_of_two_and_the_longest():
    assert distances_up_to(Plant(16, 8), 1024) == [32, 64, 128, 256, 512, 1000]
    assert distances_up_to(Plant(4, 4), 16) == [8]
    assert distances_up_to(Plant(4, 4), 24) == [8, 16]
    check_distances(Plant(16, 8), [24, 1000], 1024, "W")
    with pytest.raises(HyenaDNAError, match="W reads 40 bases, too few for a key of 16 and a value of 8"):
        check_distances(Plant(16, 8), [], 40, "W")
    for distance in (23, 1001):
        with pytest.raises(HyenaDNAError, match=f"distance of {distance:,} bases does not fit: .* of 24 to 1,000 do"):
            check_distances(Plant(16, 8), [distance], 1024, "W")


def test_a_genome_gives_windows_without_n(tmp_path):
    path = tiny_fasta(tmp_path / "g.fa", {"chr1": 300})
    genome = open_genome(path)
    draw = genome_background(genome, 100)
    text = genome.read("chr1", 0, 300).tobytes()
    assert draw(np.random.default_rng(0), 100).tobytes() in text
    ids = make_pair(PLANT, 50, 0, draw).control
    assert ((ids >= A) & (ids <= T)).all()
    with pytest.raises(HyenaDNAError, match=r"longest contig .* 300 bases, and the longest sequence 301"):
        genome_background(genome, 301)
    (tmp_path / "n.fa").write_text(">chr1\n" + "ACGTN" * 60 + "\n")
    with pytest.raises(HyenaDNAError, match="all have N"):
        genome_background(open_genome(tmp_path / "n.fa"), 10)(np.random.default_rng(0), 10)


def test_a_stopped_run_goes_on(tmp_path):
    whole = run_recall([Contender("copier", "c", Copier, [16, 32])], PLANT, 4, random_background)
    first = run_recall([Contender("copier", "c", Copier, [16])], PLANT, 4, random_background, folder=tmp_path)
    before = Copier.calls
    both = run_recall([Contender("copier", "c", Copier, [16, 32])], PLANT, 4, random_background, folder=tmp_path)
    assert Copier.calls == before + 1
    assert (both, first) == (whole, whole[:1])

    def never():
        raise AssertionError

    assert (
        run_recall([Contender("copier", "c", never, [16, 32])], PLANT, 4, random_background, folder=tmp_path) == whole
    )
    (tmp_path / "measured" / "c-000000016.npz").write_bytes(b"PK")
    assert (
        run_recall([Contender("copier", "c", Copier, [16, 32])], PLANT, 4, random_background, folder=tmp_path) == whole
    )
    with pytest.raises(HyenaDNAError, match="has results with another sequences: choose another --out"):
        run_recall([Contender("copier", "c", Copier, [16])], PLANT, 5, random_background, folder=tmp_path)


@pytest.mark.parametrize(("mark", "runner"), [("cells", "SUITE"), ("scores/job.json", "traitgym")])
def test_results_of_another_runner_are_not_overwritten(tmp_path, mark, runner):
    (tmp_path / mark).mkdir(parents=True)
    with pytest.raises(HyenaDNAError) as raised:
        run_recall([Contender("copier", "c", Copier, [16])], PLANT, 4, random_background, folder=tmp_path)
    assert str(raised.value) == f"{tmp_path} has results of `hyenadna benchmark {runner}`: choose another --out."
    assert not (tmp_path / "measured").exists()


def test_nan_is_one_line():
    with pytest.raises(HyenaDNAError, match="nan or infinity"):
        measure(Broken().predict_on_batch, PLANT, 20, 2, random_background)


def test_the_report_has_a_table_a_page_and_a_picture(tmp_path):
    rows = run_recall([Contender("untrained", "u", Constant, [16, 32])], PLANT, 4, random_background)
    write_report(tmp_path, rows, settings_of(PLANT, 4, "random bases"))
    lines = (tmp_path / "table.tsv").read_text().splitlines()
    assert lines[0].split("\t")[:4] == ["model", "distance", "sequences", "accuracy"]
    assert [line.split("\t")[1] for line in lines[1:]] == ["16", "32"]
    assert "| untrained | 16 | 4 |" in (tmp_path / "recall.md").read_text()
    assert (tmp_path / "recall.png").read_bytes()[:4] == b"\x89PNG"


def test_the_picture_has_names_as_they_are(tmp_path, monkeypatch):
    from matplotlib.text import Text

    drawn, draw = [], Text.draw
    monkeypatch.setattr(Text, "draw", lambda text, renderer: drawn.append(text.get_text()) or draw(text, renderer))
    name = "_a$b$\\frac"
    rows = run_recall([Contender(name, "u", Constant, [16])], PLANT, 4, random_background)
    write_report(tmp_path, rows, settings_of(PLANT, 4, "random bases"))
    assert name in drawn
    assert "chance" in drawn
