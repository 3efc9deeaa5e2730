import statistics
import warnings

import numpy as np
import pytest
from hyenadna_benchmarks.report.published import STRICTER, comparable, of_set, published
from hyenadna_benchmarks.runner import cells, measured, probe, recipes
from hyenadna_benchmarks.runner.contenders import KINDS, contenders_of
from hyenadna_benchmarks.suites import SUITES
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from hyenadna_core import HyenaDNAError

PAPER_MEANS = {  # of the eight sets, as the paper prints them
    "CNN (PyTorch)": 79.2,
    "DNABERT 110M": 83.1,
    "GPT": 83.8,
    "GPT, pretrained": 86.3,
    "HyenaDNA, scratch": 86.6,
    "HyenaDNA 6-mer, scratch": 82.9,
    "HyenaDNA bidirectional, scratch": 84.7,
    "HyenaDNA, pretrained": 88.5,
}
STRICT_MEANS = {"CNN 264k": 0.803, "HyenaDNA 436k": 0.853, "Caduceus-PS": 0.869, "JanusDNA, no attention": 0.867}


@pytest.mark.parametrize(("model", "mean"), PAPER_MEANS.items())
def test_published_figures_have_the_means_of_the_paper(model, mean):
    values = [each.value for each in published() if each.model == model and each.protocol == "paper"]
    assert len(values) == 8
    assert 100 * statistics.mean(values) == pytest.approx(mean, abs=0.051)


@pytest.mark.parametrize(("model", "mean"), STRICT_MEANS.items())
def test_stricter_figures_have_the_means_of_their_tables(model, mean):
    values = [each.value for each in published() if each.model == model and each.protocol == "cv5"]
    assert len(values) == 8
    assert statistics.mean(values) == pytest.approx(mean, abs=0.0011)


def test_a_run_without_log_has_no_seconds(tmp_path):
    assert measured.seconds_of(tmp_path) is None
    with pytest.raises(ValueError, match="JSON compliant"):
        cells.write_json(tmp_path / "cell.json", {"seconds": float("nan")})


def test_only_a_solver_that_has_not_converged_is_an_error(monkeypatch):
    x, targets = np.random.default_rng(0).random((20, 3)), np.arange(20) % 2
    with monkeypatch.context() as patched:
        patched.setattr(LogisticRegression, "fit", warning_of(LogisticRegression.fit, DeprecationWarning))
        with pytest.warns(DeprecationWarning, match="of scikit-learn"):
            assert len(list(probe.fits(x, targets, 2))) == len(probe.PENALTIES)
    monkeypatch.setattr(LogisticRegression, "fit", warning_of(LogisticRegression.fit, ConvergenceWarning))
    with pytest.raises(ConvergenceWarning):
        list(probe.fits(x, targets, 2))


def warning_of(fit, category):
    def warning(self, x, targets):
        warnings.warn("of scikit-learn", category, stacklevel=2)
        return fit(self, x, targets)

    return warning


def test_each_published_figure_is_named_and_a_share_of_1():
    for each in published():
        assert each.suite in SUITES
        assert 0 < each.value < 1
        assert each.metric in ("accuracy", "mcc", "f1")
        assert each.contender in ("", *KINDS)
        assert each.protocol in ("paper", *STRICTER)
        assert each.source
    assert len({(each.suite, each.set, each.model, each.protocol) for each in published()}) == len(published())


def test_the_figures_that_contenders_are_compared_with():
    name = "human_nontata_promoters"
    texts = [
        getattr(comparable("genomic-benchmarks", name, "pretrained", strict), "text", "") for strict in (False, True)
    ]
    assert texts == ["0.966 accuracy (paper)", "0.944 ± 0.002 accuracy (cv5)"]
    assert comparable("genomic-benchmarks", name, "kmer", False) is None
    assert len(of_set("nt-original", "H3")) == 11
    assert of_set("nt-revised", "H3") == []


def test_a_recipe_has_the_options_of_its_suite():
    assert recipes.recipe("default", "gue", "tf_0") == {}
    repo = recipes.recipe("repo", "genomic-benchmarks", "human_enhancers_cohn")
    assert (repo["learning_rate"], repo["batch_size"], repo["epochs"], repo["reverse_complements"]) == (
        6e-4,
        128,
        100,
        False,
    )
    with pytest.raises(HyenaDNAError, match="no recipe 'mine': choose one of default, repo, caduceus"):
        recipes.recipe("mine", "gue", "tf_0")
    with pytest.raises(HyenaDNAError, match="'caduceus' is not for gue"):
        recipes.recipe("caduceus", "gue", "tf_0")


def test_given_options_replace_those_of_the_recipe():
    assert recipes.with_given({"epochs": 100, "batch_size": 128}, {"steps": 5}) == {"batch_size": 128, "steps": 5}
    assert recipes.with_given({"epochs": 100}, {"learning_rate": 1e-3}) == {"epochs": 100, "learning_rate": 1e-3}


def test_trials_are_drawn_by_their_number_in_the_ranges_of_the_paper():
    drawn = [recipes.draw(trial) for trial in range(40)]
    assert drawn[:8] == [recipes.draw(trial) for trial in range(8)]
    assert all(1e-4 <= options["learning_rate"] <= 6e-4 for options in drawn)
    assert {options["batch_size"] for options in drawn} == {128, 256, 512, 1024}
    assert {options["weight_decay"] for options in drawn} == {0, 0.1, 0.2}
    assert {options["reverse_complements"] for options in drawn} == {True, False}
    assert len({options["learning_rate"] for options in drawn}) > 30


def test_a_trial_has_a_batch_of_at_most_a_tenth_of_the_rows():
    assert recipes.fitting_batch({"batch_size": 1024}, 605) == {"batch_size": 60}
    assert recipes.fitting_batch({"batch_size": 128}, 9000) == {"batch_size": 128}


def test_contenders_have_short_names_and_folders_of_their_own():
    named = contenders_of(["runs/a/mine", "runs/b/mine", "none"], ["scratch", "pretrained", "probe"])
    assert [each.name for each in named] == [
        "scratch",
        "runs/a/mine",
        "runs/a/mine, frozen",
        "runs/b/mine",
        "runs/b/mine, frozen",
    ]
    assert len({each.slug for each in named}) == 5
    assert not any("/" in each.slug for each in named)


def test_contenders_are_in_the_order_of_their_names():
    named = contenders_of(["b", "none", "a"], ["probe", "kmer", "pretrained", "scratch", "majority", "kmer"])
    assert [each.name for each in named] == ["b, frozen", "b", "a, frozen", "a", "k-mers", "scratch", "majority"]


def test_a_long_path_of_weights_has_a_folder_with_a_short_name():
    paths = [f"{'a long name/' * 30}{part}/mine" for part in "ab"]
    slugs = [each.slug for each in contenders_of(paths, ["pretrained"])]
    assert len(set(slugs)) == 2
    assert all(len(slug) <= 100 for slug in slugs)
    assert all(f"long-name-{part}-mine-" in slug for part, slug in zip("ab", slugs, strict=True))
    (short,) = contenders_of(["x" * 80], ["probe"])
    assert short.slug == f"probe-{'x' * 80}"


@pytest.mark.parametrize(
    ("weights", "kinds", "line"),
    [
        (["none"], ["tree"], "no contender 'tree': choose of majority"),
        (["a", "a"], KINDS, "names weights twice: a, a"),
        (["none"], ["probe"], "No contender is left"),
        (["runs/scratch", "none"], KINDS, "Two models have the name 'scratch': rename the weights runs/scratch"),
        (["a/CNN"], ["cnn", "pretrained"], "Two models have the name 'CNN': rename the weights a/CNN"),
        (["a", "a/"], KINDS, "Two models have the name 'a/'"),
    ],
)
def test_wrong_contenders_are_one_line(weights, kinds, line):
    with pytest.raises(HyenaDNAError, match=line):
        contenders_of(weights, kinds)
