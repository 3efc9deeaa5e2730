from dataclasses import replace

import pytest

from hyenadna_core.tasks.advice import SMALL, Trained, advice

USUAL = Trained("classes", SMALL, False, True, False, epochs=10, best_at=0.5)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ["--forward-only", "--weights hyenadna-small-32k"]),
        ({"start": None}, ["--weights human-chr20-1k", "--forward-only"]),
        ({"start": None, "on_both_strands": False}, ["--weights human-chr20-1k", "--weights hyenadna-small-32k"]),
        ({"frozen": True, "best_at": 1.0}, ["no --freeze", "--epochs 20"]),
        ({"best_at": 0.1}, ["--head-dropout 0.3", "--forward-only"]),
        ({"kind": "bases", "on_both_strands": False}, ["--both-directions", "--weights hyenadna-small-32k"]),
        ({"start": "hyenadna-small-32k", "best_at": 0.9, "epochs": 0.3}, ["--epochs 1", "--forward-only"]),
        (
            {
                "kind": "bases",
                "both_directions": True,
                "on_both_strands": False,
                "start": "hyenadna-small-32k",
                "best_at": 1.0,
            },
            ["--epochs 20", "--learning-rate"],
        ),
    ],
)
def test_two_options_are_named_the_most_likely_first(changed, expected):
    named = advice(replace(USUAL, **changed)).split(" and ")
    assert len(named) == len(expected) == 2
    assert all(text.startswith(option) for text, option in zip(named, expected, strict=True)), named
