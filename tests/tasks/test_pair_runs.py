"""Whole runs of tasks of pairs: the task of docs/plugins.md, its files, baselines and resuming."""

import csv
import json
import re
import signal
from pathlib import Path

import numpy as np
import pytest

import hyenadna_core
from hyenadna_core import HyenaDNAError, LabelledPairs, Target
from hyenadna_core.evaluation.baselines import kmer_baseline, kmer_too_long
from hyenadna_core.testing import check_rows
from hyenadna_core.training.loss_line import LossLine

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
LENGTH = 20

pytestmark = [pytest.mark.one_backend, pytest.mark.usefixtures("trains")]


@pytest.fixture
def task_class(tmp_path, random_bases):
    """Return the task of the page, with tables of 30 rows each."""
    (block,) = re.findall(r"^```python\n# my_effects.py\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    namespace = {"__name__": "my_effects"}
    exec(compile(block, str(PAGE), "exec"), namespace)
    task_class = namespace["EffectsTask"]
    task_class.tables = {split: tmp_path / name for split, name in task_class.tables.items()}
    for number, path in enumerate(task_class.tables.values()):
        lines = ["name,ref,alt,effect"]
        for row in range(30):
            text, effect = random_bases(LENGTH, 100 * number + row), row % 2
            ref, alt = "AC" if effect else "CA"
            sides = [f"{text[:9]}{base}{text[9:]}" for base in (ref, alt)]
            lines.append(f"v{row},{sides[0]},{sides[1]},{effect}")
        path.write_text("\n".join(lines) + "\n")
    return task_class


@pytest.fixture
def weights(tmp_path):
    hyenadna_core.save(hyenadna_core.CausalLM(hyenadna_core.HyenaBackbone(1, 8, 66)), tmp_path / "tiny")
    return tmp_path / "tiny"


def test_the_task_of_the_page_keeps_its_promises(task_class, check_task):
    assert set(check_task(task_class())) == {"valid", "test"}


def test_a_run_of_pairs_has_its_files_and_is_measured_again(task_class, weights, tmp_path, capsys):
    task = task_class(epochs=2, baseline=("kmer", "cnn"))
    run = hyenadna_core.train(task, weights=weights, out=tmp_path / "run", batch_size=8)
    assert "No CNN baseline: it reads one sequence a row, and these are pairs" in capsys.readouterr().err
    assert list(run.figures) == ["tiny", "k-mers, logistic"]
    assert run.evaluate("test") == pytest.approx(run.figures["tiny"], abs=1e-6)
    with (tmp_path / "run" / "predictions.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, dialect="excel-tab"))
    assert [(row["name"], row["label"]) for row in rows] == [
        (f"v{row}", ("none", "effect")[row % 2]) for row in range(30)
    ]
    predicted, _ = task.predicted(run.model, task.split("test"))
    np.testing.assert_allclose([float(row["p_effect"]) for row in rows], predicted[:, 1], rtol=1e-5)
    assert (tmp_path / "run" / "confusion.png").exists()


def test_a_table_of_new_pairs_is_predicted(task_class, tmp_path):
    from hyenadna_core.model.causal_lm import CausalLM
    from hyenadna_core.testing import tiny_backbone

    task = task_class()
    model = task.model(CausalLM(tiny_backbone(66)))
    random = np.random.default_rng(0)
    for weight in model.head.weights:
        weight.assign(random.normal(size=weight.shape))
    _, rows = task.predict(model, task.tables["test"])  # the columns ref and alt
    expected = task.predicted(model, task.split("test"))[0]
    np.testing.assert_allclose([row[2:] for row in rows], expected, atol=1e-6)
    assert [row[0] for row in rows] == [f"v{row}" for row in range(30)]
    swapped = task.predict(model, task.tables["test"], sequence_column=("alt", "ref"))[1]
    pairs = task.split("test")
    expected = task.predicted(model, LabelledPairs(pairs.second, pairs.first))[0]
    np.testing.assert_allclose([row[2:] for row in swapped], expected, atol=1e-6)
    with pytest.raises(HyenaDNAError, match=r"test.csv has no pairs, and the model reads pairs .*: give a table, with"):
        task.predict(model, task.tables["test"], sequence_column="ref")
    (tmp_path / "new.fa").write_text(">a\nACGT\n")
    with pytest.raises(HyenaDNAError, match=r"new.fa has no pairs, and the model reads pairs of sequences"):
        task.predict(model, tmp_path / "new.fa")
    task.pairs = False
    with pytest.raises(HyenaDNAError, match=r"test.csv has pairs, and the model reads one sequence a row: give"):
        task.predict(model, task.tables["test"], sequence_column=("ref", "alt"))


def test_classify_takes_pairs_from_two_columns(cli, task_class, weights, tmp_path):
    tables = [word for split, path in task_class.tables.items() for word in (f"--{split}", path)]
    columns = ["--sequence-column", "ref", "--sequence-column", "alt"]
    options = [*columns, "--label-column", "effect", "--baseline", "none", "--weights", weights, "--stages", "21x4@2"]
    status, stdout, stderr = cli("train", "--task", "classify", *tables, *options, "--out", "run")
    assert (status, stdout.startswith("test: 30 sequences; ")) == (0, True), stderr
    assert "classify (30 pairs of 21 bases)" in stderr
    described = json.loads((tmp_path / "run" / "run.json").read_text())
    assert described["config"]["options"]["sequence_column"] == ["ref", "alt"]
    with (tmp_path / "run" / "predictions.tsv").open(newline="") as file:
        expected = [row["p_1"] for row in csv.DictReader(file, dialect="excel-tab")]
    for given in ([], columns):
        stdout = cli("predict", "run", task_class.tables["test"], *given)[1]
        rows = list(csv.DictReader(stdout.splitlines(), dialect="excel-tab"))
        np.testing.assert_allclose([float(row["p_1"]) for row in rows], list(map(float, expected)), atol=1e-5)
    figures = json.loads(cli("evaluate", "run", "--json")[1])
    assert figures["mcc"] == pytest.approx(described["result"]["figures"]["tiny"]["mcc"], abs=1e-6)


def test_a_stopped_run_of_pairs_goes_on_with_the_same_numbers(task_class, weights, tmp_path, monkeypatch):
    options = {"weights": weights, "batch_size": 6, "micro_batch": 2}
    task = task_class(epochs=1, baseline=("none",), both_directions=True)
    whole = hyenadna_core.train(task, out=tmp_path / "whole", **options)
    add, steps = LossLine.add, []

    def stop(self, *arguments):
        steps.append(1)
        if len(steps) == 2:
            signal.raise_signal(signal.SIGINT)
        return add(self, *arguments)

    monkeypatch.setattr(LossLine, "add", stop)
    with pytest.raises(KeyboardInterrupt):
        hyenadna_core.train(task, out=tmp_path / "run", **options)
    monkeypatch.setattr(LossLine, "add", add)
    assert not json.loads((tmp_path / "run" / "run.json").read_text()).get("finished")
    resumed = hyenadna_core.resume(tmp_path / "run", task=task)
    assert resumed.figures == whole.figures


def test_memory_is_planned_for_both_sequences_and_both_directions(task_class, weights, tmp_path, monkeypatch):
    asked = []

    def plan(config, stages, asked_for, devices, limit, backend, passes=1):
        asked.append(passes)
        return tuple(stage.batch_size for stage in stages)

    monkeypatch.setattr("hyenadna_core.training.config.plan_micro_batches", plan)
    for number, both in enumerate((False, True)):
        task = task_class(baseline=("none",), both_directions=both)
        hyenadna_core.train(task, weights=weights, out=tmp_path / f"run{number}", stages="21x4@1")
    assert asked == [2, 4]


def test_the_kmer_baseline_counts_both_sequences():
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("ACGT"), 30)) for _ in range(200)]
    others = [f"{text[:15]}{'CCC' if row % 2 else 'TTT'}{text[18:]}" for row, text in enumerate(texts)]
    pairs = LabelledPairs.of(texts, others, (np.arange(200) % 2).astype(np.int32))
    target = Target("classes", ("a", "b"))
    parts = [pairs.take(range(start, start + 50)) for start in (0, 50, 100)]
    both = kmer_baseline(*parts, target).predicted.argmax(axis=1)
    alone = kmer_baseline(*(part.first for part in parts), target).predicted.argmax(axis=1)
    assert (both == parts[2].targets).mean() > (alone == parts[2].targets).mean() + 0.2
    rows = type("Rows", (), {"lengths": np.full(10, 4_000_000), "__len__": lambda self: 10})()
    assert "120,000,000 bases" in kmer_too_long(rows, rows, rows, target)
    assert "240,000,000 bases" in kmer_too_long(rows, rows, rows, target, 2)


class Pairs:
    """A source of two pairs that keeps its promises."""

    checksum, lengths = "two", np.array([4, 5])

    def __len__(self):
        return 2

    def row(self, index):
        bases = np.frombuffer(b"ACGTA", np.uint8)
        return (bases[:3], bases[: self.lengths[index]]), index

    def name(self, index):
        return f"row {index}"


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("lengths", np.array([4, 6]), r"row.1. has 5 bases, and lengths.1. is 6"),
        ("row", lambda self, index: (np.zeros(4, np.uint8), 0), r"row.0. has not two sequences, a tuple of two arrays"),
        ("row", lambda self, index: ((np.zeros(4, np.uint8),) * 3, 0), r"row.0. has not two sequences"),
        (
            "row",
            lambda self, index: ((np.zeros(4, np.uint8), np.zeros(0, np.uint8)), 0),
            r"sequence of row.0. is empty",
        ),
        ("row", lambda self, index: ((np.zeros(4), np.zeros(4)), 0), r"the bases of row.0. are not .L,. uint8"),
        ("window", lambda self, draw, index: (np.zeros(4, np.uint8), 0), r"window.draw, 0. has not two sequences"),
    ],
)
def test_pairs_that_break_a_promise_are_named(attribute, value, message):
    check_rows(Pairs(), 4, pairs=True)
    with pytest.raises(AssertionError, match=message):
        check_rows(type("Broken", (Pairs,), {attribute: value})(), 4, pairs=True)
    with pytest.raises(AssertionError, match=r"row.0. has not one sequence, an array"):
        check_rows(Pairs(), 4)
