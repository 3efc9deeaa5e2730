import itertools

import numpy as np
import pytest
from hyenadna_benchmarks.traitgym.figures import average_precision, block_rows, random_order, summary_rows


def mean_over_all_labelings(scores, positives):
    values = []
    for places in itertools.combinations(range(len(scores)), positives):
        labels = np.zeros(len(scores), bool)
        labels[list(places)] = True
        values.append(average_precision(labels, scores))
    return np.mean(values)


def some_labels(n, positives):
    return np.arange(n) < positives


@pytest.mark.parametrize(("n", "positives"), [(1, 1), (2, 1), (5, 2), (6, 5), (6, 1)])
def test_the_figure_of_a_random_order_is_the_mean_over_all_orders(n, positives):
    scores = -np.arange(n, dtype=float)
    figure = random_order(some_labels(n, positives), scores)
    np.testing.assert_allclose(figure, mean_over_all_labelings(scores, positives), rtol=1e-12)
    harmonic = sum(1 / rank for rank in range(1, n + 1))
    expected = (harmonic + (positives - 1) / max(1, n - 1) * (n - harmonic)) / n
    np.testing.assert_allclose(figure, expected, rtol=1e-12)


@pytest.mark.parametrize("positives", [1, 2, 4, 6, 7])
@pytest.mark.parametrize(
    "scores",
    [[0, 0, 0, 0, 0, 0, 0], [3, 1, 3, 1, 1, 2, 3], [0, 0, 0, 0, 0, 0, 1], [5, 0, 0, 0, 0, 0, 0], [1, 2, 2, 4, 5, 6, 7]],
)
def test_the_figure_of_a_random_order_keeps_the_ties_of_the_score(scores, positives):
    scores = np.array(scores, float)
    figure = random_order(some_labels(7, positives), scores)
    np.testing.assert_allclose(figure, mean_over_all_labelings(scores, positives), rtol=1e-12)


def test_a_constant_score_is_as_good_as_a_random_order():
    blocks = np.array(["1"] * 4 + ["2"] * 6)
    labels = np.array([True, False, False, False, True, True, True, False, False, False])
    scores = {"constant": np.zeros(10), "two": np.array([1.0, 1, 0, 0, 0, 0, 1, 0, 0, 1])}
    rows = block_rows(blocks, ["1", "2"], labels, scores)
    random_rows = block_rows(blocks, ["1", "2"], labels, scores, random_order)
    overall = dict.fromkeys(scores, 0.0)
    constant, two = summary_rows(rows, random_rows, overall)
    np.testing.assert_allclose([constant[name] for name in ("above_random", "low", "high")], 0, atol=1e-15)
    np.testing.assert_allclose(constant["auprc"], (4 * 1 / 4 + 6 * 3 / 6) / 10)
    means = [mean_over_all_labelings(scores["two"][:4], 1), mean_over_all_labelings(scores["two"][4:], 3)]
    np.testing.assert_allclose(two["auprc"] - two["above_random"], (4 * means[0] + 6 * means[1]) / 10)


def test_the_mean_is_weighted_by_the_number_of_variants():
    blocks = np.array(["1"] * 4 + ["2"] * 2)
    labels = np.array([False, True, False, False, False, True])
    scores = {"perfect": labels.astype(float), "one": np.array([1.0, 2.0, 3.0, 4.0, 2.0, 1.0])}
    rows = block_rows(blocks, ["1", "2"], labels, scores)
    # block 1: rank 3 of 4 is positive; block 2: rank 2 of 2.
    np.testing.assert_allclose([row["one"] for row in rows], [1 / 3, 1 / 2])
    assert [(row["n"], row["positives"], row["chance"]) for row in rows] == [(4, 1, 0.25), (2, 1, 0.5)]
    overall = dict.fromkeys(("chance", "random_order", "perfect", "one"), 0.0)
    random_rows = block_rows(blocks, ["1", "2"], labels, scores, random_order)
    by_score = {row["score"]: row for row in summary_rows(rows, random_rows, overall)}
    mean = (4 * 1 / 3 + 2 * 1 / 2) / 6
    np.testing.assert_allclose(by_score["one"]["auprc"], mean)
    assert by_score["perfect"]["auprc"] == 1.0
    assert by_score["perfect"]["se"] == 0.0
    # "perfect" has one variant before all others, which are tied.
    random = (4 * (1 / 4 + 3 / 4 / 4) + 2 * (1 / 2 + 1 / 2 / 2)) / 6
    np.testing.assert_allclose(by_score["perfect"]["above_random"], 1 - random)
    random = (4 * (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4 + 2 * (1 + 1 / 2) / 2) / 6
    np.testing.assert_allclose(by_score["one"]["above_random"], mean - random)
    # Two blocks are drawn: both are the first, one of each, or both the second; 1 : 2 : 1.
    np.testing.assert_allclose(by_score["one"]["se"], np.std([1 / 3, mean, mean, 1 / 2]), rtol=0.05)


def test_a_block_of_one_class_does_not_count():
    blocks = np.array(["1", "1", "2", "2", "3", "3"])
    labels = np.array([True, False, True, True, False, True])
    scores = {"s": np.array([2.0, 1.0, 1.0, 2.0, 1.0, 2.0])}
    rows = block_rows(blocks, ["1", "2", "3"], labels, scores)
    assert [row["s"] for row in rows] == [1.0, None, 1.0]
    random_rows = block_rows(blocks, ["1", "2", "3"], labels, scores, random_order)
    assert [row["s"] for row in random_rows] == [0.75, None, 0.75]
    summary = summary_rows(rows, random_rows, {"s": 1.0})
    assert summary[0]["auprc"] == 1.0
