"""The rules of drawing a base."""

import numpy as np
import pytest

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.inference.sampling import Sampling
from hyenadna_core.tokens import A, T

SHARES = np.array([0.5, 0.125, 0.25, 0.125])  # A, C, G, T


@pytest.fixture
def logits():
    """Return the logits of SHARES; every other token is far more likely."""
    row = np.full((1, 16), 50.0, np.float32)
    row[0, A : T + 1] = np.log(SHARES)
    return row


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, SHARES),
        ({"temperature": 0}, [1, 0, 0, 0]),
        ({"temperature": 1e-320}, [1, 0, 0, 0]),
        ({"temperature": 0.5}, SHARES**2 / (SHARES**2).sum()),
        ({"top_k": 2}, [2 / 3, 0, 1 / 3, 0]),
        ({"top_k": 3}, [4 / 7, 1 / 7, 2 / 7, 0]),  # of equal ones the first
        ({"top_p": 0.5}, [1, 0, 0, 0]),
        ({"top_p": 0.51}, [2 / 3, 0, 1 / 3, 0]),
        ({"bias": (0, np.log(2), 0, 0)}, SHARES * [1, 2, 1, 1] / 1.125),
        ({"bias": (-1e6, 0, 0, 0)}, [0, 0.25, 0.5, 0.25]),
    ],
)
def test_the_probabilities_follow_the_rules(logits, rules, expected):
    np.testing.assert_allclose(Sampling(**rules).probabilities(logits), [expected], atol=1e-7)


def test_bases_are_drawn_as_often_as_their_probability(logits):
    generator, many = np.random.default_rng(0), np.repeat(logits, 20_000, axis=0)
    counts = np.bincount(Sampling().draw(many, generator.random(len(many))), minlength=16)
    assert counts[:A].sum() + counts[T + 1 :].sum() == 0
    errors = np.abs(counts[A : T + 1] / len(many) - SHARES) / np.sqrt(SHARES * (1 - SHARES) / len(many))
    assert errors.max() < 4


def test_a_base_without_probability_is_never_drawn(logits):
    generator, many = np.random.default_rng(0), np.repeat(logits, 5_000, axis=0)
    assert set(Sampling(top_k=2).draw(many, generator.random(len(many)))) == {A, A + 2}
    assert set(Sampling(temperature=0).draw(many, generator.random(len(many)))) == {A}


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"temperature": -1}, "temperature is -1: expected a finite number, 0 or more"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_k": 0}, "top_k is 0: expected 1, 2, 3 or 4"),
        ({"top_p": 0}, "top_p is 0: expected over 0, at most 1"),
        ({"bias": (0, 0, 0, float("inf"))}, "expected four numbers"),
        ({"bias": (0, 0, 0)}, "expected four numbers"),
    ],
)
def test_a_rule_out_of_range_is_one_line(rules, message):
    with pytest.raises(HyenaDNAError, match=message):
        Sampling(**rules)
