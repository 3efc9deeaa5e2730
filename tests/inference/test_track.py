"""Values of a track equal those of the model called by hand."""

import re

import numpy as np
import pytest
from scipy.special import log_softmax

from hyenadna_core import CausalLM, HyenaBackbone, HyenaDNAError, encode
from hyenadna_core.genome.fasta import open_genome
from hyenadna_core.genome.intervals import Interval
from hyenadna_core.inference.track import track_values
from hyenadna_core.inference.windows import padded
from hyenadna_core.tokens import A, T, reverse_complement

pytestmark = pytest.mark.keras
WINDOW, CONTEXT, STEP = 64, 24, 40


@pytest.fixture(scope="module")
def model():
    return CausalLM(HyenaBackbone(2, 16, 66, seed=5))


@pytest.fixture
def genome(write_fasta, random_bases):
    bases = random_bases(420)
    return open_genome(write_fasta({"chr1": bases[:200] + "N" * 101 + bases[200:], "chr2": random_bases(9, seed=1)}))


def by_hand(model, genome, chrom, strand):
    """Return log P of A, C, G and T at each base of a contig, (L, 4); NaN without a past."""
    length = genome.contigs[chrom]
    ids = encode(genome.read(chrom, 0, length))
    values = np.full((length, 4), np.nan)
    for first in range(0, length, STEP):
        last = min(first + STEP, length)
        low, high = (max(0, first - CONTEXT), last) if strand == "+" else (first, min(length, last + CONTEXT))
        own = ids[low:high] if strand == "+" else reverse_complement(ids[low:high])
        log_probs = log_softmax(model.predict_on_batch(padded([own], WINDOW, 1))[0].astype(np.float64), axis=-1)
        of_window = np.full((high - low, 4), np.nan)
        of_window[1:] = log_probs[: high - low - 1, A : T + 1]
        of_window = of_window if strand == "+" else of_window[::-1, ::-1]
        values[first:last] = of_window[first - low : last - low]
    values[(ids < A) | (ids > T)] = np.nan
    return values


@pytest.mark.parametrize("strand", ["+", "-", "both"])
def test_values_are_those_of_the_model_called_by_hand(model, genome, strand):
    for chrom in ("chr1", "chr2"):
        length = genome.contigs[chrom]
        whole = {"window": WINDOW, "context": CONTEXT, "strand": strand, "batch_size": 4}
        logo = track_values(model, genome, [Interval(chrom, 0, length)], what="logo", **whole)
        hands = [by_hand(model, genome, chrom, each) for each in ("+-" if strand == "both" else strand)]
        count = sum(~np.isnan(hand) for hand in hands)
        expected = np.where(count, sum(np.nan_to_num(hand) for hand in hands) / np.maximum(count, 1), np.nan)
        np.testing.assert_allclose(logo, expected, atol=2e-6, rtol=0)
        ids = encode(genome.read(chrom, 0, length))
        likelihood = track_values(model, genome, [Interval(chrom, 0, length)], **whole)
        known = (ids >= A) & (ids <= T)
        np.testing.assert_allclose(likelihood[known, 0], logo[known, ids[known] - A], atol=1e-6, rtol=0)
        assert np.isnan(likelihood[~known]).all()


def test_entropy_is_that_of_the_four_bases(model, genome):
    options = {"window": WINDOW, "context": CONTEXT, "strand": "+"}
    entropy = track_values(model, genome, [Interval("chr1", 40, 90)], what="entropy", **options)[:, 0]
    logo = track_values(model, genome, [Interval("chr1", 40, 90)], what="logo", **options).astype(np.float64)
    shares = np.exp(logo) / np.exp(logo).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(entropy, -(shares * np.log(shares)).sum(axis=1), atol=1e-5, rtol=0)
    assert (entropy <= np.log(4) + 1e-6).all()


@pytest.mark.parametrize(("start", "end"), [(0, 1), (13, 207), (150, 310), (519, 521)])
def test_a_base_has_the_same_value_whichever_interval_is_asked_for(model, genome, start, end):
    options = {"window": WINDOW, "context": CONTEXT, "batch_size": 4}
    whole = track_values(model, genome, [Interval("chr1", 0, 521)], **options)
    part = track_values(model, genome, [Interval("chr1", start, end)], **options)
    np.testing.assert_allclose(part, whole[start:end], atol=2e-6)


@pytest.mark.parametrize(
    ("interval", "options", "message"),
    [
        (Interval("chr3", 0, 9), {}, "No contig 'chr3' in "),
        (Interval("chr2", 5, 10), {}, "The interval 5 to 10 is not in chr2, which has the bases 0 to 9"),
        (Interval("chr2", 5, 2), {}, "The interval 5 to 2 is not in chr2"),
        (Interval("chr2", 0, 9), {"what": "x"}, "There is no track x: choose one of log-likelihood, entropy, logo."),
        (Interval("chr2", 0, 9), {"strand": "x"}, "The strand is x: choose one of both, +, -."),
        (Interval("chr2", 0, 9), {"context": WINDOW}, "A context of 64 leaves no base of a window of 64"),
        (Interval("chr2", 0, 9), {"window": 67}, "The window has 67 bases, and the model reads 2 to 66."),
    ],
)
def test_what_cannot_be_done_is_one_line(model, genome, interval, options, message):
    with pytest.raises(HyenaDNAError, match=re.escape(message)):
        track_values(model, genome, [interval], **{"window": WINDOW, "context": CONTEXT} | options)


def test_every_base_is_counted_as_done(model, genome):
    done = []
    track_values(model, genome, [Interval("chr1", 5, 420)], window=WINDOW, context=CONTEXT, advance=done.append)
    assert sum(done) == 2 * 415


def test_intervals_come_one_after_the_other_and_share_windows(model, genome, monkeypatch):
    from hyenadna_core.inference import track

    rows = []
    read = track.read_window
    monkeypatch.setattr(track, "read_window", lambda genome, window: rows.append(window) or read(genome, window))
    places = [("chr1", 3, 9), ("chr1", 20, 50), ("chr1", 400, 401), ("chr2", 2, 9)]
    options = {"window": WINDOW, "context": CONTEXT, "strand": "+", "batch_size": 4}
    together = track_values(model, genome, [Interval(*place) for place in places], **options)
    assert len(rows) == 4  # the first two intervals lie in two windows
    apart = [track_values(model, genome, [Interval(*place)], **options) for place in places]
    np.testing.assert_allclose(together, np.concatenate(apart), atol=2e-6)
