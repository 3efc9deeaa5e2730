"""Effects and dependencies equal slow definitions, with the model called by hand."""

import numpy as np
import pytest
from scipy.special import log_softmax

from hyenadna_core import CausalLM, HyenaBackbone, encode
from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.inference.mutate import dependencies, substitution_effects, substitutions, table
from hyenadna_core.inference.score import place, score_variants
from hyenadna_core.inference.windows import padded
from hyenadna_core.tokens import A, T, reverse_complement

pytestmark = pytest.mark.one_backend
WINDOW = 64
ROWS = 32  # of a batch by hand


@pytest.fixture(scope="module")
def model():
    return CausalLM(HyenaBackbone(2, 16, WINDOW + 2, seed=5))


@pytest.fixture
def genome(write_fasta, random_bases):
    bases = random_bases(300)
    return open_genome(write_fasta({"chr1": bases[:150] + "NRn" + bases[153:].lower(), "chr2": random_bases(40, 1)}))


ON_EACH_BACKEND = [pytest.param("inside", "both", marks=pytest.mark.keras)]
REGIONS = {
    "inside": Interval("chr1", 90, 95),
    "with N": Interval("chr1", 148, 155),
    "first bases": Interval("chr1", 0, 3),
    "last bases": Interval("chr1", 297, 300),
    "short contig": Interval("chr2", 17, 21),
}
OTHERS = [*((name, "both") for name in REGIONS if name != "inside"), ("inside", "-")]


def log_probs(model, rows):
    """Return log P of A, C, G, T at each base of each row, (L, 4); NaN at the first."""
    values = []
    for first in range(0, len(rows), ROWS):
        some = rows[first : first + ROWS]
        logits = model.predict_on_batch(padded(some, WINDOW, ROWS)).astype(np.float64)
        for row, of_row in zip(some, log_softmax(logits, axis=-1)[..., A : T + 1], strict=False):
            values.append(np.full((len(row), 4), np.nan))
            values[-1][1:] = of_row[: len(row) - 1]
    return values


def changed(genome, region, start, end):
    """Return the substitutions of a region, and the ids of a window without and with each."""
    ids = encode(genome.read(region.chrom, start, end))
    variants = substitutions(genome, region)
    rows = np.stack([ids] * (len(variants) + 1))
    for row, variant in zip(rows[1:], variants, strict=True):
        row[variant.start - start] = encode(variant.alt)[0]
    return variants, rows


def of_strand(rows, strand):
    return list(rows) if strand == "+" else [reverse_complement(row) for row in rows]


def log_likelihoods(model, rows):
    """Sum log P of the bases of each row, given those before them."""
    of_rows = zip(rows, log_probs(model, rows), strict=True)
    return [sum(values[i, ids[i] - A] for i in range(1, len(ids)) if A <= ids[i] <= T) for ids, values in of_rows]


def effects_by_hand(model, genome, region, strands):
    """Return log P of the window with each substitution, minus that of the genome: (L, 4)."""
    expected = np.full((len(region), 4), np.nan)
    variants, rows = substitutions(genome, region), []
    for variant in variants:
        own = Interval(region.chrom, variant.start, variant.start + 1)
        others, windows = changed(genome, own, *place(variant, genome.contigs[region.chrom], WINDOW, snap=True))
        number = 1 + [each.alt for each in others].index(variant.alt)
        rows += [row for each in strands for row in of_strand(windows[[0, number]], each)]
    values = np.reshape(log_likelihoods(model, rows), (len(variants), len(strands), 2))
    for variant, value in zip(variants, (values[..., 1] - values[..., 0]).mean(axis=1), strict=True):
        expected[variant.start - region.start, "ACGT".index(variant.alt)] = value
    return expected


@pytest.mark.parametrize(("name", "strand"), ON_EACH_BACKEND + OTHERS)
def test_effects_are_those_of_two_forward_passes(model, genome, name, strand):
    region = REGIONS[name]
    effects = substitution_effects(model, genome, region, window=WINDOW, strand=strand, batch_size=2)
    expected = effects_by_hand(model, genome, region, "+-" if strand == "both" else strand)
    np.testing.assert_allclose(effects.scores, expected, atol=2e-5, rtol=0)
    assert effects.sequence == genome.read(region.chrom, region.start, region.end).tobytes().decode().upper()


def test_effects_are_the_scores_of_variants_on_a_grid(model, genome):
    effects = substitution_effects(model, genome, REGIONS["inside"], window=WINDOW, batch_size=2)
    variants = substitutions(genome, REGIONS["inside"])
    expected = score_variants(model, genome, variants, window=WINDOW, snap=True, batch_size=2)
    np.testing.assert_array_equal(effects.scores[~np.isnan(effects.scores)], expected)


def log_odds(values):
    shares = np.exp(values) / np.exp(values).sum(axis=-1, keepdims=True)
    return np.log(shares / (1 - shares))


def dependencies_by_hand(model, genome, region, strands):
    """Return the largest change of log-odds at each base j by substitutions of each base i."""
    contig = genome.contigs[region.chrom]
    start = max(0, min((region.start + region.end) // 2 - WINDOW // 2, contig - WINDOW))
    variants, rows = changed(genome, region, start, min(contig, start + WINDOW))
    expected = np.zeros((len(region), len(region)))
    for strand in strands:
        values = np.stack(log_probs(model, of_strand(rows, strand)))
        values = values if strand == "+" else values[:, ::-1]
        changes = np.abs(log_odds(values[1:]) - log_odds(values[:1])).max(axis=2)
        for variant, change in zip(variants, changes, strict=True):
            i = variant.start - region.start
            for j in range(i + 1, len(region)) if strand == "+" else range(i):
                if A <= rows[0, j + region.start - start] <= T:
                    expected[i, j] = max(expected[i, j], change[j + region.start - start])
    return expected


@pytest.mark.parametrize(("name", "strand"), [*ON_EACH_BACKEND, *OTHERS, ("inside", "+")])
def test_dependencies_are_the_largest_changes_of_log_odds(model, genome, name, strand):
    values = dependencies(model, genome, REGIONS[name], window=WINDOW, strand=strand, batch_size=2)
    expected = dependencies_by_hand(model, genome, REGIONS[name], "+-" if strand == "both" else strand)
    np.testing.assert_allclose(values, expected, atol=2e-5, rtol=0)
    assert not values.diagonal().any()
    assert values.any()


def test_the_table_counts_from_1_and_has_no_row_for_other_letters(model, genome):
    region = Interval("chr1", 149, 154)
    rows = table(region, substitution_effects(model, genome, region, window=WINDOW, batch_size=2)).splitlines()
    cells = [row.split("\t") for row in rows]
    assert cells[0] == ["chrom", "pos", "ref", "alt", "llr"]
    assert [cell[1] for cell in cells[1:]] == ["150"] * 3 + ["154"] * 3
    assert all(cell[2] != cell[3] and cell[2] in "ACGT" for cell in cells[1:])


def test_each_substitution_of_each_strand_is_counted_as_done(model, genome):
    done = []
    substitution_effects(model, genome, REGIONS["with N"], window=WINDOW, batch_size=2, advance=done.append)
    dependencies(model, genome, REGIONS["with N"], window=WINDOW, strand="-", batch_size=2, advance=done.append)
    assert sum(done) == 4 * 3 * 2 + 4 * 3


def test_a_region_of_n_has_no_substitutions(model, genome):
    region = Interval("chr1", 150, 153)
    assert np.isnan(substitution_effects(model, genome, region, window=WINDOW, batch_size=2).scores).all()
    assert not dependencies(model, genome, region, window=WINDOW, batch_size=2).any()
