"""Compare the same models on every installed backend, each in its own process."""

import os
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from hyenadna_backends import Choice, missing
from hyenadna_core.checks import cases as parity_cases
from hyenadna_core.checks import parity
from hyenadna_core.cli import Session, make_cli
from hyenadna_plugins import plugin_manager

SAVE = """
import sys, numpy as np
from hyenadna_core import CausalLM, HyenaBackbone
for tied in (True, False):
    model = CausalLM(HyenaBackbone(1, 16, 66, order=3, window_shift=0.0, trained_positions=tied, seed=5), tied)
    model.save(f"{sys.argv[1]}/{tied}.keras")
"""
LOAD = """
import sys, numpy as np
import hyenadna_core.model.causal_lm, keras
ids = np.random.default_rng(0).integers(6, 12, (2, 61))
logits = {}
for place in sys.argv[2:]:
    for tied in (True, False):
        model = keras.saving.load_model(f"{place}/{tied}.keras", compile=False)
        logits[f"{place.rsplit('/', 1)[-1]} {tied}"] = model.predict_on_batch(ids)
np.savez(sys.argv[1], **logits)
"""
pytestmark = pytest.mark.all_backends


def run_python(code, backend, *arguments):
    """Run a script on one backend, chosen before the script imports Keras."""
    settled = "import hyenadna_backends\nhyenadna_backends.choose()\n" + code
    command = [sys.executable, "-P", "-c", settled, *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"KERAS_BACKEND": backend})


def test_a_keras_file_of_any_backend_gives_the_same_logits_on_any_other(tmp_path):
    backends = [name for name in ("jax", "torch", "mlx", "numpy") if missing(name) is None]
    for backend in backends:
        (tmp_path / backend).mkdir()
        run_python(SAVE, backend, tmp_path / backend)
    logits = {}
    for backend in backends:
        run_python(LOAD, backend, tmp_path / f"{backend}.npz", *(tmp_path / name for name in backends))
        with np.load(tmp_path / f"{backend}.npz") as arrays:
            logits |= {(backend, name): arrays[name] for name in arrays.files}
    assert len(logits) == 2 * len(backends) ** 2
    for (_, name), values in logits.items():
        expected = logits[backends[0], f"{backends[0]} {name.split()[1]}"]
        np.testing.assert_allclose(values, expected, atol=1e-5 * np.abs(expected).max(), rtol=0)


def test_the_command_prints_a_table_and_writes_it(tmp_path):
    out = tmp_path / "out.tsv"
    command = [sys.executable, "-m", "hyenadna_core", "parity", "--out", str(out)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    print(answer.stdout)
    installed = [name for name in ("jax", "torch", "mlx", "numpy") if missing(name) is None]
    header, *rows = answer.stdout.splitlines()
    assert header.split("\t") == ["case", "quantity", *installed, "gate", "verdict"]
    assert len(rows) >= 30
    assert all(row.endswith("\tok") for row in rows)
    assert out.read_text() == answer.stdout


def test_the_command_fails_if_a_gate_is_exceeded(monkeypatch):
    monkeypatch.setattr(parity_cases, "BETWEEN", -1.0)
    monkeypatch.setattr(parity.run_backends, "__defaults__", (parity_cases.CASES[2:3], 0))
    session = Session(plugin_manager(names=[]), Choice("jax", "test"))
    result = CliRunner().invoke(make_cli(session), ["parity", "--backends", "jax,numpy"])
    assert result.exit_code == 1
    assert "EXCEEDED by jax, numpy" in result.stdout
    assert result.stderr == "Error: 1 of 6 comparisons exceed their gate, first: golden, 37 bases.\n"
