"""The audit of a set in the table: real repeats, a failed audit, and none."""

import csv

import numpy as np
import pytest
from hyenadna_benchmarks.audit import audit_splits
from hyenadna_benchmarks.runner import audited, cells
from hyenadna_benchmarks.tasks import task_of

from hyenadna_core import HyenaDNAError

OPTIONS = ("--datasets", "prom_core_tata", "--contenders", "majority,kmer", "--out", "o")
FOLDER = "prom/prom_core_tata"


def table(out):
    return list(csv.DictReader((out / "table.tsv").read_text().splitlines(), dialect="excel-tab"))


@pytest.fixture
def repeated(own_data):
    """Return data whose first three test rows repeat training rows, one with the other label."""
    train = (own_data / FOLDER / "train.csv").read_text().splitlines()
    test = (own_data / FOLDER / "test.csv").read_text().splitlines()
    test[1:4] = train[1:4]
    sequence, label = test[2].split(",")
    test[2] = f"{sequence},{1 - int(label)}"
    (own_data / FOLDER / "test.csv").write_text("\n".join(test) + "\n")
    return own_data


def test_the_audit_of_a_set_is_in_its_rows(bench, tmp_path, repeated):
    status, printed, stderr = bench(*OPTIONS, "--folder", repeated)
    assert status == 0
    task = task_of("gue", "prom_core_tata", repeated)
    splits = {name: task.split(split) for split, name in audited.NAMES.items()}
    texts = {name: [bytes(rows[row]) for row in range(len(rows))] for name, rows in splits.items()}
    audit = audit_splits(texts, {name: np.asarray(rows.targets) for name, rows in splits.items()})
    leaked = audit.leaked("test")
    assert leaked[:3].all()
    rows = table(tmp_path / "o")
    assert [row["repeats"] for row in rows] == ["3", "3"]
    assert [row["repeats_other_label"] for row in rows] == ["1", "1"]
    assert [row["seqleak"] for row in rows] == [audit.linter.status] * 2
    assert [row["leaked"] for row in rows] == [str(leaked.sum())] * 2
    assert f"{leaked.sum()} of 40 test rows are repeats or near duplicates" in stderr

    from sklearn.metrics import matthews_corrcoef

    predicted, targets = cells.read_predictions(tmp_path / "o/cells/prom_core_tata/kmer/once")
    expected = matthews_corrcoef(targets[~leaked], predicted[~leaked].argmax(axis=1))
    assert float(rows[1]["mean_without_leaked"]) == pytest.approx(expected, abs=1e-6)
    for text in (printed, *((tmp_path / "o" / name).read_text() for name in ("table.md", "table.html"))):
        assert "repeats, with another label" in text
        assert "3, 1" in text
        assert audit.linter.status in text


def test_a_failed_audit_is_in_the_rows_of_its_set(bench, tmp_path, monkeypatch):
    def failing(*_):
        raise HyenaDNAError("no memory")

    with monkeypatch.context() as patched:
        patched.setattr(audited, "audit_splits", failing)
        error, _, _ = bench(*OPTIONS)
    assert str(error).startswith("1 measurement failed")
    assert [(row["error"], row["seqleak"], row["leaked"]) for row in table(tmp_path / "o")] == [
        ("audit: no memory", "audit failed", "")
    ] * 2
    assert bench(*OPTIONS)[0] == 0
    assert [row["error"] for row in table(tmp_path / "o")] == ["", ""]


def test_a_set_without_audit_says_so(bench, tmp_path):
    assert bench(*OPTIONS, "--no-audit")[0] == 0
    assert [row["seqleak"] for row in table(tmp_path / "o")] == ["not audited"] * 2


def test_a_damaged_file_of_leaked_rows_is_one_line(bench, tmp_path):
    assert bench(*OPTIONS)[0] == 0
    path = tmp_path / "o/cells/prom_core_tata/audit/once/leaked.safetensors"
    path.write_bytes(path.read_bytes()[:-3])
    error = str(bench(*OPTIONS)[0])
    assert error.startswith("o/cells/prom_core_tata/audit/once/leaked.safetensors is damaged (")
    assert error.endswith("remove o/cells/prom_core_tata/audit/once, and start the same command again.")
