from dataclasses import replace
from types import SimpleNamespace

import pytest

from hyenadna_core.tasks.advice import SMALL, Trained, advice, trained

USUAL = Trained("classes", SMALL, False, True, False, epochs=10, best_at=0.5)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ["--forward-only", "--weights hyenadna-small-32k"]),
        ({"start": None}, ["--weights human-chr20-1k", "--forward-only"]),
        ({"start": None, "strand_may_count": False}, ["--weights human-chr20-1k", "--weights hyenadna-small-32k"]),
        ({"frozen": True, "best_at": 1.0}, ["no --freeze", "--epochs 20"]),
        ({"best_at": float("nan")}, ["--forward-only", "--weights hyenadna-small-32k"]),
        ({"epochs": 0.3}, ["--epochs 2 or more", "--forward-only"]),
        ({"best_at": 0.1}, ["--head-dropout 0.3", "--forward-only"]),
        ({"best_at": 0.1, "epochs": 0.3}, ["--epochs 2 or more, or more steps in --stages", "--forward-only"]),
        ({"kind": "bases", "strand_may_count": False}, ["--both-directions", "--weights hyenadna-small-32k"]),
        ({"start": "hyenadna-small-32k", "best_at": 0.9, "epochs": 0.3}, ["--epochs 2 or more", "--forward-only"]),
        (
            {
                "kind": "bases",
                "both_directions": True,
                "strand_may_count": False,
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


@pytest.mark.parametrize("stranded", [None, False])
def test_a_task_that_knows_its_strands_gets_no_advice_about_them(stranded):
    task = SimpleNamespace(
        monitor=("mcc", "max"),
        target=SimpleNamespace(kind="classes"),
        stranded=stranded,
        strand_losses=None,
        on_both_strands=True,
        both_directions=False,
        split=lambda name: range(10),
    )
    folder = SimpleNamespace(read_validations=list)
    config = SimpleNamespace(stages=[SimpleNamespace(steps=5, batch_size=4)], start=None, freeze=False)
    found = trained(task, folder, config)
    assert (found.strand_may_count, found.epochs) == (stranded is None, 2.0)
