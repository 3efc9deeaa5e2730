"""The verdict of seqleak: read from its report, absent, or failed."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hyenadna_benchmarks.audit.linter import NOT_INSTALLED, Check, Verdict, verdict_of

SPLITS = {"train": [b"ACGT" * 10, b"GGCA" * 10], "test": [b"ACGT" * 10, b"GGCA" * 10]}
LABELS = {"train": np.array([0, 1]), "test": np.array([1, 0])}


def stand_in(monkeypatch, run_audit):
    """Put a module with the interface of seqleak 0.4.1 in its place; return what it was asked."""
    asked = {}

    def load_task(**files):
        for split, (path,) in [(name, paths) for name, paths in files.items() if name != "coords"]:
            asked[split] = Path(path).read_bytes()
        return "task"

    seqleak, audit = ModuleType("seqleak"), ModuleType("seqleak.audit")
    seqleak.__version__, seqleak.audit = "0.4.1", audit
    audit.load_task, audit.run_audit = load_task, run_audit
    monkeypatch.setitem(sys.modules, "seqleak", seqleak)
    monkeypatch.setitem(sys.modules, "seqleak.audit", audit)
    return asked


def test_a_fault_without_a_value_is_named():
    verdict = Verdict("FAIL", checks=(Check("overlap.pair", "FAIL", None, ""), Check("overlap.near", "WARN", 0.25, "")))
    assert verdict.sentence() == "seqleak: FAIL (overlap.pair FAIL, overlap.near WARN 0.25)."


def test_its_report_becomes_a_verdict(monkeypatch):
    def run_audit(task, homology, quiet):
        assert homology == "off"  # BLAST is only on some machines
        checks = {
            "overlap.exact": {"status": "WARN", "value": np.float64(0.01), "reason": "1 of 100"},
            "construction.segment": {"status": "FAIL", "value": 0.6724, "reason": "twins"},
            "overlap.pair": {"status": "SKIP", "value": None, "reason": "single"},
        }
        return {"checks": checks, "verdict": {"status": "FAIL"}}, None

    asked = stand_in(monkeypatch, run_audit)
    verdict = verdict_of(SPLITS, LABELS)
    assert asked["test"] == b">0 label=1\n" + b"ACGT" * 10 + b"\n>1 label=0\n" + b"GGCA" * 10 + b"\n"
    assert (verdict.status, verdict.version) == ("FAIL", "0.4.1")
    assert verdict.checks[2] == Check("overlap.pair", "SKIP", None, "single")
    assert verdict.value("construction.segment") == 0.6724
    assert verdict.value("unknown") is None
    assert verdict.sentence() == "seqleak: FAIL (overlap.exact WARN 0.01, construction.segment FAIL 0.672)."
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_its_failure_is_a_verdict(monkeypatch):
    def run_audit(task, homology, quiet):
        raise ValueError("fewer than two label values")

    stand_in(monkeypatch, run_audit)
    verdict = verdict_of(SPLITS, LABELS)
    assert verdict.sentence() == "seqleak: failed (ValueError: fewer than two label values)."
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_without_it_the_verdict_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "seqleak", None)
    assert verdict_of(SPLITS, LABELS) == NOT_INSTALLED
    assert NOT_INSTALLED.sentence() == "seqleak: not installed."


@pytest.mark.filterwarnings("ignore")
def test_the_real_one_finds_copies():
    pytest.importorskip("seqleak")
    random = np.random.default_rng(0)
    rows = [random.choice(list(b"ACGT"), 60).astype(np.uint8).tobytes() for _ in range(200)]
    labels = np.arange(200) % 2
    verdict = verdict_of({"train": rows, "test": rows[:100]}, {"train": labels, "test": labels[:100]})
    assert verdict.status == "FAIL"
    assert verdict.value("overlap.exact") == 1
    assert next(each.status for each in verdict.checks if each.name == "overlap.homology") == "SKIP"
