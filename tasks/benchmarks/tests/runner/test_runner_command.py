import csv
import json
from html.parser import HTMLParser

import numpy as np
import pytest
from hyenadna_benchmarks.runner import cells, measured

from hyenadna_core import HyenaDNAError, open_run

QUICK = ("--datasets", "prom_core_tata", "--steps", 2, "--seeds", 2, "--no-audit")
SIMPLE = (*QUICK, "--contenders", "majority,kmer")


def table(out):
    return list(csv.DictReader((out / "table.tsv").read_text().splitlines(), dialect="excel-tab"))


def without_seconds(out):
    return [{name: text for name, text in row.items() if name != "seconds"} for row in table(out)]


def test_a_suite_measures_all_contenders(bench, tmp_path, monkeypatch):
    monkeypatch.setattr("hyenadna_core.tasks.cnn_baseline.EPOCHS", 2)
    status, printed, stderr = bench(*QUICK, "--out", "o")
    rows, out = {row["contender"]: row for row in table(tmp_path / "o")}, tmp_path / "o"
    assert status == 0
    names = ["majority", "k-mers", "CNN", "scratch", "human-chr20-1k", "human-chr20-1k, frozen"]
    assert list(rows) == names
    assert [rows[name]["n"] for name in names] == ["1", "1", "2", "2", "2", "1"]
    assert {row["rows"] for row in rows.values()} == {"40"}
    assert {row["metric"] for row in rows.values()} == {"mcc"}
    assert rows["majority"]["mean"] == "0"
    assert stderr.count("mcc") == 9
    assert "9 measurements of 1 set." in stderr
    assert len(printed.splitlines()) == 7

    run = out / "cells/prom_core_tata/tuned-human-chr20-1k/seed-1"
    kept = json.loads((run / "cell.json").read_text())
    assert kept["figures"] == pytest.approx(open_run(run / "run").figures["human-chr20-1k"], abs=1e-6)
    predicted, targets = cells.read_predictions(run)
    assert predicted.shape == (40, 2)
    assert predicted.dtype == np.float32
    assert kept["figures"]["accuracy"] == (predicted.argmax(axis=1) == targets).mean()
    assert (kept["options"], kept["rows"], kept["cell"]["seed"]) == ({"steps": 2}, 40, 1)
    assert kept["versions"]["keras"]

    mean = np.mean(
        [json.loads((run.with_name(f"seed-{seed}") / "cell.json").read_text())["figures"]["mcc"] for seed in (0, 1)]
    )
    of_kmers = float(rows["k-mers"]["mean"])
    row = rows["human-chr20-1k"]
    assert float(row["mean"]) == pytest.approx(mean, abs=1e-6)
    assert float(row["minus_kmers"]) == pytest.approx(mean - of_kmers, abs=2e-6)
    assert float(row["minus_kmers_low"]) <= float(row["minus_kmers"]) <= float(row["minus_kmers_high"])


def test_the_table_is_a_function_of_the_files(bench, tmp_path, here):
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    before = {name: (tmp_path / "o" / name).read_bytes() for name in ("table.tsv", "table.md", "table.html")}
    here.stops_before = 0  # nothing may be computed
    (tmp_path / "o").rename(tmp_path / "moved")
    status, _, stderr = bench(*SIMPLE, "--out", "moved")
    assert status == 0
    assert "All 2 measurements in moved are finished." in stderr
    assert {name: (tmp_path / "moved" / name).read_bytes() for name in before} == before


def test_a_stopped_suite_goes_on(bench, tmp_path, here):
    here.stops_before = 1
    status, _, stderr = bench(*SIMPLE, "--out", "o")
    assert isinstance(status, KeyboardInterrupt | SystemExit)
    assert "the same command goes on" in stderr
    kept = (tmp_path / "o/cells/prom_core_tata/majority/once/cell.json").stat().st_mtime_ns
    here.stops_before = None
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    assert (tmp_path / "o/cells/prom_core_tata/majority/once/cell.json").stat().st_mtime_ns == kept
    assert bench(*SIMPLE, "--out", "unbroken")[0] == 0
    assert without_seconds(tmp_path / "o") == without_seconds(tmp_path / "unbroken")


def test_paper_selects_on_test_and_says_so_on_every_line(bench, tmp_path):
    _, printed, stderr = bench(*SIMPLE, "--protocol", "paper", "--out", "o")
    assert ["selects on test" in line for line in printed.splitlines()[1:]] == [True] * 2
    assert ["selects on test" in line for line in stderr.splitlines() if ": mcc" in line] == [True] * 2
    assert [row["caution"].split("; ")[0] for row in table(tmp_path / "o")] == ["selects on test"] * 2
    lines = [line for line in (tmp_path / "o/table.md").read_text().splitlines() if line.startswith("| prom")]
    assert ["selects on test" in line for line in lines] == [True] * 2


def test_rows_that_are_not_the_published_ones_are_a_caution(bench, tmp_path):
    _, printed, stderr = bench(*SIMPLE, "--out", "o")
    assert stderr.count("is not the published train file of gue/prom_core_tata: its SHA-256 is ") == 1
    assert stderr.count("gue/prom_core_tata: test has 40 sequences here, and 613 as published.") == 1
    cautions = [f"{split} is not the published file; {split} has {{}} rows" for split in ("train", "dev", "test")]
    expected = "; ".join(cautions).format("60 of 4,904", "24 of 613", "40 of 613")
    assert [row["caution"] for row in table(tmp_path / "o")] == [expected] * 2
    assert printed.count(expected) == 2
    assert expected in (tmp_path / "o/table.html").read_text()


def test_cv5_has_five_folds_with_a_seed_each(bench, tmp_path):
    options = (
        "--datasets",
        "prom_core_tata",
        "--steps",
        1,
        "--protocol",
        "cv5",
        "--contenders",
        "kmer,scratch",
        "--no-audit",
    )
    assert bench(*options, "--out", "o")[0] == 0
    folder = tmp_path / "o/cells/prom_core_tata/scratch"
    configs = [open_run(folder / f"fold-{number}/run").config for number in range(1, 6)]
    assert [(str(config.fold), config.seed) for config in configs] == [
        (f"{number}/5", number - 1) for number in range(1, 6)
    ]
    rows = table(tmp_path / "o")
    assert [row["n"] for row in rows] == ["5", "5"]
    scratch = rows[1]
    for name in ("table.md", "table.html"):
        assert "± is the largest minus the smallest figure of the folds" in (tmp_path / "o" / name).read_text()
    assert float(scratch["spread"]) == pytest.approx(float(scratch["most"]) - float(scratch["least"]), abs=2e-6)


def test_a_sweep_chooses_on_validation_without_the_test_split(bench, tmp_path):
    options = ("--datasets", "prom_core_tata", "--steps", 3, "--seeds", 1, "--contenders", "scratch", "--no-audit")
    assert bench(*options, "--sweep", "--trials", 2, "--out", "o")[0] == 0
    folder = tmp_path / "o/cells/prom_core_tata/scratch"
    trials = [json.loads((folder / f"trial-{number}/cell.json").read_text()) for number in (0, 1)]
    best = max(trials, key=lambda trial: trial["valid"])["drawn"]
    run, of_trial = open_run(folder / "seed-0/run"), open_run(folder / "trial-0/run")
    assert list(of_trial.run["splits"]) == ["train", "valid"]
    assert run.config.recipe.learning_rate == best["learning_rate"]
    assert run.config.recipe.weight_decay == best["weight_decay"]
    assert run.config.stages[0].batch_size == best["batch_size"] == 6
    assert run.config.options["reverse_complements"] == best["reverse_complements"]
    (row,) = table(tmp_path / "o")
    assert row["settings"].startswith("best of 2 trials on validation: steps 3, learning_rate ")


def test_a_recipe_reaches_the_run(bench, tmp_path):
    options = ("--datasets", "prom_core_tata", "--epochs", 1, "--seeds", 1, "--contenders", "scratch", "--no-audit")
    assert bench(*options, "--recipe", "repo", "--batch-size", 20, "--out", "o")[0] == 0
    config = open_run(tmp_path / "o/cells/prom_core_tata/scratch/seed-0/run").config
    assert (config.recipe.original, config.recipe.learning_rate, config.recipe.weight_decay) == (True, 6e-4, 0.1)
    assert (config.valid_every, config.steps, config.stages[0].batch_size) == (3, 3, 20)
    assert config.options["reverse_complements"] is False


def test_a_failing_cell_is_in_the_table_and_the_others_go_on(bench, tmp_path, monkeypatch):
    def failing(*_):
        raise HyenaDNAError("no memory")

    monkeypatch.setitem(measured.HOW, "kmer", failing)
    error, _, stderr = bench(*SIMPLE, "--out", "o")
    assert str(error).startswith("1 measurement failed: the table has the reason; the same command tries again.")
    rows = table(tmp_path / "o")
    assert rows[0]["error"] == ""
    assert rows[1]["error"] == "no memory"
    assert rows[1]["mean"] == ""
    assert "failed: no memory" in stderr


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--datasets", "prom_core_tat"], "gue has no set 'prom_core_tat': do you mean prom_core_tata or "),
        (["--recipe", "mine"], "There is no recipe 'mine'"),
        (["--contenders", "tree"], "There is no contender 'tree'"),
        (["--protocol", "cv5"], "cv5 has 5 folds, each with its own seed: leave out --seeds"),
        (["--trials", 3], "--trials counts the trials of a sweep: add --sweep"),
        (["--epochs", 3], "--steps and --epochs have the same meaning"),
        (
            ["--weights", "human-chr20-1k", "--preset", "tiny-16k"],
            "--preset is the network of random weights: add none",
        ),
        (["--sweep", "--protocol", "paper"], "--sweep chooses on the validation rows"),
        (["--contenders", "probe", "--weights", "human-chr20-1kk"], "Unknown file, folder or preset 'human-chr20-1kk'"),
        (["--contenders", "scratch", "--preset", "tiny-1kk"], "Unknown preset 'tiny-1kk'"),
    ],
)
def test_wrong_options_are_one_line_and_write_nothing(bench, tmp_path, options, line):
    assert line in str(bench(*SIMPLE, *options, "--out", "o")[0])
    assert not (tmp_path / "o").exists()


def test_a_folder_in_use_is_one_line(bench, tmp_path):
    from hyenadna_benchmarks.runner.benchmark import locked_folder

    with locked_folder(tmp_path / "o"):
        assert "o is in use by another benchmark: wait for it" in str(bench(*SIMPLE, "--out", "o")[0])


def test_results_of_another_runner_are_not_overwritten(bench, tmp_path):
    cells.write_json(tmp_path / "o/measured/job.json", {"runner": "recall"})
    assert str(bench(*SIMPLE, "--out", "o")[0]) == (
        "o has results of `hyenadna benchmark recall`: choose another --out."
    )
    assert not (tmp_path / "o/cells").exists()


@pytest.mark.parametrize("name", ["table.tsv", "table.html"])
def test_a_table_of_a_person_is_not_overwritten(bench, tmp_path, name):
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / name).write_text("mine")
    assert (
        str(bench(*SIMPLE, "--out", "o")[0]) == f"o/{name} was not written by hyenadna benchmark: choose another --out."
    )
    assert (tmp_path / "o" / name).read_text() == "mine"


def test_changed_test_rows_are_one_line(bench, tmp_path):
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    path = tmp_path / "o/cells/prom_core_tata/kmer/once/cell.json"
    path.write_text(path.read_text().replace('"test": "', '"test": "0'))
    assert "The test rows of prom_core_tata have changed since o was started" in str(bench(*SIMPLE, "--out", "o")[0])


class Checked(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.addresses, self.cells = [], [], []

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for name, value in attributes if name in ("src", "href") and not value.startswith("#")]
        if tag not in ("meta", "path", "use", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("meta", "path", "use", "rect"):
            assert self.open.pop() == tag


def test_the_page_is_whole_escaped_and_loads_nothing(bench, tmp_path):
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    path = tmp_path / "o/cells/prom_core_tata/kmer/once/cell.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(kept | {"settings": "<script>alert('|')</script> & more"}))
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    page, text = (tmp_path / "o/table.html").read_text(), (tmp_path / "o/table.md").read_text()
    checked = Checked()
    checked.feed(page)
    assert checked.open == []
    assert checked.addresses == []
    assert "<script" not in page + text
    assert "&lt;script&gt;alert(&#x27;|&#x27;)&lt;/script&gt; &amp; more" in page
    assert page.count("<svg ") == 1
    assert "@import" not in page
    assert len({line.count(" | ") for line in text.splitlines() if line.startswith("|")}) == 1
