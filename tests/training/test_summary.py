"""Summaries of runs: groups, figures and paired differences, compared with plain formulas."""

import json
import math
import statistics

import numpy as np
import pytest
from scipy import stats

import hyenadna_core
from hyenadna_core import HyenaDNAError
from hyenadna_core.presets import PRESETS
from hyenadna_core.recipe import DEFAULT
from hyenadna_core.training.config import RunConfig
from hyenadna_core.training.fold import Fold
from hyenadna_core.training.warmup import Stage

MODEL = dict(PRESETS[0].config) | {"dtype": None}
RANDOM = np.random.default_rng(0)


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes the run.json of a finished run of `classify`."""
    monkeypatch.chdir(tmp_path)

    def write(
        name, mcc, seed=0, fold=None, baseline=None, start=None, steps=3, options=None, data="d", test="t", **run
    ):
        config = RunConfig(
            task="classify",
            preset="tiny",
            seed=seed,
            fold=fold,
            model=MODEL | {"seed": seed},
            options=options or {"epochs": 2.0},
            stages=(Stage(16, 2, steps),),
            recipe=DEFAULT,
            start=start,
        ).to_json()
        figures = {"tiny": {"mcc": mcc, "f1": mcc / 2}} | ({"k-mers": {"mcc": baseline}} if baseline else {})
        described = {
            "config": config,
            "given": {"stages": "16x2@3"},
            "task": {},
            "data_sha256": f"{data}-{fold}",
            "whole_sha256": data,
            "splits": {"test": test} if test else {},
            "backend": "jax",
            "finished": steps,
            "result": {"split": "test" if test else "valid", "figures": figures},
        }
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "run.json").write_text(json.dumps(described | run))
        return tmp_path / name

    return write


def row(summary, group, model="tiny", figure="mcc"):
    (found,) = (row for row in summary.rows if (row.group, row.model, row.figure) == (group, model, figure))
    return found


def test_figures_of_a_group_are_those_of_plain_formulas(write):
    values = [0.5, 0.75, 0.625]
    paths = [write(f"runs/{seed}", value, seed, baseline=value / 2) for seed, value in enumerate(values)]
    summary = hyenadna_core.summarise(paths)
    found = row(summary, "all runs")
    sd = statistics.stdev(values)
    assert (found.runs, found.mean, found.smallest, found.largest, found.split) == (3, 0.625, 0.5, 0.75, "test")
    np.testing.assert_allclose([found.sd, found.se], [sd, sd / math.sqrt(3)], rtol=1e-12)
    assert (row(summary, "all runs", "k-mers").mean, row(summary, "all runs", figure="f1").mean) == (0.3125, 0.3125)
    assert [(one.model, one.figure) for one in summary.rows] == [("tiny", "mcc"), ("tiny", "f1"), ("k-mers", "mcc")]
    (from_kmers,) = summary.differences
    halves = [value / 2 for value in values]
    interval = stats.ttest_rel(values, halves).confidence_interval(0.95)
    assert (from_kmers.group, from_kmers.against, from_kmers.figure) == ("all runs", "k-mers", "mcc")
    assert from_kmers.pairs == 3
    np.testing.assert_allclose(
        [from_kmers.mean, from_kmers.low, from_kmers.high], [statistics.mean(halves), *interval], rtol=1e-12
    )
    assert hyenadna_core.summarise("runs").rows == summary.rows


def test_groups_are_paired_by_seed_and_fold(write):
    values = {}
    for start in ("/w/base", "/w/other"):
        for seed in range(2):
            for number in (1, 2, 3):
                values[start, seed, number] = value = float(RANDOM.random())
                where = start.replace("/", "-")
                write(f"runs/{where}-{seed}-{number}", value, seed, Fold(number, 3), start=start, steps=3 + number)
    write("runs/-w-base-9", 0.1, 9, Fold(1, 3), start="/w/base")
    summary = hyenadna_core.summarise("runs", ["mcc"])
    assert list(summary.runs) == ["weights=base", "weights=other"]
    assert [row(summary, name).runs for name in summary.runs] == [7, 6]
    (difference,) = summary.differences
    keys = [(seed, number) for seed in range(2) for number in (1, 2, 3)]
    one, other = ([values[start, *key] for key in keys] for start in ("/w/other", "/w/base"))
    expected = stats.ttest_rel(one, other).confidence_interval(0.95)
    assert (difference.group, difference.against, difference.pairs) == ("weights=other", "weights=base", 6)
    np.testing.assert_allclose([difference.low, difference.high], expected, rtol=1e-10)
    np.testing.assert_allclose(difference.mean, np.subtract(one, other).mean(), rtol=1e-12)
    (turned,) = hyenadna_core.summarise("runs", ["mcc"], against="other").differences
    np.testing.assert_allclose([turned.low, turned.high], [-difference.high, -difference.low], rtol=1e-12)


@pytest.mark.parametrize("figures", [{}, {"tiny": {}}, {"tiny": {}, "k-mers": {"mcc": 0.1}}])
def test_a_run_without_figures_is_left_out_and_does_not_shadow_one_with_figures(write, figures):
    empty = write("runs/a", 0.5, result={"split": "test", "figures": figures})
    good = write("runs/b", 0.25)
    summary = hyenadna_core.summarise("runs")
    assert summary.runs == {"all runs": (good.relative_to(good.parents[1]),)}
    assert [reason for _, reason in summary.left_out] == ["runs/a has no figures: its task measures none."]
    with pytest.raises(HyenaDNAError, match=r"No finished run to summarise: .*a has no figures"):
        hyenadna_core.summarise(empty)


def test_of_two_runs_with_one_seed_that_with_defined_figures_counts(write):
    nothing = {"split": "test", "figures": {"tiny": {"mcc": None}}}
    for name, settings in (("a", {"result": nothing}), ("b", {}), ("c", {"result": nothing})):
        write(f"runs/{name}", 0.25, **settings)
    summary = hyenadna_core.summarise("runs", "mcc")
    assert row(summary, "all runs").mean == 0.25
    assert [reason.partition(":")[0] for _, reason in summary.left_out] == [
        "runs/a repeats runs/b",
        "runs/c repeats runs/b",
    ]


def test_other_test_data_are_another_group_that_is_not_compared(write):
    write("runs/a", 0.5, 0, data="first", test="one")
    write("runs/b", 0.6, 1, data="second", test="two")
    summary = hyenadna_core.summarise("runs")
    assert list(summary.runs) == ["data=first", "data=second"]
    assert summary.differences == ()


def test_another_training_set_with_the_same_test_set_is_compared(write):
    for seed in range(2):
        write(f"runs/a{seed}", 0.5 + seed / 8, seed, data="first", options={"train": "/x/all.csv"})
        write(f"runs/b{seed}", 0.25 + seed / 4, seed, data="second", options={"train": "/x/half.csv"})
    summary = hyenadna_core.summarise("runs", ["mcc"])
    assert list(summary.runs) == ["train=all.csv", "train=half.csv"]
    assert [(each.pairs, each.mean) for each in summary.differences] == [(2, -0.1875)]
    assert summary.also == {"train=all.csv": {"data": "first"}, "train=half.csv": {"data": "second"}}


def test_validation_parts_are_compared_only_on_the_same_rows(write):
    write("runs/a", 0.5, 0, Fold(1, 2), test=None)
    write("runs/b", 0.7, 0, Fold(1, 3), test=None)
    summary = hyenadna_core.summarise("runs", ["mcc"])
    assert list(summary.runs) == ["folds=2", "folds=3"]
    assert [each.pairs for each in summary.differences] == [0]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"options": {"epochs": 4.0}}, "epochs=4"),
        ({"steps": 4}, "stages=16x2@4"),
        ({"backend": "torch"}, "backend=torch"),
        ({"versions": {"hyenadna": "9.9"}}, "version=9.9"),
    ],
)
def test_each_option_that_decides_the_numbers_makes_a_group(write, change, name):
    write("runs/a", 0.5)
    write("runs/b", 0.6, 1, **change)
    assert list(hyenadna_core.summarise("runs").runs)[1] == name


def test_two_differences_are_named_if_one_does_not_tell_groups_apart(write):
    for number, (epochs, pooling) in enumerate([(1.0, "mean"), (1.0, "max"), (2.0, "mean"), (2.0, "max")]):
        write(f"runs/{number}", 0.5, options={"epochs": epochs, "pooling": pooling})
    assert list(hyenadna_core.summarise("runs").runs)[1] == "epochs=1, pooling=max"


def test_hyperparameters_that_are_given_and_equal_the_defaults_are_no_difference(write):
    write("runs/a", 0.5)
    path = write("runs/b", 0.6, 1, start="/w/b")
    described = json.loads((path / "run.json").read_text())
    described["config"]["model"] |= {"order": 2, "filter_layout": "channel_major"}
    (path / "run.json").write_text(json.dumps(described))
    summary = hyenadna_core.summarise("runs")
    assert (list(summary.runs), summary.also) == (["weights=none", "weights=b"], {})


def test_the_steps_of_folds_do_not_divide_them(write):
    write("runs/a", 0.5, fold=Fold(1, 2), steps=3)
    write("runs/b", 0.6, fold=Fold(2, 2), steps=4)
    write("runs/c", 0.6, fold=Fold(2, 2), steps=4, given={"steps": 4})
    assert [len(paths) for paths in hyenadna_core.summarise("runs").runs.values()] == [2, 1]


def test_all_that_is_left_out_is_named(write, cli, tmp_path):
    write("runs/a", 0.5)
    write("runs/again", 0.5)
    write("runs/unfinished", 0.5, finished=None)
    write("runs/edited", 0.5, result={"split": "test", "figures": {"tiny": {"mcc": "high"}}})
    write("runs/without", 0.5, result={"split": "test", "figures": {}})
    (write("runs/damaged", 0.5) / "run.json").write_text("{")
    (tmp_path / "runs" / "foreign").mkdir()
    status, stdout, stderr = cli("summarise", "runs", "runs/a", "nowhere", "runs/a/run.json", "--figure", "mcc")
    assert status == 0
    assert stdout.splitlines() == [
        "group\tmodel\tsplit\tfigure\truns\tmean\tsd\tsmallest\tlargest\tstandard error",
        "all runs\ttiny\ttest\tmcc\t1\t0.500000\tnan\t0.500000\t0.500000\tnan",
    ]
    reasons = [
        "Left out: 8 of 9.",
        "- Cannot read runs/damaged/run.json: it is not JSON",
        "- runs/edited/run.json: its figures are damaged",
        "- runs/foreign is not a run folder: it has no run.json.",
        "- runs/unfinished is not finished: hyenadna train --resume runs/unfinished",
        "- runs/without has no figures: its task measures none.",
        "- There is no folder nowhere.",
        "- runs/a/run.json is not a folder.",
        "- runs/again repeats runs/a: seed, fold and all options are the same.",
    ]
    assert len(stderr.splitlines()) == len(reasons)
    for line, reason in zip(stderr.splitlines(), reasons, strict=True):
        assert line.startswith(reason)


def test_the_formats_of_the_command(write, cli, tmp_path):
    for seed in range(3):
        write(f"runs/a{seed}", 0.5 + seed / 8, seed, start="/w/a|b")
        write(f"runs/b{seed}", 0.25 + seed / 4, seed, start="/w/c")
    lines = cli("summarise", "runs", "--figure", "mcc", "--format", "markdown")[1].splitlines()
    assert lines[2] == "| weights=a\\|b | tiny | test | mcc | 3 | 0.6250 | 0.1250 | 0.5000 | 0.7500 | 0.0722 |"
    assert lines[-1] == "| weights=c | weights=a\\|b | mcc | 3 | -0.1250 | -0.4355 | 0.1855 |"
    lines = cli("summarise", "runs", "--figure", "mcc", "--format", "table")[1].splitlines()
    assert lines[2] == "weights=c    tiny   test   mcc        3  0.5000  0.2500    0.2500   0.7500          0.1443"
    described = json.loads(cli("summarise", "runs", "--json")[1])
    assert [row["mean"] for row in described["rows"]] == [0.625, 0.3125, 0.5, 0.25]
    assert described["groups"]["weights=c"]["runs"] == [f"runs/b{seed}" for seed in range(3)]
    assert cli("summarise", "runs", "--out", "summary.txt")[2].startswith("Written: summary.txt")
    assert (tmp_path / "summary.txt").read_text() == f"{hyenadna_core.summarise('runs')}\n"
    for words, message in (
        (("--figure", "mc"), "No run has the figure 'mc': choose one of mcc, f1"),
        (("--against", "weights"), "Several groups have names with 'weights': choose one of weights=a|b, weights=c"),
        (("--against", "x"), "No group is 'x': choose one of weights=a|b, weights=c"),
        (("--out", "runs"), "runs is a folder: name a file"),
    ):
        status, stdout, stderr = cli("summarise", "runs", *words)
        assert (status, stdout, message in stderr) == (1, "", True)


def test_without_a_finished_run_is_one_line(write, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(HyenaDNAError, match="No finished run to summarise: empty is not a run folder"):
        hyenadna_core.summarise("empty")
    with pytest.raises(HyenaDNAError, match="No finished run to summarise, because none was given"):
        hyenadna_core.summarise([])


@pytest.mark.parametrize("value", ["x", True, [], {}, 10**400])
def test_a_figure_that_is_no_number_leaves_its_run_out(write, value):
    write("runs/a", 0.5)
    write("runs/b", 0.5, 1, result={"split": "test", "figures": {"tiny": {"mcc": value}}})
    ((path, reason),) = hyenadna_core.summarise("runs").left_out
    assert (path.name, "its figures are damaged" in reason) == ("b", True)


def test_figures_that_are_not_defined_are_not_counted(write):
    for seed, value in enumerate([0.5, None, math.inf, 0.75]):
        figures = {"tiny": {"mcc": value, "f1": None}}
        write(f"runs/{seed}", 0.0, seed, result={"split": "test", "figures": figures})
    summary = hyenadna_core.summarise("runs")
    assert (row(summary, "all runs").runs, row(summary, "all runs").mean) == (2, 0.625)
    assert row(summary, "all runs", figure="f1").runs == 0


def test_the_figures_of_a_language_model_and_of_a_task_with_validation_alone(write, tmp_path):
    held_out = {"bits_per_base": 1.9, "perplexity": 3.7, "markov_bits_per_base": {"forward strand": [2.0, 1.95]}}
    path = write("lm/a", 0.0, held_out=held_out)
    described = json.loads((path / "run.json").read_text())
    del described["result"]
    (path / "run.json").write_text(json.dumps(described))
    summary = hyenadna_core.summarise("lm", ["bits_per_base"])
    assert [(row.model, row.split, row.mean) for row in summary.rows] == [
        ("tiny", "held-out", 1.9),
        ("Markov order 0, forward strand", "held-out", 2.0),
        ("Markov order 1, forward strand", "held-out", 1.95),
    ]
    del described["held_out"]
    (path / "run.json").write_text(json.dumps(described))
    (path / "checkpoints" / "best").mkdir(parents=True)
    state = {"state": {"step": 2, "bits": 1.5}}
    (path / "checkpoints" / "best" / "state.json").write_text(json.dumps(state))
    assert [(row.split, row.figure, row.mean) for row in hyenadna_core.summarise("lm").rows] == [("valid", "bits", 1.5)]
