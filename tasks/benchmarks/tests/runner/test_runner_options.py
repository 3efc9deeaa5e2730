"""Options of the suite commands: names of sets, genomes, the backend, and what a sweep draws."""

import gzip
import json
import shutil

import pytest
from hyenadna_benchmarks.commands.benchmark import benchmark
from hyenadna_benchmarks.report.picture import picture
from hyenadna_benchmarks.report.published import comparable
from hyenadna_benchmarks.runner import plan, recipes
from hyenadna_benchmarks.suites import GUE_PLUS, chosen_sets, options_of_data

from hyenadna_core import open_run

SIMPLE = ("--no-audit", "--contenders", "majority")
GENOME = "".join("ACGT"[(7 * place + place // 3) % 4] for place in range(400))


@pytest.mark.parametrize("name", ["tf_0", "gue/tf_0", "tf/0"])
def test_a_set_has_the_names_of_the_other_commands(bench, tmp_path, name):
    assert bench(*SIMPLE, "--datasets", name, "--out", "o")[0] == 0
    assert json.loads((tmp_path / "o/benchmark.json").read_text())["sets"] == ["tf_0"]


def test_sets_are_in_the_order_of_their_names_and_once():
    assert list(chosen_sets("gue", ["tf_1", "tf_0", "tf/1"])) == ["tf_1", "tf_0"]
    assert list(chosen_sets("gue", ["tf_1", "all"]))[:2] == ["tf_1", "emp_H3"]


def test_the_sets_of_gue_plus_are_measured_only_by_name():
    without_names, all_of_them = chosen_sets("gue", []), chosen_sets("gue", ["all"])
    assert (len(without_names), len(all_of_them)) == (28, 36)
    assert all("/" in each.folder for each in without_names.values())  # the layout of the authors' GUE.zip
    assert all_of_them.keys() - without_names.keys() == set(GUE_PLUS)
    assert list(chosen_sets("gue", ["virus_species_40"])) == ["virus_species_40"]
    assert len(chosen_sets("genomic-benchmarks", [])) == 9


@pytest.fixture
def intervals(tmp_path):
    """Return a folder of GenomicBenchmarks with intervals of a FASTA, and the FASTA."""
    fasta = tmp_path / "genome.fa"
    fasta.write_text(f">chr1\n{GENOME}\n")
    for split, first in (("train", 0), ("test", 300)):
        for place, label in enumerate(("negative", "positive")):
            path = tmp_path / "gb/human_enhancers_cohn" / split / f"{label}.csv.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            starts = range(first + place, first + (280 if split == "train" else 60), 12)
            lines = [f"{row},chr1,{start},{start + 30},+" for row, start in enumerate(starts)]
            path.write_bytes(gzip.compress("\n".join(["id,region,start,end,strand", *lines]).encode()))
    return tmp_path / "gb", fasta


def test_the_genomes_of_intervals_reach_the_task(bench, tmp_path, intervals):
    folder, fasta = intervals
    other = shutil.copy(fasta, tmp_path / "other.fa")
    options = (*SIMPLE, "--datasets", "human_enhancers_cohn", "--folder", folder, "--out", "o")
    given = (*options, "--fasta", "genome.fa", "--class-fasta", f"positive={other}")
    assert "give its genome with --fasta" in str(bench(*options, suite="genomic-benchmarks")[0])
    shutil.rmtree(tmp_path / "o")
    assert bench(*given, suite="genomic-benchmarks")[0] == 0
    kept = json.loads((tmp_path / "o/benchmark.json").read_text())
    assert kept["task"] == {"fasta": str(fasta), "class_fasta": [f"positive={other}"]}


def test_a_genome_of_a_class_goes_to_the_sets_that_have_it(bench, intervals):
    folder, fasta = intervals
    other = folder / "demo_human_or_worm"
    shutil.copytree(folder / "human_enhancers_cohn", other)
    for split in ("train", "test"):
        (other / split / "negative.csv.gz").rename(other / split / "human.csv.gz")
        (other / split / "positive.csv.gz").rename(other / split / "worm.csv.gz")
    options = (*SIMPLE, "--folder", folder, "--fasta", fasta, "--class-fasta", f"worm={fasta}", "--out", "o")
    both = ("--datasets", "human_enhancers_cohn,demo_human_or_worm")
    assert bench(*options, *both, suite="genomic-benchmarks")[0] == 0
    assert str(bench(*options, "--datasets", "human_enhancers_cohn", suite="genomic-benchmarks")[0]) == (
        "--class-fasta worm: no chosen set has this class; their classes are negative, positive."
    )


def test_only_genomic_benchmarks_has_genomes(bench):
    assert [option.name for option in options_of_data("genomic-benchmarks")] == ["fasta", "class_fasta"]
    assert options_of_data("nt-revised") == options_of_data("gue") == []
    assert "No such option" in bench(*SIMPLE, "--fasta", "x", "--out", "o")[2]


def test_missing_files_are_one_line_before_any_cell(bench, tmp_path, own_data):
    (own_data / "tf/0/dev.csv").unlink()
    options = (*SIMPLE, "--datasets", "prom_core_tata,tf_0", "--folder", own_data, "--out", "o")
    assert str(bench(*options)[0]).startswith(f"{own_data} has 2 of 3 files of gue/tf_0: dev missing")
    assert not (tmp_path / "o/cells").exists()
    assert not (tmp_path / "o/benchmark.json").exists()


def test_all_missing_sets_are_named_before_any_is_read(bench, own_data):
    shutil.rmtree(own_data / "tf/0")
    error, _, stderr = bench(
        *SIMPLE, "--datasets", "prom_core_tata,tf_0,tf_3,mouse_1", "--folder", own_data, "--out", "o"
    )
    assert str(error).startswith(
        f"3 of 4 sets are not there: tf_0, tf_3, mouse_1. {own_data} has 0 of 3 files of gue/tf_0: train, dev, test "
        "missing, such as "
    )
    assert "prom_core_tata" not in stderr


def test_a_backend_that_does_not_train_is_one_line_if_networks_are_asked(bench, tmp_path, session):
    session.backend.name = "numpy"
    options = ("--no-audit", "--datasets", "tf_0", "--out", "o")
    assert "Backend 'numpy' has no gradients and cannot train" in str(bench(*options, "--contenders", "cnn")[0])
    assert not (tmp_path / "o").exists()
    status, _, stderr = bench(*options, "--contenders", "majority")
    assert status == 0
    assert "Backend: numpy (--backend)" in stderr


def test_the_commands_have_the_option_backend():
    for name in ("gue", "genomic-benchmarks", "nucleotide-transformer"):
        assert "backend" in [option.name for option in benchmark.commands[name].params]


def test_options_that_are_given_are_not_drawn(bench, tmp_path):
    drawn = recipes.draw(3)
    assert recipes.draw(3, {"learning_rate": 1}) == {k: v for k, v in drawn.items() if k != "learning_rate"}
    options = ("--no-audit", "--datasets", "prom_core_tata", "--contenders", "scratch", "--seeds", 1, "--steps", 1)
    given = ("--learning-rate", 0.002, "--batch-size", 10, "--sweep", "--trials", 1)
    assert bench(*options, *given, "--out", "o")[0] == 0
    folder = tmp_path / "o/cells/prom_core_tata/scratch"
    for part in ("trial-0", "seed-0"):
        config = open_run(folder / part / "run").config
        assert (config.recipe.learning_rate, config.stages[0].batch_size) == (0.002, 10)
        assert config.recipe.weight_decay == recipes.draw(0)["weight_decay"]
    assert list(json.loads((folder / "trial-0/cell.json").read_text())["drawn"]) == [
        "weight_decay",
        "dropout",
        "reverse_complements",
    ]


def test_the_picture_has_names_as_they_are():
    drawn = picture(plan.Plan(suite="gue", sets=("tf_0",), **REST), [row("tf_0") | {"contender": "_a$b$\\frac"}])
    assert ">_a$b$\\frac</text>" in drawn


def test_the_picture_has_only_published_figures_of_the_metric():
    assert comparable("nt-original", "splice_sites_all", "pretrained", strict=True).metric == "accuracy"
    for name, is_drawn in (("splice_sites_all", False), ("H3", True)):
        drawn = picture(plan.Plan(suite="nt-original", sets=(name,), **REST), [row(name)])
        assert "HyenaDNA, paper (selects on test)" in drawn
        assert ("HyenaDNA, stricter rerun" in drawn) == is_drawn


REST = {
    "weights": ("none",),
    "contenders": ("majority",),
    "protocol": "holdout",
    "seeds": 1,
    "recipe": "default",
    "options": {},
    "trials": 0,
    "preset": "tiny-1k",
    "folder": None,
    "task": {},
    "backend": "torch",
    "threads": 1,
    "audit": False,
}


def row(name):
    return {"set": name, "contender": "majority", "metric": "mcc", "mean": 0.5, "least": 0.4, "most": 0.6}
