import itertools
import math

import numpy as np
import pytest

from hyenadna_core import Interval, open_genome
from hyenadna_core.evaluation import markov as markov_module
from hyenadna_core.evaluation.markov import MarkovModels, kmers

COMPLEMENT = str.maketrans("ACGT", "TGCA")


def count(text, word):
    return sum(text.startswith(word, i) for i in range(len(text)))


def nats_by_counting(train, sequence, order, position, both_strands):
    """Return -log p of sequence[position] by definition: count words in texts."""
    context = sequence[max(0, position - order) : position]
    context = context[context.rfind("N") + 1 :]
    texts = train + ([text[::-1].translate(COMPLEMENT) for text in train] if both_strands else [])
    seen = {base: sum(count(text, context + base) for text in texts) for base in "ACGT"}
    return -math.log((seen[sequence[position]] + 1) / (sum(seen.values()) + 4))


@pytest.fixture
def genome(write_fasta, random_bases):
    text = random_bases(150, seed=1) + "NN" + random_bases(40, seed=2) + "N" + random_bases(107, seed=3)
    genome = open_genome(write_fasta({"a": text, "b": random_bases(90, seed=4)}))
    genome.text = text
    genome.texts = {"a": text, "b": random_bases(90, seed=4)}
    return genome


TRAIN = [Interval("a", 0, 200, "train"), Interval("a", 210, 270, "train"), Interval("b", 0, 90, "train")]
HELD_OUT = [Interval("a", 270, 300, "valid"), Interval("a", 140, 160, "valid")]


@pytest.mark.parametrize("chunk", [1 << 20, 16])
@pytest.mark.parametrize("both_strands", [False, True])
def test_likelihoods_are_those_of_counting_words(genome, monkeypatch, both_strands, chunk):
    monkeypatch.setattr(markov_module, "CHUNK", chunk)
    models = MarkovModels.fit(genome, TRAIN)
    if both_strands:
        models.count_both_strands()
    train = [genome.texts[i.chrom][i.start : i.end] for i in TRAIN]
    likelihoods = models.likelihoods(genome, HELD_OUT)
    positions = [p for w in HELD_OUT for p in range(w.start + 1, w.end) if genome.text[p] != "N"]
    assert [likelihood.bases for likelihood in likelihoods] == [len(positions)] * 13
    for order in (0, 1, 2, 5, 11, 12):
        expected = [nats_by_counting(train, genome.text, order, p, both_strands) for p in positions]
        np.testing.assert_allclose(likelihoods[order].nats, np.mean(expected), rtol=1e-12)


def test_kmers_hold_the_last_bases_and_know_how_many():
    codes, known = kmers(np.frombuffer(b"ACGTNCA", np.uint8))
    assert known.tolist() == [1, 2, 3, 4, 0, 1, 2]
    assert codes[3] & 0xFF == 0b00011011
    assert codes[6] & 0xF == 0b0100
    assert kmers(np.frombuffer(b"acgt" * 10, np.uint8))[1].tolist() == [*range(1, 13)] + [13] * 28


def test_both_strands_count_each_word_and_its_reverse_complement(genome):
    models, both = MarkovModels.fit(genome, TRAIN), MarkovModels.fit(genome, TRAIN)
    both.count_both_strands()
    for length in (1, 2, 3):
        for word in map("".join, itertools.product("ACGT", repeat=length)):
            code, other = (
                int("".join(str("ACGT".index(base)) for base in text), 4)
                for text in (word, word[::-1].translate(COMPLEMENT))
            )
            counts = models.counts[length - 1]
            assert both.counts[length - 1][code] == counts[code] + counts[other]


def test_an_untrained_model_knows_nothing(genome):
    models = MarkovModels.fit(genome, [])
    np.testing.assert_allclose([x.bits for x in models.likelihoods(genome, HELD_OUT)], 2.0)
