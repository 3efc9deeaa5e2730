"""What is kept in a folder is used again only if it was made from the same options and inputs."""

import csv
import json

import pytest
from hyenadna_benchmarks.runner import cells, inputs, measured
from hyenadna_benchmarks.runner.cells import Cell
from hyenadna_benchmarks.runner.contenders import contenders_of
from hyenadna_benchmarks.runner.pool import Pool

from hyenadna_core import HyenaDNAError, load, open_run, weights_sha256

SET = ("--datasets", "prom_core_tata", "--no-audit")
SCRATCH = (*SET, "--steps", 1, "--seeds", 2, "--contenders", "scratch", "--weights", "none")
SIMPLE = (*SET, "--contenders", "majority,kmer")
PLACE = "o/cells/prom_core_tata"


def table(out):
    return list(csv.DictReader((out / "table.tsv").read_text().splitlines(), dialect="excel-tab"))


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_cells_wait_for_all_trials(bench, tmp_path, monkeypatch):
    trial = measured.trial

    def failing(spec, cell, folder):
        if cell.trial == 1:
            raise HyenaDNAError("no memory")
        return trial(spec, cell, folder)

    options = (*SCRATCH, "--sweep", "--trials", 2, "--out", "o")
    with monkeypatch.context() as patched:
        patched.setattr(measured, "trial", failing)
        error, _, _ = bench(*options)
    assert str(error).startswith("3 measurements failed")
    (row,) = table(tmp_path / "o")
    assert row["error"] == (
        "no memory; 1 of 2 trials of scratch on prom_core_tata have no result, and the choice needs all: start the "
        "same command again."
    )
    assert row["mean"] == ""
    assert bench(*options)[0] == 0
    assert table(tmp_path / "o")[0]["error"] == ""


def test_a_run_that_was_cut_off_with_other_options_starts_again(bench, tmp_path):
    assert bench(*SCRATCH, "--seeds", 1, "--out", "o")[0] == 0
    folder = tmp_path / PLACE / "scratch/seed-0"
    kept = json.loads((folder / "cell.json").read_text())
    spec = {
        "cell": kept["cell"],
        "suite": "gue",
        "protocol": "holdout",
        "task": open_run(folder / "run").config.options | {"protocol": "holdout"},
        "options": {"steps": 2},
        "preset": "tiny-1k",
        "trials": 0,
        "backend": kept["backend"],
        "threads": kept["threads"],
        "kept_weights": None,
    }
    measured.measure(spec, folder)
    assert open_run(folder / "run").config.steps == 2


def test_a_run_that_was_cut_off_goes_on_with_the_same_options(bench, tmp_path):
    assert bench(*SCRATCH, "--seeds", 1, "--out", "o")[0] == 0
    folder = tmp_path / PLACE / "scratch/seed-0"
    kept = (folder / "run/log.tsv").stat().st_mtime_ns
    cells.write_json(folder / "cell.json", None)
    assert bench(*SCRATCH, "--seeds", 1, "--out", "o")[0] == 0
    assert (folder / "run/log.tsv").stat().st_mtime_ns == kept
    assert cells.finished(folder)["figures"]["mcc"] == float(table(tmp_path / "o")[0]["mean"])


def test_a_process_that_ends_badly_after_its_result_has_finished(tmp_path):
    cell = Cell("tf_0", contenders_of(["none"], ["kmer"])[0])
    cells.write_json(cell.folder(tmp_path) / cells.RESULT, {"metric": "mcc"})
    cells.write_json(cell.folder(tmp_path) / cells.ERROR, {"error": "of an earlier time"})
    assert Pool(None, tmp_path, 1, None)._error(cell, -11) == ""
    assert not (cell.folder(tmp_path) / cells.ERROR).exists()


def test_an_old_error_of_a_finished_cell_is_not_in_the_table(bench, tmp_path):
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    cells.write_json(tmp_path / PLACE / "kmer/once/error.json", {"error": "of an earlier time"})
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    assert [row["error"] for row in table(tmp_path / "o")] == ["", ""]


def test_a_cell_keeps_the_checksums_of_its_rows_and_weights(bench, tmp_path):
    options = (*SET, "--steps", 1, "--seeds", 1, "--contenders", "majority,pretrained", "--out", "o")
    assert bench(*options)[0] == 0
    kept = [
        json.loads((tmp_path / PLACE / part / "cell.json").read_text())
        for part in ("majority/once", "tuned-human-chr20-1k/seed-0")
    ]
    assert list(kept[0]["rows_sha256"]) == ["train", "valid", "test"]
    assert len(set(kept[0]["rows_sha256"].values())) == 3
    assert kept[0]["rows_sha256"] == kept[1]["rows_sha256"]
    assert kept[0]["weights_sha256"] is None
    assert kept[1]["weights_sha256"] == weights_sha256(load("human-chr20-1k"))


@pytest.mark.parametrize(("split", "name"), [("train", "train"), ("valid", "dev"), ("test", "test")])
def test_other_rows_are_refused_before_the_work(bench, tmp_path, own_data, split, name):
    assert bench(*SIMPLE, "--folder", own_data, "--out", "o")[0] == 0
    cells.write_json(tmp_path / PLACE / "kmer/once/cell.json", None)
    path = own_data / f"prom/prom_core_tata/{name}.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    assert str(bench(*SIMPLE, "--folder", own_data, "--out", "o")[0]) == (
        f"The {split} rows of prom_core_tata have changed since o was started: restore them, or choose another --out."
    )
    assert cells.finished(tmp_path / PLACE / "kmer/once") is None


def test_cells_of_other_rows_are_not_compared(bench, tmp_path):
    assert bench(*SIMPLE, "--out", "o")[0] == 0
    path = tmp_path / PLACE / "kmer/once/cell.json"
    edit(path, rows_sha256=json.loads(path.read_text())["rows_sha256"] | {"valid": "0"})
    assert "The valid rows of prom_core_tata have changed since o was started" in str(bench(*SIMPLE, "--out", "o")[0])


def test_other_weights_are_refused_before_the_work(bench, tmp_path, monkeypatch):
    options = (*SET, "--steps", 1, "--seeds", 2, "--contenders", "pretrained", "--weights", "human-chr20-1k")
    assert bench(*options, "--out", "o")[0] == 0
    cells.write_json(tmp_path / PLACE / "tuned-human-chr20-1k/seed-1/cell.json", None)
    monkeypatch.setattr(inputs, "sha256_of_weights", lambda _: "0" * 64)
    assert str(bench(*options, "--out", "o")[0]).startswith("1 measurement failed")
    (row,) = table(tmp_path / "o")
    assert row["error"] == (
        "The weights human-chr20-1k have changed since o was started: restore them, or choose another --out."
    )
    assert row["n"] == "1"


def test_cells_of_other_weights_are_not_compared(bench, tmp_path):
    options = (*SET, "--steps", 1, "--seeds", 2, "--contenders", "pretrained", "--weights", "human-chr20-1k")
    assert bench(*options, "--out", "o")[0] == 0
    edit(tmp_path / PLACE / "tuned-human-chr20-1k/seed-1/cell.json", weights_sha256="0")
    assert str(bench(*options, "--out", "o")[0]) == (
        "The weights human-chr20-1k have changed since o was started: restore them, or choose another --out."
    )
