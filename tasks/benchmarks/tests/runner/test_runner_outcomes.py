"""Measurements that are not run, that fail, or that read only the middle of long rows."""

import csv
import json

import pytest
from hyenadna_benchmarks.runner import measured
from hyenadna_benchmarks.tasks import task_of

from hyenadna_core import HyenaDNAError

QUICK = ("--datasets", "prom_core_tata", "--steps", 2, "--seeds", 2, "--no-audit")
SIMPLE = (*QUICK, "--contenders", "majority,kmer")


def table(out):
    return list(csv.DictReader((out / "table.tsv").read_text().splitlines(), dialect="excel-tab"))


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("hyenadna_core.evaluation.baselines.AFFORDABLE", "No k-mer baseline: for 60 training rows, "),
        ("hyenadna_core.tasks.slabs.IN_MEMORY", "No baseline is fitted: its predictions of 40 rows "),
    ],
)
def test_what_the_core_says_before_the_fit_is_a_result(bench, tmp_path, monkeypatch, limit, reason):
    monkeypatch.setattr(limit, 0)
    assert bench(*QUICK, "--contenders", "kmer", "--out", "o")[0] == 0
    assert table(tmp_path / "o")[0]["settings"].startswith(f"not run: {reason}")


def test_a_network_that_diverged_has_failed(bench, tmp_path, monkeypatch):
    fit_baseline = measured.fit_baseline

    def diverging(task, name, seed):
        if seed == 1:
            raise HyenaDNAError("The predictions of cnn are nan or infinite.")
        return fit_baseline(task, "majority")

    options = (*QUICK, "--contenders", "cnn", "--out", "o")
    with monkeypatch.context() as patched:
        patched.setattr(measured, "fit_baseline", diverging)
        assert str(bench(*options)[0]).startswith("1 measurement failed")
        (row,) = table(tmp_path / "o")
        assert (row["n"], row["error"]) == ("1", "The predictions of cnn are nan or infinite.")
        patched.setattr(measured, "fit_baseline", lambda task, name, seed: fit_baseline(task, "majority"))
        assert bench(*options)[0] == 0  # it is tried again
    (row,) = table(tmp_path / "o")
    assert (row["n"], row["error"]) == ("2", "")


def test_rows_that_are_longer_than_the_model_are_a_caution(bench, tmp_path, own_data, random_rows):
    path = own_data / "prom/prom_core_tata/train.csv"
    header, *lines = path.read_text().splitlines()
    longer = [f"{row},{number % 2}" for number, row in enumerate(random_rows(3, 1030))]
    path.write_text("\n".join([header, *lines, *longer]) + "\n")
    options = (*QUICK, "--folder", own_data, "--contenders", "kmer,probe", "--weights", "human-chr20-1k", "--out", "o")
    _, printed, stderr = bench(*options)
    caution = "3 of 127 rows are cropped to their middle 1,026 bases"
    assert [caution in row["caution"] for row in table(tmp_path / "o")] == [False, True]
    assert (printed.count(caution), stderr.count(f"; {caution}")) == (1, 1)
    kept = json.loads((tmp_path / "o/cells/prom_core_tata/probe-human-chr20-1k/once/cell.json").read_text())
    assert kept["cropped"] == {"rows": 3, "of": 127, "bases": 1026}


def test_rows_of_a_protocol_that_validates_on_test_count_once(data):
    for protocol, rows, of in (("holdout", 124, 124), ("paper", 100, 100)):
        task = task_of("gue", "prom_core_tata", data, protocol)
        assert measured.cropped_rows(task, 69) == {"rows": rows, "of": of, "bases": 69}
        assert measured.cropped_rows(task, 70) is None


def test_a_baseline_that_is_not_affordable_is_a_result(bench, tmp_path, monkeypatch):
    reason = "No k-mer baseline: it would take a year."
    monkeypatch.setattr("hyenadna_core.tasks.sequence_baselines.kmer_too_long", lambda *_: reason)
    status, _, stderr = bench(*SIMPLE, "--out", "o")
    assert status == 0
    assert "prom_core_tata, k-mers: not run: No k-mer baseline: it would take a year." in stderr
    row = table(tmp_path / "o")[1]
    assert (row["settings"], row["n"], row["mean"], row["rows"], row["error"]) == (
        "not run: No k-mer baseline: it would take a year.",
        *("0", "", "", ""),
    )
    assert bench(*SIMPLE, "--out", "o")[2].count("All 2 measurements in o are finished.") == 1
