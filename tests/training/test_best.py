import math

import pytest

from hyenadna_core import HyenaDNAError
from hyenadna_core.training.best import Best, BestValidation


@pytest.mark.parametrize(("direction", "expected"), [("min", [0, 2]), ("max", [0, 1])])
def test_better_is_lower_or_higher(direction, expected):
    best = BestValidation("figure", direction)
    better = [best.improves(step, {"figure": value}) for step, value in enumerate([2.0, 3.0, 1.0, 2.0])]
    assert [step for step, one in enumerate(better) if one] == expected


@pytest.mark.parametrize("undefined", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_defined_is_never_best(undefined):
    best = BestValidation("figure", "max")
    assert not best.improves(1, {"figure": undefined})
    assert best.improves(2, {"figure": -1.0})
    assert not best.improves(3, {"figure": undefined})
    assert (best.so_far, best.waited(1), best.waited(2)) == (Best(-1.0, 2, 1), True, False)


def test_a_figure_that_was_not_measured_is_one_line():
    with pytest.raises(HyenaDNAError, match="monitored by mcc, but measures auroc, f1: set its monitor"):
        BestValidation("mcc", "max").improves(1, {"auroc": 0.5, "f1": 0.5})


def test_a_direction_that_is_unknown_is_one_line():
    with pytest.raises(HyenaDNAError, match="monitored by 'mcc' in the direction 'up': use min or max"):
        BestValidation("mcc", "up")
