"""Counts of k-mers, from a file by name or from a genome by position."""

from itertools import product

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.labelled.targets import Target
from hyenadna_core.probe.examples import Examples
from hyenadna_core.probe.kmers import kmer_features

GENOME = "ACGTTGCAACGTACGGTTTACACGATCGATCGGGATATTACAGCCATACGATTTTACGGAC"


def examples(**columns):
    n = len(next(iter(columns.values()), ["a", "b"]))
    names = [f"r{number}" for number in range(n)]
    return Examples(names, np.zeros((n, 2)), Target("classes", ("x", "y")), np.arange(n) % 2, columns)


def counts(text, shortest=2, longest=6):
    """Count k-mers one by one, shortest first and in the order of the alphabet."""
    alphabet = sorted(set(text) | set("ACGT"))
    return {
        "".join(kmer): sum(text[i : i + k] == "".join(kmer) for i in range(len(text) - k + 1))
        for k in range(shortest, longest + 1)
        for kmer in product(alphabet, repeat=k)
    }


def sums(features, row):
    return {name: int(features.values[[row]][:, columns].sum()) for name, columns in features.choices.items()}


def test_sequences_of_a_file_are_matched_by_name(write_fasta):
    path = write_fasta({"r1": "acgtac", "r0": "GGGGGGG", "other": "TTTT"}, "seqs.fa")
    features = kmer_features(examples(), path, None)
    for row, text in enumerate(["GGGGGGG", "ACGTAC"]):
        for (name, columns), k in zip(features.choices.items(), (4, 5, 6), strict=True):
            expected = [count for kmer, count in counts(text, k - 2, k).items() if count]
            found = features.values[[row]][:, columns].toarray()
            assert name == f"{k - 2}- to {k}-mers"
            np.testing.assert_array_equal(np.sort(found[found > 0]), np.sort(expected))


def test_intervals_are_read_on_their_strand(write_fasta):
    genome = write_fasta({"chr1": GENOME})
    complement = GENOME[10:30][::-1].translate(str.maketrans("ACGT", "TGCA"))
    given = examples(chrom=["chr1"] * 3, start=["10"] * 3, end=["30"] * 3, strand=["+", "-", "."])
    found = kmer_features(given, None, genome)
    texts = write_fasta({"r0": GENOME[10:30], "r1": complement, "r2": GENOME[10:30]}, "seqs.fa")
    np.testing.assert_array_equal(found.values.toarray(), kmer_features(given, texts, None).values.toarray())


def test_a_variant_has_the_kmers_around_ref_and_those_of_alt_minus_those_of_ref(write_fasta):
    genome = write_fasta({"chr1": GENOME})
    given = examples(chrom=["chr1", "chr1"], start=["30", "3"], ref=[GENOME[30], "TT"], alt=["t", "C"])
    features = kmer_features(given, None, genome)
    around = [(GENOME[10:30], GENOME[31:51], GENOME[30], "T"), (GENOME[:3], GENOME[5:25], "TT", "C")]
    texts = [(before + ref + after, before + alt + after) for before, after, ref, alt in around]
    flat = write_fasta({f"r{number}": text for number, text in enumerate(sum(texts, ()))}, "seqs.fa")
    both = kmer_features(examples(chrom=["chr1"] * 4), flat, None).values.toarray()
    half = features.values.shape[1] // 2
    np.testing.assert_array_equal(features.values[:, :half].toarray(), both[[0, 2]])
    np.testing.assert_array_equal(features.values[:, half:].toarray(), both[[1, 3]] - both[[0, 2]])
    assert len(features.choices["2- to 4-mers"]) == 2 * (features.choices["2- to 4-mers"] < half).sum()


def test_counts_are_scaled_by_the_rows_to_train_on(write_fasta):
    path = write_fasta({"r0": "AAAAAA", "r1": "AAA", "r2": "AAAAAAAAAAAA"}, "seqs.fa")
    features = kmer_features(examples(chrom=["1"] * 3), path, None)
    train, others = features.scaled("2- to 4-mers", np.array([True, True, False]), np.array([False, False, True]))
    np.testing.assert_allclose(train.toarray(), [[1, 1, 1], [2 / 5, 1 / 4, 0]])
    np.testing.assert_allclose(others.toarray(), [[11 / 5, 10 / 4, 9 / 3]])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"chrom": ["chr9"], "start": ["1"], "end": ["5"]}, "Row r0: .* has no contig chr9; it has chr1"),
        ({"chrom": ["chr1"], "start": ["1"], "end": ["500"]}, "has no bases 1-500 of chr1: it has 61"),
        ({"chrom": ["chr1"], "start": ["0"], "ref": ["G"], "alt": ["T"]}, "Row r0: REF is G but .* has A at chr1:1"),
        ({"family": ["1"]}, "No file has the columns chrom, start and end, only family: give the sequences"),
    ],
)
def test_a_position_that_the_genome_lacks_is_one_line(columns, message, write_fasta):
    with pytest.raises(HyenaDNAError, match=message):
        kmer_features(examples(**columns), None, write_fasta({"chr1": GENOME}))


def test_rows_without_a_sequence_and_sequences_without_kmers_are_one_line(write_fasta):
    with pytest.raises(
        HyenaDNAError, match=r"no sequence for 1 of 2 rows, r1; it has r0, x: use the same names in both"
    ):
        kmer_features(examples(), write_fasta({"r0": "ACGT", "x": "ACGT"}, "s.fa"), None)
    with pytest.raises(HyenaDNAError, match="No sequence has the 2 bases that k-mers need"):
        kmer_features(examples(), write_fasta({"r0": "A", "r1": "C"}, "s.fa"), None)
