import numpy as np
import pytest
from hyenadna_benchmarks.kept_parts import KeptParts
from hyenadna_benchmarks.language_model import window_of
from hyenadna_benchmarks.traitgym import scores as module
from hyenadna_benchmarks.traitgym.benchmark import run_traitgym
from hyenadna_benchmarks.traitgym.scores import all_scores, haplotypes, score
from hyenadna_benchmarks.traitgym.variants import LabelledVariants

from hyenadna_core import CausalLM, HyenaDNAError, Variant, encode, open_genome, reverse_complement, score_variants
from hyenadna_core.testing import tiny_backbone, tiny_fasta

WINDOW = 32


@pytest.fixture(scope="module")
def model():
    return CausalLM(tiny_backbone(66))


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    contigs = {"chr1": 3000, "chr2": 2000, "chr3": 2000}
    return open_genome(tiny_fasta(tmp_path_factory.mktemp("genome") / "g.fa", contigs))


def variants_of(genome, count=9, step=97):
    """Make a substitution every `step` bases of each contig."""
    made = []
    for chrom in genome.contigs:
        for number in range(count):
            start = 5 + number * step
            ref = chr(genome.read(chrom, start, start + 1)[0])
            made.append(Variant(chrom, start, ref, "ACGT"[("ACGT".index(ref) + 1 + number % 3) % 4]))
    return made


def test_the_distances_are_those_of_the_last_states_on_each_strand(model, genome):
    variants = variants_of(genome, 3)
    scores = score(model, genome, variants, WINDOW)
    np.testing.assert_array_equal(scores["LLR"], score_variants(model, genome, variants, window=WINDOW))
    for number, variant in enumerate(variants):
        values = []
        for turn in (np.asarray, reverse_complement):
            rows = [turn(encode(side)) for side in haplotypes(genome, variant, WINDOW)]
            ref, alt = (np.asarray(model.backbone.predict_on_batch(row[None]))[0, -1].astype(float) for row in rows)
            cosine = 1 - ref @ alt / np.linalg.norm(ref) / np.linalg.norm(alt)
            values.append([np.linalg.norm(ref - alt), cosine, ref @ alt, *(ref * alt)])
        wanted = np.mean(values, axis=0)
        names = ("euclidean_distance", "cosine_distance", "inner_product")
        np.testing.assert_allclose([scores[name][number] for name in names], wanted[:3], rtol=2e-4, atol=2e-6)
        np.testing.assert_allclose(scores["inner_products"][number], wanted[3:], rtol=2e-4, atol=2e-6)


def test_kept_scores_are_not_computed_again(model, genome, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PART", 4)
    variants = variants_of(genome, 3)
    whole = all_scores(KeptParts(None, {}), model, genome, variants, WINDOW, "last")
    calls = []

    def stopped(*given):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return score(*given)

    monkeypatch.setattr(module, "score", stopped)
    with pytest.raises(KeyboardInterrupt):
        all_scores(KeptParts(tmp_path, {"a": 1}), model, genome, variants, WINDOW, "last")
    assert sorted(path.name for path in tmp_path.glob("part-*")) == ["part-00000.npz", "part-00001.npz"]
    (tmp_path / "part-00001.npz").write_bytes(b"cut off")
    again = all_scores(KeptParts(tmp_path, {"a": 1}), model, genome, variants, WINDOW, "last")
    assert len(calls) == 3 + 2  # the damaged part, and the one that was stopped
    for name, values in whole.items():
        np.testing.assert_array_equal(again[name], values)
    with pytest.raises(HyenaDNAError, match="has results with another a"):
        KeptParts(tmp_path, {"a": 2})
    (tmp_path / "job.json").write_text("{")
    with pytest.raises(HyenaDNAError, match=r"job.json is damaged"):
        KeptParts(tmp_path, {"a": 1})


def labelled(variants, labels):
    places = [(each.chrom, str(each.start + 1), each.ref, each.alt) for each in variants]
    distances = {"tss_dist": np.where(labels, 1.0, 50.0)}
    return LabelledVariants(variants, np.array(labels), ["."] * len(variants), places, distances, {"exon_dist": 2}, {})


def test_a_run_measures_each_score_by_chromosome(model, genome):
    variants = variants_of(genome)
    labels = np.arange(len(variants)) % 3 == 0
    result = run_traitgym(model, genome, labelled(variants, labels), window=WINDOW)
    assert [row["block"] for row in result.rows] == ["chr1", "chr2", "chr3"]
    assert [(row["n"], row["positives"]) for row in result.rows] == [(9, 3)] * 3
    names = ["chance", "random_order", "LLR.minus", "absLLR.plus", "euclidean_distance.plus", "cosine_distance.plus"]
    names += ["inner_product.minus", "LogisticRegression", "tss_dist.minus"]
    assert [row["score"] for row in result.summary] == names
    by_score = {row["score"]: row["auprc"] for row in result.summary}
    np.testing.assert_allclose([by_score["tss_dist.minus"], by_score["chance"]], [1.0, 1 / 3])
    llr = score_variants(model, genome, variants, window=WINDOW)
    np.testing.assert_allclose(result.scores["LLR.minus"], -llr, atol=1e-5)  # in batches of other sizes
    assert "exon_dist is left out: 2 of the variants with a score have no number there." in result.notes
    np.testing.assert_array_equal(result.scores["absLLR.plus"], np.abs(result.scores["LLR.minus"]))


def test_labels_and_blocks_that_cannot_be_measured_are_one_line(model, genome):
    variants = variants_of(genome)
    for labels, kind in ((np.ones(27, bool), "negative"), (np.zeros(27, bool), "positive")):
        with pytest.raises(HyenaDNAError, match=f"None of the 27 variants with a score is {kind}"):
            run_traitgym(model, genome, labelled(variants, labels), window=WINDOW)
    first, labels = variants[:9], np.arange(9) % 3 == 0
    with pytest.raises(HyenaDNAError, match=r"All 9 variants are in the block chr1:1-3,000, .* below 5,000,000"):
        run_traitgym(model, genome, labelled(first, labels), window=WINDOW)
    with pytest.raises(HyenaDNAError, match="1 of 3 blocks have positive and negative variants"):
        run_traitgym(model, genome, labelled(variants, np.arange(27) < 3), window=WINDOW)
    by_block = run_traitgym(model, genome, labelled(first, labels), window=WINDOW, block_size=300)
    assert [row["block"] for row in by_block.rows] == ["chr1:1-300", "chr1:301-600", "chr1:601-900"]


def test_kept_scores_are_of_one_head(model, genome, tmp_path):
    """The vectors are those of the backbone, and LLR is that of the head."""
    variants = variants_of(genome, 3)
    given = labelled(variants, np.arange(9) % 3 == 0)
    other = CausalLM(model.backbone, tie_embeddings=False)
    run_traitgym(other, genome, given, window=WINDOW, folder=tmp_path)
    kernel = other.lm_head.kernel
    kernel.assign(np.zeros(kernel.shape, np.float32))
    with pytest.raises(HyenaDNAError, match="has results with another weights: choose another --out"):
        run_traitgym(other, genome, given, window=WINDOW, folder=tmp_path)


def test_the_window_is_that_of_the_training():
    assert window_of(None, 64, "w") == 64
    assert window_of(32, 64, "w") == 32
    with pytest.raises(HyenaDNAError, match="--window 65 is longer than the 64 bases of the training of w"):
        window_of(65, 64, "w")
