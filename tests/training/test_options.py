import pytest

from hyenadna_core.recipe import Recipe
from hyenadna_core.training.config import with_rates
from hyenadna_core.training.options import TrainOptions


@pytest.mark.parametrize(
    ("given", "of_task", "start"),
    [
        ({}, "human-chr20-1k", "human-chr20-1k"),
        ({}, None, None),
        ({"weights": "runs/mine"}, "human-chr20-1k", "runs/mine"),
        ({"weights": "none"}, "human-chr20-1k", None),
        ({"preset": "tiny-1k"}, "human-chr20-1k", None),
        ({"preset": "tiny-1k", "weights": "runs/mine"}, "human-chr20-1k", "runs/mine"),
    ],
)
def test_a_run_starts_from_its_weights_else_those_of_the_task_unless_a_preset_is_given(given, of_task, start):
    assert TrainOptions(**given).start(of_task) == start


@pytest.mark.parametrize(
    ("given", "rates"),
    [
        ({}, (0.003, 2.0)),
        ({"learning_rate": 0.01}, (0.01, 2.0)),
        ({"head_learning_rate": 0.009}, (0.003, 3.0)),
        ({"learning_rate": 0.01, "head_learning_rate": 0.005}, (0.01, 0.5)),
    ],
)
def test_the_rate_of_the_head_is_a_multiple_of_the_rate(given, rates):
    recipe = with_rates(Recipe(0.003, 0.1, 0.1, 0.99, head_rate=2.0), TrainOptions(**given))
    assert (recipe.learning_rate, recipe.head_rate) == (rates[0], pytest.approx(rates[1]))
