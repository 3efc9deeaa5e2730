"""Train on each backend, and resume each run on the others: the same figures everywhere."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from hyenadna_backends import missing
from hyenadna_core import open_genome
from hyenadna_core.genome.fasta import bundled_genome
from hyenadna_core.training.run_folder import RunFolder

TRAINING = [name for name in ("jax", "torch", "mlx") if missing(name) is None]
PAIRS = list(itertools.permutations(TRAINING, 2))
TRAIN = [sys.executable, "-m", "hyenadna_core", "train"]

pytestmark = pytest.mark.all_backends
RUN = """
import sys
from pathlib import Path
from hyenadna_backends import choose
choose()
from dataclasses import replace
from hyenadna_core.training.checkpoint import load_checkpoint
from hyenadna_core.registry import Session
from hyenadna_core.training.config import RunConfig
from hyenadna_core.registry import find_task
from hyenadna_core.training.run import prepare
from hyenadna_core.training.run_folder import RunFolder
from hyenadna_core.training.trainer import make_model, train
from hyenadna_plugins import plugin_manager

session = Session(plugin_manager(names=[]), choose())
with RunFolder.open(Path(sys.argv[1])) as folder:
    config = RunConfig.from_json(folder.read_run()["config"])
    task = find_task(session.plugins, config.task).from_options(config.options)
    prepare(task, config)
    model = make_model(config, task)
    step = load_checkpoint(folder.checkpoints, model).step
    print(step, task.evaluate(model, "valid")["bits"])
    train(model, task, replace(config, checkpoint_every=1e9), folder)
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a function that trains on a backend, once, and returns the folder of the run."""
    folder, start = tmp_path_factory.mktemp("runs"), open_genome(bundled_genome()).read("K-12-MG1655", 0, 400_000)
    (folder / "start.fa").write_bytes(b">start\n" + bytes(start) + b"\n")
    stages = ["--stages", "64x16@30,128x8@5", "--valid-every", "30", "--valid-bases", "4096"]
    options = ["--fasta", folder / "start.fa", *stages, "--log-every", "1", "--keep", "9"]

    @cache
    def run_of(backend):
        environment = os.environ | {"KERAS_BACKEND": backend}
        subprocess.run([*TRAIN, *options, "--out", folder / backend], check=True, capture_output=True, env=environment)
        return folder / backend

    return run_of


def losses(run):
    with RunFolder.open(run) as folder:
        return [line.loss for line in folder.read_log()]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_run_goes_on_on_another_backend(trained, first, second, tmp_path):
    whole = trained(first)
    step, bits, *_ = (whole / "valid.tsv").read_text().splitlines()[1].split("\t")
    run = shutil.copytree(whole, tmp_path / "run")
    shutil.rmtree(run / "checkpoints" / "step-35")
    environment = os.environ | {"KERAS_BACKEND": second}
    done = subprocess.run(
        [sys.executable, "-c", RUN, run], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    resumed_step, resumed_bits = done.stdout.split()[-2:]
    assert step == resumed_step == "30"
    np.testing.assert_allclose(float(resumed_bits), float(bits), atol=1e-5)
    np.testing.assert_allclose(losses(run)[30:], losses(whole)[30:], atol=1e-4)


def test_the_first_loss_and_the_held_out_figure_after_the_same_steps_are_the_same(trained):
    described = [json.loads((trained(backend) / "run.json").read_text()) for backend in TRAINING]
    assert [run["backend"] for run in described] == TRAINING
    assert np.ptp([losses(trained(backend))[0] for backend in TRAINING]) <= 1e-5
    bits = [run["held_out"]["bits_per_base"] for run in described]
    assert np.ptp(bits) <= 0.003
    np.testing.assert_array_less(bits, 2.1)
