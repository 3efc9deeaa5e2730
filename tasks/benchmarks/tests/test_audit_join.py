"""The similarity join and the matches of rows equal an obvious comparison with Python sets."""

from functools import cache

import numpy as np
import pytest
from hyenadna_benchmarks.audit import audit_splits
from hyenadna_benchmarks.audit.join import SHARED, similar_pairs
from hyenadna_benchmarks.audit.kmers import complements, kmer_sets, ranks
from hyenadna_benchmarks.audit.rows import Rows, blocks
from hypothesis import given, settings
from hypothesis import strategies as st

PIECES = st.sampled_from([b"ACGTACGTGGATTACA", b"TTTTTTTTTT", b"CATCATCATCATG", b"N", b"A", b"CG", b"GATTACAGGCATTAGC"])
SEQUENCES = st.lists(st.lists(PIECES, min_size=1, max_size=5).map(b"".join), min_size=1, max_size=12)

NAMES = ("row", "similarity", "strand", "same_label", "copied", "copied_on_strand", "other_label")


def reverse_complement(sequence):
    return sequence.translate(bytes.maketrans(b"ACGT", b"TGCA"))[::-1]


@cache
def kmers(sequence):
    """Return the 8-mers of a sequence of capital letters."""
    found = {sequence[start : start + 8] for start in range(len(sequence) - 7)}
    return {kmer for kmer in found if not kmer.translate(None, b"ACGT")}


def jaccard(one, other):
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0


def obvious_pairs(queries, index, least):
    """Compare all pairs."""
    ours, theirs = [kmers(each) for each in queries], [kmers(each) for each in index]
    all_pairs = ((q, r, jaccard(a, b)) for q, a in enumerate(ours) for r, b in enumerate(theirs))
    return [pair for pair in all_pairs if pair[2] >= least]


def joined_pairs(queries, index, least, strand=1):
    rows = Rows.of(index)
    rank = ranks(rows)
    of_queries = rank if strand > 0 else rank[complements()]
    found = similar_pairs(kmer_sets(Rows.of(queries), of_queries), kmer_sets(rows, rank), least, "Comparing")
    return [pair for pairs in found for pair in zip(*(column.tolist() for column in pairs), strict=True)]


@settings(max_examples=150, deadline=None)
@given(SEQUENCES, SEQUENCES, st.sampled_from([0.05, 0.3, 0.55, 0.7, 1.0]))
def test_the_join_finds_every_pair(queries, index, least):
    assert joined_pairs(queries, index, least) == obvious_pairs(queries, index, least)
    others = [reverse_complement(each) for each in queries]
    assert joined_pairs(queries, index, least, strand=-1) == obvious_pairs(others, index, least)


@pytest.mark.parametrize("least", [0.2, 0.5, 0.7])
def test_the_join_finds_every_pair_of_mutated_sequences(least):
    random = np.random.default_rng(0)
    index = random.choice(list(b"ACGT"), (60, 90)).astype(np.uint8)
    queries = np.repeat(index, 4, axis=0)
    changed = random.random(queries.shape) < np.linspace(0, 0.06, len(queries))[:, None]
    queries[changed] = random.choice(list(b"ACGT"), changed.sum())
    queries, index = [each.tobytes() for each in queries], [each.tobytes() for each in index]
    wanted = obvious_pairs(queries, index, least)
    assert 60 < len(wanted) <= 240
    assert joined_pairs(queries, index, least) == wanted


def test_pairs_at_the_very_threshold_are_found():
    """Sets of 7 and 10 8-mers have the similarity 0.7; in floats, 0.55 * 100 is more than 55."""
    long = bytes(np.random.default_rng(1).choice(list(b"ACGT"), 107).astype(np.uint8))
    assert joined_pairs([long[:14]], [long[:17]], 0.7) == [(0, 0, 0.7)]
    index = [long, long[:62]]  # the second makes the 8-mers in common the most frequent ones
    assert joined_pairs([long[:62]], index, 0.55) == [(0, 0, 0.55), (0, 1, 1.0)]


def test_many_blocks_give_the_same_pairs(monkeypatch):
    random = np.random.default_rng(2)
    index = [bytes(random.choice(list(b"AC"), 40).astype(np.uint8)) for _ in range(50)]
    whole = joined_pairs(index, index, 0.3)
    monkeypatch.setattr("hyenadna_benchmarks.audit.join.HITS", 10)
    monkeypatch.setattr("hyenadna_benchmarks.audit.join.GATHERED", 10)
    monkeypatch.setattr("hyenadna_benchmarks.audit.kmers.BLOCK", 100)
    monkeypatch.setattr("hyenadna_benchmarks.audit.rows.BLOCK", 100)
    assert len(whole) > 50
    assert joined_pairs(index, index, 0.3) == whole == obvious_pairs(index, index, 0.3)


def test_sequences_without_8_mers_are_similar_to_nothing():
    assert joined_pairs([b"ACGTACG", b"", b"NNNNNNNNNN", b"ACGTACGNACGTACG"], [b"ACGTACG", b"N" * 20], 0.1) == []
    assert joined_pairs([b"ACGTACGT"], [b"ACGTACGT"], 0.7) == [(0, 0, 1.0)]
    assert SHARED > 1  # the set of one 8-mer has fewer


def test_lower_case_and_other_letters():
    assert joined_pairs([b"acgtacggt"], [b"ACGUACGGU"], 0.7) == [(0, 0, 1.0)]
    assert joined_pairs([b"ACGTACGGTRACGTTTGCA"], [b"ACGTACGGTNACGTTTGCA"], 1.0) == [(0, 0, 1.0)]


def test_blocks_cover_all_rows():
    assert list(blocks(np.array([5, 1, 1, 9, 0, 0]), 4)) == [(0, 1), (1, 3), (3, 4), (4, 6)]
    assert list(blocks(np.zeros(5), 4, most_rows=2)) == [(0, 2), (2, 4), (4, 5)]
    assert list(blocks(np.zeros(0), 4)) == []


def obvious_match(sequence, label, others, labels, least):
    """Return the match of a row by comparing it with each row of another split."""
    same, turned = kmers(sequence), kmers(reverse_complement(sequence))
    best, near = (-1, 0.0, 0), set()
    for row, other in enumerate(others):
        for strand, ours in ((1, same), (-1, turned)):
            similarity = jaccard(ours, kmers(other))
            if similarity >= 0.7:
                near.add(labels[row])
            if similarity >= least and similarity > best[1]:
                best = row, similarity, strand
    on_strand = [row for row, other in enumerate(others) if other == sequence]
    copies = [row for row, other in enumerate(others) if other in (sequence, reverse_complement(sequence))]
    if copies:
        best, near = ((on_strand or copies)[0], 1.0, 1 if on_strand else -1), {labels[row] for row in copies}
    same_label = best[0] >= 0 and labels[best[0]] == label
    return (*best, same_label, bool(copies), bool(on_strand), bool(near - {label}))


def as_rows(matches):
    return list(zip(*(getattr(matches, name).tolist() for name in NAMES), strict=True))


def obvious_matches(sequences, labels, others, other_labels, least=0.5):
    rows = zip(sequences, labels, strict=True)
    return [obvious_match(sequence, label, others, other_labels, least) for sequence, label in rows]


@settings(max_examples=100, deadline=None)
@given(SEQUENCES, SEQUENCES, st.data())
def test_the_audit_equals_an_obvious_one(train, test, data):
    labels = {
        name: data.draw(st.lists(st.integers(0, 1), min_size=len(rows), max_size=len(rows)))
        for name, rows in (("train", train), ("test", test))
    }
    found = audit_splits(
        {"train": train, "test": test}, {name: np.array(each) for name, each in labels.items()}, linter=False
    )
    assert as_rows(found.matches["test", "train"]) == obvious_matches(test, labels["test"], train, labels["train"])


def test_real_rows_equal_an_obvious_audit(published_gue):
    counts = {"train": 1_500, "dev": 250, "test": 250}
    splits, labels = (
        {name: rows[: counts[name]] for name, rows in each.items()} for each in published_gue("prom_prom_core_tata")
    )
    found = audit_splits(splits, labels, least=0.2, linter=False)
    for split, other in (("test", "train"), ("dev", "train")):
        wanted = obvious_matches(splits[split], labels[split], splits[other], labels[other], 0.2)
        assert as_rows(found.matches[split, other]) == wanted
        assert sum(row[0] >= 0 for row in wanted) > 5
