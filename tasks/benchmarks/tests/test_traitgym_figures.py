import itertools

import numpy as np
import pytest
from hyenadna_benchmarks.traitgym.figures import average_precision, block_rows, random_order, summary_rows


@pytest.mark.parametrize(("n", "positives"), [(1, 1), (2, 1), (5, 2), (6, 5), (6, 1)])
def test_the_figure_of_a_random_order_is_the_mean_over_all_orders(n, positives):
    orders = itertools.combinations(range(n), positives)
    values = []
    for places in orders:
        labels = np.zeros(n, bool)
        labels[list(places)] = True
        values.append(average_precision(labels, -np.arange(n, dtype=float)))
    np.testing.assert_allclose(random_order(n, positives), np.mean(values), rtol=1e-12)


def test_the_mean_is_weighted_by_the_number_of_variants():
    blocks = np.array(["1"] * 4 + ["2"] * 2)
    labels = np.array([False, True, False, False, False, True])
    scores = {"perfect": labels.astype(float), "one": np.array([1.0, 2.0, 3.0, 4.0, 2.0, 1.0])}
    rows = block_rows(blocks, ["1", "2"], labels, scores)
    # block 1: rank 3 of 4 is positive; block 2: rank 2 of 2.
    np.testing.assert_allclose([row["one"] for row in rows], [1 / 3, 1 / 2])
    assert [(row["n"], row["positives"], row["chance"]) for row in rows] == [(4, 1, 0.25), (2, 1, 0.5)]
    overall = dict.fromkeys(("chance", "random_order", "perfect", "one"), 0.0)
    by_score = {row["score"]: row for row in summary_rows(rows, overall)}
    mean = (4 * 1 / 3 + 2 * 1 / 2) / 6
    np.testing.assert_allclose(by_score["one"]["auprc"], mean)
    assert by_score["perfect"]["auprc"] == 1.0
    assert by_score["perfect"]["se"] == 0.0
    random = (4 * random_order(4, 1) + 2 * random_order(2, 1)) / 6
    np.testing.assert_allclose(by_score["perfect"]["above_random"], 1 - random)
    # Two blocks are drawn: both are the first, one of each, or both the second; 1 : 2 : 1.
    np.testing.assert_allclose(by_score["one"]["se"], np.std([1 / 3, mean, mean, 1 / 2]), rtol=0.05)


def test_a_block_of_one_class_does_not_count():
    blocks = np.array(["1", "1", "2", "2", "3", "3"])
    labels = np.array([True, False, True, True, False, True])
    scores = {"s": np.array([2.0, 1.0, 1.0, 2.0, 1.0, 2.0])}
    rows = block_rows(blocks, ["1", "2", "3"], labels, scores)
    assert [row["s"] for row in rows] == [1.0, None, 1.0]
    summary = summary_rows(rows, {"s": 1.0})
    assert summary[0]["auprc"] == 1.0
