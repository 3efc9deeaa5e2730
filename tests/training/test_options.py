import pytest

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
