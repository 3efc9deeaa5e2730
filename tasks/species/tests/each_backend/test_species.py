from pathlib import Path

import numpy as np
from hyenadna_species.task import SpeciesTask

from hyenadna_core import open_run, resume, train

DATA = Path(__file__).parents[1] / "data"
PAIR = {name: DATA / f"{name}_40k.fa.gz" for name in ("ecoli", "saureus")}
SMALL = {"split": "blocks", "block_size": 1_000, "train_windows": 40, "valid_windows": 8, "test_windows": 16}


def test_the_task_keeps_its_promises(check_task):
    figures = check_task(SpeciesTask(PAIR.items(), **SMALL))
    assert list(figures) == ["valid", "test"]
    assert {"accuracy", "precision", "recall"} <= set(figures["test"])


def test_a_run_with_warmup_is_evaluated_and_predicts(tmp_path):
    options = {"species": [f"{name}={path}" for name, path in PAIR.items()], "baseline": ["none"], **SMALL}
    run = train(SpeciesTask, options, stages="32x4@2,64x4@2", weights="none", out=tmp_path / "run", valid_every=2)
    assert "Confusion matrix" in run.report
    again = open_run(tmp_path / "run", SpeciesTask)
    figures = again.evaluate("test")
    (of_report,) = run.figures.values()
    np.testing.assert_allclose(figures["accuracy"], of_report["accuracy"])
    np.testing.assert_allclose(figures["recall"], of_report["recall"])
    (tmp_path / "new.fa").write_text(">one\nACGTACGTAA\n>two\nGGGGCCCC\n")
    columns, rows = again.predict(tmp_path / "new.fa")
    assert [row[0] for row in rows] == ["one", "two"]
    assert {"ecoli", "saureus"} <= {column.removeprefix("p_") for column in columns}
    assert resume(tmp_path / "run", SpeciesTask).finished
