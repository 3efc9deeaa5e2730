"""The statistics of `hyenadna bench`, on made-up numbers."""

import numpy as np
import pytest
from keras import config

from hyenadna_core.bench import figures, report
from hyenadna_core.bench.measure import Case, Contender, Result, choose_contenders

pytestmark = pytest.mark.keras

BACKEND = config.backend()


def test_the_interval_of_a_median_lies_between_values_that_tosses_of_a_coin_allow():
    # 7 values: P(no head) = 1/128 = 0.8 %, P(at most one) = 8/128 = 6 %: first and last.
    assert figures.interval([5.0, 1.0, 4.0, 2.0, 7.0, 3.0, 6.0]) == (1.0, 7.0)
    # 5 values: P(no head) = 1/32 = 3.1 %, so that even the first and the last are too near.
    assert figures.interval([1.0, 2.0, 3.0, 4.0, 5.0]) is None
    # 9 values: P(at most one) = 10/512 = 1.95 %, P(at most two) = 46/512 = 9 %: second and eighth.
    assert figures.interval([float(value) for value in range(1, 10)]) == (2.0, 8.0)
    # 21 values: P(at most five) = 27,896/2^21 = 1.3 %, P(at most six) = 3.9 %: sixth and sixteenth.
    assert figures.interval([float(value) for value in range(1, 22)]) == (6.0, 16.0)


def test_ratios_are_taken_pair_by_pair():
    ratio = figures.ratio("plain", [2.0, 6.0, 20.0], [1.0, 2.0, 10.0])
    assert (ratio.per_pair, ratio.median, ratio.low) == ([2.0, 3.0, 2.0], 2.0, None)
    assert str(ratio) == "2.00"
    ratio = figures.ratio("plain", [2.0, 3.0, 4.0, 5.0, 6.0, 8.0], [1.0] * 6)
    assert str(ratio) == "4.50 [2.00, 8.00]"


def test_rows_have_median_quartiles_bases_a_second_and_their_ratios(results):
    contenders = [Contender("jax", "native"), Contender("jax", "plain"), Contender("torch", "plain")]
    times = {
        "jax:native": {100: [1.0, 2.0, 3.0, 4.0, 10.0]},
        "jax:plain": {100: [2.0, 4.0, 6.0, 8.0, 20.0]},
        "torch:plain": {100: [5.0, 10.0, 15.0, 20.0, 50.0]},
    }
    first, second, last = figures.rows(results(times, batch_size=6), contenders)
    assert (first.median, first.quartiles, first.bases_per_second) == (3.0, (2.0, 4.0), 200.0)
    assert [(ratio.against, ratio.median) for ratio in first.ratios] == [("jax:plain", 2.0), ("torch:plain", 5.0)]
    assert [(ratio.against, ratio.median) for ratio in second.ratios] == [("torch:plain", 2.5)]
    assert last.ratios == []


def test_rows_are_compared_with_the_system_s_allocator_and_with_ours():
    texts = (f"{BACKEND}:native", f"{BACKEND}:plain", f"{BACKEND}:plain@system")
    contenders = choose_contenders(BACKEND, sides=",".join(texts))
    assert tuple(map(str, contenders)) == texts
    case = Case("forward", 8, 1, None, {})
    rows = figures.rows(
        [Result(case, one, [time]) for one, time in zip(contenders, (1.0, 2.0, 5.0), strict=True)], contenders
    )
    assert [[(one.against, one.median) for one in row.ratios] for row in rows] == [
        [(texts[1], 2.0), (texts[2], 5.0)],
        [(texts[2], 2.5)],
        [(texts[1], 0.4)],
    ]
    head, first, *_ = report.cells(rows)
    assert (head[-2:], first[-2:]) == (("x own plain", f"x {texts[2]}"), ("2.00", "5.00"))


def test_a_convolution_without_gradients_is_not_compared_with_one_that_has_them(results):
    contenders = [Contender("numpy", "native"), Contender("torch", "plain")]
    times = {"numpy:native": {8: [1.0]}, "torch:plain": {8: [3.0]}}
    conv = figures.rows(results(times, "conv", channels=2), contenders)
    assert [row.ratios for row in conv] == [[], []]
    assert [report.label(row) for row in conv] == ["conv, forward", "conv, both ways"]
    assert figures.rows(results(times), contenders)[0].ratios[0].median == 3.0


def test_the_exponent_is_the_slope_between_logarithms():
    constant, exponent = figures.fit([(10, 5e-2), (100, 5.0), (1000, 500.0)])
    np.testing.assert_allclose((constant, exponent), (5e-4, 2.0))
    # 1, 2 and 8 at lengths 1, 2 and 4: base-two logarithms 0, 1, 3 over 0, 1, 2: slope 3/2.
    np.testing.assert_allclose(figures.fit([(1, 1.0), (2, 2.0), (4, 8.0)])[1], 1.5)


def test_exponents_are_of_one_channel_and_leave_out_what_failed(results):
    times = {"jax:native": {10: [4.0], 1000: [400.0], 2000: None}}
    rows = figures.rows(results(times, "conv", batch_size=2, channels=2), [Contender("jax", "native")])
    (fit,) = figures.fits(rows)
    assert fit.lengths == [10, 1000]
    np.testing.assert_allclose((fit.constant, fit.exponent, fit.at(1000)), (0.1, 1.0, 100.0))


def test_lengths_near_each_other_have_no_exponent(results):
    times = {"jax:native": {8191: [0.1], 8192: [0.9], 8193: [0.2]}}
    assert figures.fits(figures.rows(results(times), [Contender("jax", "native")])) == []


def test_curves_cross_where_a_line_between_logarithms_passes_one():
    np.testing.assert_allclose(figures.crossing_length({100: 0.5, 400: 2.0}), 200.0)
    np.testing.assert_allclose(figures.crossing_length({100: 0.25, 800: 2.0, 900: 9.0}), 400.0)
    assert figures.crossing_length({100: 1.5, 400: 2.0}) is None
    assert figures.crossing_length({100: 0.5, 400: 0.9}) is None


def test_a_million_bases_that_were_measured_are_not_extrapolated(results):
    times = {"jax:native": {1000: [1.0], 1_000_000: [9.0]}, "jax:attention": {1000: [1.0], 1_000_000: [90.0]}}
    rows = figures.rows(results(times), [Contender("jax", "native"), Contender("jax", "attention")])
    assert figures.crossings(rows)[0].extrapolated is None
