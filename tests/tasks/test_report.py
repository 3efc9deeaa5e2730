"""The files of a report: predictions.tsv, labels.tsv, pictures; and what is not affordable."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest

from hyenadna_core import LabelledSequences, Metric, SequenceTask, Stage, Target
from hyenadna_core.evaluation import baselines, bootstrap
from hyenadna_core.evaluation.metrics import METRICS
from hyenadna_core.evaluation.outcome import Outcome
from hyenadna_core.evaluation.predictions import prediction_rows, table, target_texts
from hyenadna_core.tasks import pictures, report, slabs
from hyenadna_core.tokens import PAD

RANDOM = np.random.default_rng(3)
TEXTS = ["".join(RANDOM.choice(list("ACGT"), length)) for length in RANDOM.integers(8, 30, 40)]
NAMES = [f"row {row}" if row else 'a "quoted"\tname' for row in range(40)]
TARGETS = {
    "classes": (3, lambda: (np.arange(40) % 3).astype(np.int32)),
    "labels": (3, lambda: RANDOM.integers(2, size=(40, 3)).astype(np.float32)),
    "regression": (3, lambda: RANDOM.normal(size=(40, 3)).astype(np.float32)),
    "bases": (2, lambda: RANDOM.integers(-1, 2, size=sum(map(len, TEXTS))).astype(np.int32)),
}


class Any(SequenceTask):
    """A task of 40 rows of any kind."""

    name = "any"

    def __init__(self, kind, **options):
        super().__init__(**options)
        count, make = TARGETS[kind]
        groups = ("TF", "HM", "TF") if kind == "labels" else ()
        self.target, self.targets = Target(kind, ("a", "b", "c")[:count], groups=groups), make()

    def sequences(self, split):
        return LabelledSequences.of(TEXTS, self.targets, NAMES)


class Waves:
    """A model with other outputs for other sequences."""

    max_seq_len = 40

    def __init__(self, task):
        self.task = task

    def predict_on_batch(self, ids):
        values = np.stack([np.sin(ids * (k + 1.5)) for k in range(len(self.task.target.names))], axis=-1)
        return values if self.task.target.kind == "bases" else values.sum(axis=1) / (ids != PAD).sum(axis=1)[:, None]


def reported(task, folder):
    """Return the text of a report, and the content of run.json."""
    kept = {}
    run = SimpleNamespace(path=folder, read_run=lambda: kept, write_run=kept.update, read_validations=list)
    config = SimpleNamespace(preset="waves", seed=0, stages=(Stage(8, 4, 10),), start=None, freeze=False)
    return task.report(Waves(task), run, config), kept


def tsv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file, dialect="excel-tab"))


@pytest.mark.parametrize("in_parts", [False, True])
@pytest.mark.parametrize("kind", TARGETS)
def test_predictions_are_written_as_a_stream_byte_by_byte_as_one_table(kind, in_parts, tmp_path, monkeypatch):
    task = Any(kind)
    rows, predictions = task.split("test"), task.by_row(Waves(task), task.split("test"))
    if in_parts:
        monkeypatch.setattr(slabs, "IN_MEMORY", 0)
        monkeypatch.setattr(slabs, "SLAB", 300)
    reported(task, tmp_path)
    columns, cells = prediction_rows(task.target, zip(rows.names, predictions, strict=True))
    own = [f"label_{name}" for name in task.target.names] if kind == "regression" else ["label"]
    labelled = [[row[0], *target_texts(task.target, rows.target(number)), *row[1:]] for number, row in enumerate(cells)]
    expected = table([columns[0], *own, *columns[1:]], labelled)
    assert (tmp_path / "predictions.tsv").read_text(encoding="utf-8") == expected


def test_labels_have_a_row_each_with_their_group_and_figures(tmp_path):
    task = Any("labels")
    text, run = reported(task, tmp_path)
    header, *rows = tsv(tmp_path / "labels.tsv")
    assert header == ["name", "group", "positives", "f1", "auroc", "auprc"]
    assert [row[:2] for row in rows] == [["a", "TF"], ["b", "HM"], ["c", "TF"]]
    assert [int(row[2]) for row in rows] == task.targets.sum(axis=0).astype(int).tolist()
    figures = run["result"]["figures"]["waves"]
    auroc = [float(row[4]) for row in rows]
    np.testing.assert_allclose(figures["auroc"], np.mean(auroc), rtol=1e-5)
    np.testing.assert_allclose(figures["auroc_median_TF"], np.median([auroc[0], auroc[2]]), rtol=1e-5)
    assert "auroc_median_HM" in text
    assert "predictions.tsv, labels.tsv, labels.png" in text


@pytest.mark.parametrize(
    ("kind", "header", "counts"),
    [
        ("regression", ["name", "group", "rows", "r2", "pearson", "spearman"], ["40", "40", "40"]),
        ("classes", ["name", "group", "positives", "f1", "auroc", "auprc"], ["14", "13", "13"]),
    ],
)
def test_quantities_and_several_classes_have_a_table_too(kind, header, counts, tmp_path):
    reported(Any(kind), tmp_path)
    first, *rows = tsv(tmp_path / "labels.tsv")
    assert (first, [row[2] for row in rows]) == (header, counts)


def test_two_classes_and_bases_have_no_table(tmp_path):
    task = Any("classes")
    task.target, task.targets = Target("classes", ("a", "b")), np.minimum(task.targets, 1)
    for each in (task, Any("bases")):
        assert "labels.tsv" not in reported(each, tmp_path)[0]
    assert not (tmp_path / "labels.tsv").exists()


def test_a_bootstrap_that_takes_too_long_is_left_out_and_said(tmp_path, monkeypatch):
    task = Any("labels", baseline=("kmer",))
    text, run = reported(task, tmp_path)
    assert "paired bootstrap over test rows" in text
    monkeypatch.setattr(bootstrap, "AFFORDABLE", 0.01)
    text, again = reported(task, tmp_path)
    assert (
        "The difference has no interval: 1000 rounds of the bootstrap over 40 rows and 3 labels would take about 0.0 h"
        in text
    )
    (before,), (after,) = (each["result"]["differences"].values() for each in (run, again))
    assert after[0] == before[0]
    assert np.isnan(after[1:]).all()


def test_a_baseline_that_takes_too_long_is_left_out_and_said(tmp_path, monkeypatch, capsys):
    task = Any("labels", baseline=("kmer",))
    monkeypatch.setattr(baselines, "MOST_BASES", 100)
    _, run = reported(task, tmp_path)
    bases = 3 * sum(map(len, TEXTS))
    message = f"No k-mer baseline: for 40 training rows, 3 labels and {bases:,} bases it would take about 0.0 hours"
    assert message in capsys.readouterr().err
    assert list(run["result"]["figures"]) == ["waves"]


def test_the_kmer_baseline_of_rows_that_stream_is_that_of_rows_in_memory(tmp_path, streamed):
    held, task = Any("labels", baseline=("kmer",)), Any("labels", baseline=("kmer",))
    task.targets = held.targets
    task.sequences = lambda split: streamed(held.sequences(split))
    first, second = (reported(each, tmp_path)[1]["result"] for each in (held, task))
    assert first == second
    assert len(first["figures"]) == 2


@pytest.mark.parametrize(
    ("kind", "count", "metrics", "name", "drawn"),
    [
        ("labels", 3, METRICS.values(), "labels.png", "bars"),
        ("labels", 40, METRICS.values(), "labels.png", "bars"),
        ("labels", 41, METRICS.values(), "labels.png", "strips"),
        ("labels", 41, [Metric("own", lambda *_: 0.0, ("labels",))], "labels.png", "bars"),
        ("regression", 41, METRICS.values(), "labels.png", "strips"),
        ("regression", 3, METRICS.values(), "scatter.png", "points"),
    ],
)
def test_many_labels_are_drawn_as_strips(kind, count, metrics, name, drawn, tmp_path, monkeypatch):
    seen = []
    for what, of in (("bars", "draw_bars"), ("strips", "draw_strips"), ("points", "draw_scatter")):
        paint = getattr(pictures, of)
        monkeypatch.setattr(pictures, of, lambda *given, what=what, paint=paint: (seen.append(what), paint(*given)))
    monkeypatch.setitem(pictures.PICTURES, "labels", ("labels.png", pictures.draw_bars))
    values = RANDOM.normal(size=(30, count))
    targets = values + RANDOM.normal(size=values.shape) if kind == "regression" else (values > 0.2).astype(np.float32)
    target = Target(
        kind, tuple(f"label {k}" for k in range(count)), groups=("A", "B") * 20 + ("A",) if count > 40 else ()
    )
    own = [metric for metric in metrics if kind in metric.kinds]
    assert pictures.draw(tmp_path, target, Outcome(kind, np.tanh(np.abs(values)), targets), own) == name
    assert seen == [drawn]
    assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_a_model_below_a_baseline_says_so_and_what_may_help(tmp_path, monkeypatch):
    right = np.eye(3)[TARGETS["classes"][1]()]
    simpler = [
        baselines.Baseline("perfect", "the truth", right, 1.0),
        baselines.Baseline("wrong", "another class", np.roll(right, 1, axis=1), -1.0),
    ]
    monkeypatch.setattr(report, "fitted_baselines", lambda *_: iter(simpler))
    text, run = reported(Any("classes"), tmp_path)
    assert run["result"]["differences"]["perfect"][0] < 0 < run["result"]["differences"]["wrong"][0]
    assert "\nThe model is worse than perfect. Most likely to help: --weights human-chr20-1k (weights to start" in text
    assert "worse than wrong" not in text


def test_a_difference_that_may_be_chance_is_said_to_be_one(tmp_path, monkeypatch):
    right = np.eye(3)[TARGETS["classes"][1]()]
    monkeypatch.setattr(
        report, "fitted_baselines", lambda *_: iter([baselines.Baseline("perfect", "the truth", right, 1.0)])
    )
    monkeypatch.setattr(report, "bootstrap_difference", lambda *_, **__: (-0.1, -0.2, 0.1))
    assert (
        "\nThe model is worse than perfect, but the interval contains 0. Most likely"
        in reported(Any("classes"), tmp_path)[0]
    )


def test_a_model_that_predicts_one_class_says_so(tmp_path, monkeypatch):
    assert "The model predicts" not in reported(Any("classes"), tmp_path)[0]
    monkeypatch.setattr(Waves, "predict_on_batch", lambda self, ids: np.tile([0.0, 1.0, 0.5], (len(ids), 1)))
    text = reported(Any("classes"), tmp_path)[0]
    assert "The model predicts b for all. Most likely to help: --weights human-chr20-1k (weights to start from)" in text


def test_a_split_of_one_class_says_what_cannot_be_measured(tmp_path, monkeypatch):
    right = np.eye(3)[TARGETS["classes"][1]()]
    monkeypatch.setattr(
        report, "fitted_baselines", lambda *_: iter([baselines.Baseline("same", "the truth", right, 1.0)])
    )
    assert "labels are" not in reported(Any("classes"), tmp_path)[0]
    monkeypatch.setitem(TARGETS, "classes", (3, lambda: np.full(40, 2, np.int32)))
    text = reported(Any("classes"), tmp_path)[0]
    assert "labels are c: MCC, AUROC and AUPRC do not exist, and the accuracy says little." in text
    assert "mcc cannot be compared: it is not a number." in text
    assert "+nan" not in text
