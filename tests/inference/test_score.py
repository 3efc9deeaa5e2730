"""Scores of variants equal their definition: two forward passes over the window of each allele."""

import re

import numpy as np
import pytest
from scipy.special import log_softmax

from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError, encode
from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.genome.variants import Variant, normalized
from hyenadna_core.inference.score import place, score_variants, variant_scores
from hyenadna_core.inference.windows import padded
from hyenadna_core.tokens import A, T, reverse_complement

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def model():
    return CausalLM(HyenaBackbone(2, 16, 130, seed=5))


@pytest.fixture
def genome(write_fasta, random_bases):
    bases = random_bases(1000)
    return open_genome(write_fasta({"chr1": bases[:400] + "N" * 8 + bases[400:], "chr2": random_bases(40, seed=1)}))


def log_likelihood(model, ids):
    """Sum log P of the bases, given those before them: (L,) -> float."""
    logits = model.predict_on_batch(padded([ids], 128, 1))[0]  # one length: JAX compiles each
    log_probs = log_softmax(logits.astype(np.float64), axis=-1)
    return sum(log_probs[i, base] for i, base in enumerate(ids[1:]) if A <= base <= T)


def two_forwards(model, genome, variant, window, strand="both", snap=False):
    """Score a variant as it is defined."""
    start, end = place(variant, genome.contigs[variant.chrom], window, snap)
    behind = variant.start + len(variant.ref)
    left, right = (encode(genome.read(variant.chrom, *edges)) for edges in ((start, variant.start), (behind, end)))
    ref, alt = (np.concatenate([left, encode(allele), right]) for allele in (variant.ref, variant.alt))
    forward = log_likelihood(model, alt) - log_likelihood(model, ref)
    other = log_likelihood(model, reverse_complement(alt)) - log_likelihood(model, reverse_complement(ref))
    return {"+": forward, "-": other, "both": (forward + other) / 2}[strand]


def allele(genome, chrom, start, length, alt):
    return Variant(chrom, start, genome.read(chrom, start, start + length).tobytes().decode(), alt)


def variants(genome):
    """Return substitutions, insertions and deletions, at the ends of contigs and in a gap too."""
    places = [(0, 1, "G"), (1, 1, "T"), (3, 2, "CC"), (60, 1, "A"), (61, 1, "C"), (500, 3, "GAT"), (700, 1, "ACGTACG")]
    places += [
        (720, 9, "A"),
        (721, 5, "TTTTT"),
        (406, 1, "A"),
        (409, 1, "C"),
        (1006, 1, "G"),
        (1007, 1, "C"),
        (990, 18, "A"),
    ]
    on_first = [allele(genome, "chr1", start, length, alt) for start, length, alt in places]
    return on_first + [allele(genome, "chr2", 20, 1, alt) for alt in ("A", "C", "ACGT")]


@pytest.mark.parametrize("strand", ["both", "+", "-"])
@pytest.mark.parametrize("snap", [False, True])
def test_scores_are_those_of_two_forward_passes(model, genome, strand, snap):
    alleles = variants(genome)
    actual = variant_scores(model, genome, alleles, window=128, strand=strand, snap=snap, batch_size=4)
    expected = [two_forwards(model, genome, each, 128, strand, snap) for each in alleles]
    np.testing.assert_allclose(actual, expected, atol=2e-5, rtol=0)


def test_from_python_a_variant_is_checked_and_gets_its_normal_form(model, genome):
    after, base = genome.read("chr1", 499, 501).tobytes().decode()
    repeated = Variant("chr1", 500, base, base + base)
    scores = score_variants(model, genome, [repeated], window=128)
    normal = normalized(genome, repeated)
    assert normal.start < 500
    np.testing.assert_array_equal(scores, variant_scores(model, genome, [normal], window=128))
    other = "A" if base != "A" else "C"
    for variant, reason in (
        (Variant("chr1", 500, other, base), f"ref_mismatch; the genome has {base}"),
        (Variant("chr1", 402, "A", "C"), "n_in_reference; the genome has N"),
        (Variant("chr1", 500, base, "N"), "not_acgt"),
        (Variant("chr1", 500, base, "<DEL>"), "symbolic"),
        (Variant("chr1", 500, base, after * 65), "too_long"),
        (Variant("chr1", 5000, base, other), "past_contig_end"),
        (Variant("1", 500, base, other), "other_contig"),
    ):
        with pytest.raises(HyenaDNAError, match=f"has no score: {reason}"):
            score_variants(model, genome, [variant], window=128)
    for options, message in (
        ({"window": 131}, "the model reads 2 to 130"),
        ({"window": 64, "strand": "x"}, "both, +, -"),
    ):
        with pytest.raises(HyenaDNAError, match=re.escape(message)):
            score_variants(model, genome, [repeated], **options)


@pytest.mark.parametrize("mixer", ["hyena", "attention"])
def test_windows_that_share_nothing_have_the_same_scores(genome, monkeypatch, mixer):
    from hyenadna_core.inference import changes

    monkeypatch.setattr(changes, "KEPT", 0)
    model = CausalLM(HyenaBackbone(1, 16, 130, seed=5, mixer=mixer))
    alleles = variants(genome)[3:9]
    actual = variant_scores(model, genome, alleles, window=128, batch_size=4)
    np.testing.assert_allclose(actual, [two_forwards(model, genome, each, 128) for each in alleles], atol=2e-5, rtol=0)


def test_an_allele_that_equals_the_reference_scores_zero(model, genome):
    same = allele(genome, "chr1", 500, 4, genome.read("chr1", 500, 504).tobytes().decode())
    np.testing.assert_allclose(variant_scores(model, genome, [same], window=128), [0], atol=1e-5, rtol=0)


def test_the_scores_of_a_batch_do_not_depend_on_its_neighbours(model, genome):
    alleles = variants(genome)
    together = variant_scores(model, genome, alleles, window=128, batch_size=8)
    alone = [variant_scores(model, genome, [each], window=128, batch_size=8)[0] for each in alleles]
    np.testing.assert_allclose(together, alone, atol=1e-5, rtol=0)
