"""The same run on every backend that is installed, each in a process of its own."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from hyenadna_backends import BACKENDS, missing
from hyenadna_core import open_genome
from hyenadna_core.genome import bundled_genome

INSTALLED = [name for name, backend in BACKENDS.items() if backend.trains and missing(name) is None]
pytestmark = pytest.mark.skipif(len(INSTALLED) < 2, reason=f"one backend alone is installed: {INSTALLED}")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The first loss and the held-out figure of a short run on the start of E. coli, by backend."""
    folder = tmp_path_factory.mktemp("parity")
    start = open_genome(bundled_genome()).read("K-12-MG1655", 0, 400_000)
    (folder / "start.fa").write_bytes(b">start\n" + bytes(start) + b"\n")
    found = {}
    for backend in INSTALLED:
        stages = "64x16@1,64x16@19,128x8@20"
        command = [sys.executable, "-m", "hyenadna_core", "train", "--fasta", str(folder / "start.fa")]
        command += ["--stages", stages, "--out", str(folder / backend)]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"KERAS_BACKEND": backend})
        run = json.loads((folder / backend / "run.json").read_text())
        losses = [float(line.split("\t")[4]) for line in (folder / backend / "log.tsv").read_text().splitlines()[1:]]
        assert run["backend"] == backend
        found[backend] = {"first loss": losses[0], "bits": run["held_out"]["bits_per_base"]}
    for backend, figures in found.items():
        print(f"{backend:<12}" + "  ".join(f"{name} {value:.7f}" for name, value in figures.items()))
    return found


def spread(runs, name):
    values = [figures[name] for figures in runs.values()]
    return max(values) - min(values)


def test_the_first_loss_is_the_same(runs):
    assert spread(runs, "first loss") <= 1e-5


def test_the_held_out_figure_after_the_same_steps_is_the_same(runs):
    assert spread(runs, "bits") <= 0.003
    np.testing.assert_array_less([figures["bits"] for figures in runs.values()], 2.1)
