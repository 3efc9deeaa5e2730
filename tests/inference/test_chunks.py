"""Chunks cover each base once, and batches of them have little padding."""

import numpy as np
import pytest

from hyenadna_core.inference.chunks import PADDING, Chunking, batches_of, chunk_lengths, chunks_of, groups_of

random = np.random.default_rng(4)
MIXES = {
    "one": np.array([7]),
    "two far apart": np.array([100] * 500 + [10_000]),
    "many short": np.array([100] * 500_000 + [10_000]),
    "genes": np.exp(random.uniform(np.log(100), np.log(1_000_000), 3000)).astype(int),
    "just above": np.array([2**power + 1 for power in range(4, 17)] * 9),
    "all different": np.arange(1, 40_000),
    "a long tail": np.concatenate([np.arange(1, 5000), np.geomspace(5000, 1e6, 60).astype(int)]),
}


@pytest.mark.parametrize(("window", "overlap"), [(10, 0), (10, 4), (10, 9), (7, 3), (1, 0)])
def test_each_base_counts_once_and_has_its_past(window, overlap):
    for length in range(1, 60):
        chunks = list(chunks_of(3, length, window, overlap))
        counted = [base for chunk in chunks for base in range(chunk.counted, chunk.end)]
        assert counted == list(range(length))
        assert all(chunk.read == 3 and 0 < chunk.length <= window for chunk in chunks)
        assert all(chunk.start == 0 or chunk.counted - chunk.start == overlap for chunk in chunks)
        assert chunks[0].counted == 0


@pytest.mark.parametrize(("window", "overlap"), [(10, 0), (10, 4), (10, 9), (1, 0), (100, 50)])
def test_the_lengths_of_chunks_are_those_of_the_chunks(window, overlap):
    lengths = np.arange(1, 60)
    chunks = [chunk.length for read, length in enumerate(lengths) for chunk in chunks_of(read, length, window, overlap)]
    assert sorted(chunk_lengths(lengths, window, overlap)) == sorted(chunks)


@pytest.mark.parametrize("mix", MIXES)
def test_a_mixed_list_costs_at_most_a_fifth_of_its_bases_in_padding(mix):
    lengths = MIXES[mix]
    padded = groups_of(lengths)
    cost = padded[np.searchsorted(padded, lengths)].sum()
    assert lengths.sum() <= cost <= PADDING * lengths.sum()
    assert len(padded) <= 20


@pytest.mark.parametrize("bases_at_once", [1, 100, 1000])
def test_batches_have_each_chunk_once_and_no_empty_rows(bases_at_once):
    lengths = [5, 80, 12, 12, 400, 33, 31, 12, 12, 12, 12, 12]
    chunking = Chunking(64, 16, bases_at_once=bases_at_once)
    expected = [chunk for read, length in enumerate(lengths) for chunk in chunks_of(read, length, 64, 16)]
    batches = list(batches_of(lengths, chunking))
    assert sorted(chunk for _, batch in batches for chunk in batch) == sorted(expected)
    for length, batch in batches:
        most = max(1, bases_at_once // length)
        assert all(chunk.length <= length for chunk in batch)
        assert len(batch) == most or (len(batch) < most and len(batch).bit_count() == 1)
    padded = sum(length * len(batch) for length, batch in batches)
    assert padded <= PADDING * sum(chunk.length for chunk in expected)
    lengths_of_batches = [length for length, _ in batches]
    assert lengths_of_batches == sorted(lengths_of_batches, reverse=True)
